"""For tests: a Stripe of a test's own, and the histories of people who pay, in few words.

    pytest_plugins = ["sandbox.testing"]

    def test_a_card_that_fails(sandbox, time, payer):
        sandbox.webhook_url = "http://127.0.0.1:8000/webhooks/stripe"
        ada = payer("ada@example.com")
        ada.pays("monthly")
        ada.card_fails()
        time.passes(days=32)
        assert ada.subscription["status"] == "past_due"
        ada.card_works()

`pays` takes the address of a checkout page, or what to buy there: the lookup key of a price, bought
by a payment link. Whose shop makes its own pages overrides the fixture `checkout_page`.

Readers of the newsletter are there as well: `reader("grace@example.com").bounces()`.

Everything happens in this process and at once: what Stripe has to say is said when a call returns,
unless `sandbox.webhooks_paused`. Nothing is shared between tests, and nothing is left behind.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from sandbox.mailbox import Mail
from sandbox.mailerlite import people
from sandbox.mailerlite.lists import Lists
from sandbox.server import Sandbox
from sandbox.store import Document
from sandbox.stripe import (
    customers,
    disputes,
    invoices,
    paying,
    payment_links,
    refunds,
    subscriptions,
)
from sandbox.stripe.payments import CARDS

WORKS = "4242424242424242"
FAILS = "4000000000000341"  # attaches, and is declined whenever its owner is not there


# The address of the page on which somebody (an email address) pays for something.
CheckoutPage = Callable[[str, str], str]


class Time:
    """The time of the sandbox's Stripe. `afterwards` is run when some has passed."""

    def __init__(self, sandbox: Sandbox, afterwards: Callable[[], None] | None = None) -> None:
        self._sandbox = sandbox
        self._afterwards = afterwards or sandbox_delivers(sandbox)

    def passes(self, *, days: float = 0, hours: float = 0) -> None:
        """Whatever is due on the way happens in its order, and its webhooks are delivered."""
        self._sandbox.clock.advance(int(timedelta(days=days, hours=hours).total_seconds()))
        self._afterwards()

    def reaches_next_renewal(self) -> None:
        """The next one of anybody's, and the hour after it in which it is charged."""
        moment = self._sandbox.next_renewal()
        if moment is None:
            raise LookupError("nothing is going to be renewed")
        self._sandbox.clock.advance_to(moment + 2 * 60 * 60)
        self._afterwards()


class Payer:
    """Somebody in front of Stripe's pages, and what happens to their payments afterwards."""

    def __init__(
        self,
        sandbox: Sandbox,
        email: str,
        *,
        checkout_page: CheckoutPage,
        afterwards: Callable[[], None] | None = None,
    ) -> None:
        self.email = email
        self._account = sandbox.account
        self._checkout_page = checkout_page
        self._afterwards = afterwards or sandbox_delivers(sandbox)

    def pays(self, what: str, *, card: str = WORKS) -> None:
        """For something, or on the page at an address. Raises paying.Declined, paying.NotOpen."""
        page = what if what.startswith("http") else self._checkout_page(self.email, what)
        session_id = urlsplit(page).path.rpartition("/")[2]
        paying.pay(self._account, session_id, email=self.email, name=None, card=CARDS[card])
        self._afterwards()

    @property
    def customer(self) -> Document:
        """Their newest customer. Raises LookupError."""
        return self._newest("customer", email=self.email)

    @property
    def subscription(self) -> Document:
        """Their newest subscription, whatever became of it. Raises LookupError."""
        return self._newest("subscription", customer=self.customer["id"])

    @property
    def charge(self) -> Document:
        """Their newest charge that succeeded. Raises LookupError."""
        return self._newest("charge", customer=self.customer["id"], status="succeeded")

    def card_fails(self) -> None:
        """From now on every charge without its owner present is declined."""
        self._uses(FAILS)

    def card_works(self) -> None:
        """Another card; what is still to be paid is charged when Stripe tries again."""
        self._uses(WORKS)

    def settles(self) -> None:
        """Every open invoice, on the page that Stripe mails; the card must work."""
        for invoice in self._account.all("invoice", customer=self.customer["id"], status="open"):
            invoices.pay(self._account, invoice)
        self._afterwards()

    def cancels(self) -> None:
        """At the end of the period, as the portal does it."""
        subscriptions.end_later(self._account, self.subscription)
        self._afterwards()

    def stays(self) -> None:
        """After all: the scheduled end is taken back."""
        subscriptions.keep(self._account, self.subscription)
        self._afterwards()

    def ends_at_once(self) -> None:
        subscriptions.end(self._account, self.subscription)
        self._afterwards()

    def is_refunded(self, amount: int | None = None) -> None:
        """Their newest charge: all of it, or so many of the currency's minor units."""
        some = {} if amount is None else {"amount": amount}
        refunds.refund(self._account, {"charge": self.charge["id"], **some})
        self._afterwards()

    def disputes(self) -> None:
        """Their newest charge, with their bank."""
        disputes.open_(self._account, self.charge["id"])
        self._afterwards()

    def wins(self) -> None:
        """The bank sides with the payer: the dispute is lost."""
        disputes.lose(self._account, self._dispute["id"])
        self._afterwards()

    def loses(self) -> None:
        """The bank sides with the shop: the dispute is won."""
        disputes.win(self._account, self._dispute["id"])
        self._afterwards()

    @property
    def _dispute(self) -> Document:
        return self._newest("dispute", charge=self.charge["id"])

    def _uses(self, card: str) -> None:
        customers.set_card(self._account, self.customer["id"], CARDS[card])
        self._afterwards()

    def _newest(self, kind: str, **wanted: str) -> Document:
        found = self._account.all(kind, **wanted)
        if not found:
            raise LookupError(f"no {kind} with {wanted}")
        return found[-1]


