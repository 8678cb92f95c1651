"""One look at the site: when, by which settings, and what was read once for several checks."""

from datetime import datetime
from functools import cached_property

from membership import clock, config
from membership.billing import stripe_account
from membership.billing.stripe_account import AccountData, EndpointData, StripeAccount
from membership.config import Config
from membership.newsletter.mailing_list.verdicts import Account


class Visit:
    """Each outsider is asked by one thread alone."""

    def __init__(self) -> None:
        self.now: datetime = clock.now()
        self.billing_now: datetime = clock.billing_now()
        self.settings: Config = config.current()
        self.stripe: StripeAccount = stripe_account.client(impatient=True)

    @cached_property
    def account(self) -> AccountData:
        """Raises StripeError."""
        return self.stripe.account()

    @cached_property
    def endpoints(self) -> list[EndpointData]:
        """Raises StripeError."""
        return self.stripe.endpoints()

    @cached_property
    def list(self) -> Account:
        """At MailerLite."""
        return Account(self.settings, self.now)
