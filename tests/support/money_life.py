"""Somebody's life with a subscription, by Stripe's clock, and the mail they get about it."""

from datetime import datetime, timedelta
from functools import partial

from flask import Flask

from membership import clock as clocks
from membership.jobs import Jobs
from sandbox.server import Sandbox
from sandbox.store import Document
from sandbox.stripe import customers
from sandbox.stripe.payments import CARDS
from tests.support.browser import Browser, Elsewhere
from tests.support.mail import Work, mails_to
from tests.support.paying import WORKS, ask_stripe, chooses, copy_catalogue, pays
from tests.support.people import GRACE
from tests.support.threads import at_once

DAY = timedelta(days=1)
FAILS_LATER = "4000000000000341"  # taken once; declined whenever its owner is not there


def jobs_of(app: Flask) -> Jobs:
    found: Jobs = app.extensions["jobs"]
    return found


def to_the_next_renewal(sandbox: Sandbox) -> None:
    """The next period of whoever renews next has begun, and Stripe has charged, or tried to."""
    renewal = sandbox.next_renewal()
    assert renewal
    sandbox.clock.advance_to(renewal + 2 * 60 * 60)


class MoneyLife:
    """Grace's. `work` is everything due now, twice: what it led to, too."""

    def __init__(
        self, app: Flask, sandbox: Sandbox, member: Browser, payer: Elsewhere, work: Work
    ) -> None:
        self.app, self.sandbox, self.member, self.payer = app, sandbox, member, payer
        self._work = work
        copy_catalogue(app)

    def work(self) -> None:
        self._work()
        self._work()

    def buys(self, name: str = "monthly", card: str = WORKS) -> None:
        pays(self.payer, chooses(self.member, self.app, name), card)
        self.work()

    def buys_unheard(self, name: str = "monthly") -> None:
        """The webhooks are held back."""
        self.sandbox.webhooks_paused = True
        pays(self.payer, chooses(self.member, self.app, name))

    def passes(self, time: timedelta) -> None:
        self.sandbox.clock.advance(int(time.total_seconds()))
        self.work()

    def renews(self) -> None:
        to_the_next_renewal(self.sandbox)
        self.work()

    def ask(self, path: str = "", form: dict[str, str] | None = None, method: str = "POST") -> None:
        """Something is done to the newest subscription, in Stripe's dashboard or portal."""
        ask_stripe(self.sandbox, f"subscriptions/{self.newest['id']}{path}", form, method=method)

    def cancels(self) -> None:
        """At once; our own clock stands still, and is moved past it."""
        self.ask(method="DELETE")
        self.sandbox.clock.advance(600)
        self.sandbox.deliver_pending()

    def drains(self, *kinds: str) -> None:
        """A worker does what is due of these kinds, and of no other."""
        with self.app.app_context():
            for kind in kinds:
                jobs_of(self.app).drain(kind)

    def at_once(self, *kinds: str) -> None:
        """So many workers, each with one kind, at the same moment."""
        at_once(*(partial(self.drains, kind) for kind in kinds))

    def has_card(self, number: str) -> None:
        customers.set_card(self.sandbox.account, self.newest["customer"], CARDS[number])

    def runs(self, *command: str) -> str:
        done = self.app.test_cli_runner().invoke(args=[*command])
        assert done.exit_code == 0, done.output
        return done.output

    @property
    def newest(self) -> Document:
        return self.sandbox.account.all("subscription")[-1]

    @property
    def now(self) -> datetime:
        with self.app.app_context():
            return clocks.billing_now()

    def mails(self, beginning: str = "", to: str = GRACE) -> list[str]:
        """Subjects, oldest first, of the mails that begin so."""
        return [subject for subject in mails_to(self.sandbox, to) if subject.startswith(beginning)]

    def last(self, to: str = GRACE) -> str:
        return self.sandbox.mailbox.latest(to=to).text