class Reader:
    """Somebody on MailerLite's list, and what becomes of the mail to them there."""

    def __init__(
        self, sandbox: Sandbox, email: str, *, afterwards: Callable[[], None] | None = None
    ) -> None:
        self.email = email
        self._lists = sandbox.lists
        self._mailbox = sandbox.mailbox
        self._afterwards = afterwards or sandbox_delivers(sandbox)

    @property
    def listed(self) -> Document:
        """Themselves as MailerLite has them, with names of groups. Raises LookupError."""
        found = self._lists.by_email(self.email.lower())
        if not found:
            raise LookupError(f"{self.email} is not on the list")
        groups = [self._lists.store.get("group", id_) for id_ in found["groups"]]
        return {
            **found,
            "fields": self._lists.fields_of(found),
            "groups": [group["name"] for group in groups if group],
        }

    @property
    def letters(self) -> list[Mail]:
        """What MailerLite has mailed them, oldest first."""
        return [mail for mail in self._mailbox.to(self.email) if mail.via == "MailerLite"]

    def unsubscribes_at_mailerlite(self) -> None:
        """By the link in any mail of MailerLite's."""
        self._becomes(people.unsubscribe)

    def confirms_at_mailerlite(self) -> None:
        """By the link of its double opt-in."""
        self._becomes(people.confirm)

    def bounces(self) -> None:
        """A mail to them comes back for good."""
        self._becomes(people.bounce)

    def complains(self) -> None:
        """They call a mail junk."""
        self._becomes(people.complain)

    def is_deleted_at_mailerlite(self) -> None:
        """By the owner, on MailerLite's own page."""
        self._becomes(people.delete)

    def is_forgotten_at_mailerlite(self) -> None:
        """The same, for good."""
        self._becomes(people.forget)

    def _becomes(self, act: Callable[[Lists, str], object]) -> None:
        act(self._lists, self.listed["id"])
        self._afterwards()


def sandbox_delivers(sandbox: Sandbox) -> Callable[[], None]:
    """What follows whatever somebody did: the webhooks arrive, unless they are held back."""

    def deliver() -> None:
        if not sandbox.webhooks_paused:
            sandbox.deliver_pending()

    return deliver


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A Stripe, a MailerLite and a mailbox on free ports, with the example prices."""
    with Sandbox() as started:
        started.seed()
        yield started


@pytest.fixture
def time(sandbox: Sandbox) -> Time:
    return Time(sandbox)


@pytest.fixture
def checkout_page(sandbox: Sandbox) -> CheckoutPage:
    """By a payment link to the price with this lookup key."""

    def page(email: str, lookup_key: str) -> str:
        account = sandbox.account
        (price,) = account.all("price", lookup_key=lookup_key)
        lines = [{"price": price["id"], "quantity": 1}]
        link = payment_links.create(account, {"line_items": lines})
        session = payment_links.opened(account, link["id"], email=email)
        return str(session["url"])

    return page


@pytest.fixture
def payer(sandbox: Sandbox, checkout_page: CheckoutPage) -> Callable[[str], Payer]:
    return lambda email: Payer(sandbox, email, checkout_page=checkout_page)


@pytest.fixture
def reader(sandbox: Sandbox) -> Callable[[str], Reader]:
    return lambda email: Reader(sandbox, email)
