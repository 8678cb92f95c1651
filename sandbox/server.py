"""`Sandbox`: everything started in threads of this process, and stopped again.

with Sandbox() as sandbox:
    sandbox.webhook_url = "http://127.0.0.1:8000/webhooks/stripe"
    sandbox.seed()
    ...
    sandbox.mailbox.latest(to="ada@example.com")
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from sandbox import seed, web
from sandbox.clock import Clock, Ticker
from sandbox.courier import Courier
from sandbox.faults import MAILERLITE, STRIPE, Faults
from sandbox.listener import HOST, Listener
from sandbox.mailbox import Mailbox
from sandbox.mailerlite import deliveries as list_deliveries
from sandbox.mailerlite import pages as list_pages
from sandbox.mailerlite.api import Api as MailerLiteApi
from sandbox.mailerlite.api import Budget
from sandbox.mailerlite.lists import Lists
from sandbox.smtp import Sink
from sandbox.store import Document, Store
from sandbox.stripe import events, pages
from sandbox.stripe.account import Account
from sandbox.stripe.api import Api as StripeApi

# Seconds after which a webhook is tried again. Stripe's own are longer, and last for days.
RETRIES = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 1800.0)


class Sandbox:
    """`port` and `smtp_port` 0 mean any free one; `state` is a file that survives a restart.

    `clock_file` is told how far the clock is ahead of real time: `{"ahead": seconds}`.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        smtp_port: int = 0,
        state: Path | str | None = None,
        webhook_url: str | None = None,
        webhook_secret: str = "whsec_sandbox",
        webhook_retries: Sequence[float] = RETRIES,
        code_group: str = "Verify",
        clock_file: Path | str | None = None,
    ) -> None:
        self.faults = Faults()
        self._store = Store(Path(state) if state else None)
        self.clock = Clock(self._store, Path(clock_file) if clock_file else None)
        self._ticker = Ticker(self.clock)
        self._webhook_url = webhook_url
        self._webhook_secret = webhook_secret
        self._courier = Courier(
            self._store, events.sender(tuple(webhook_retries)), list_deliveries.SENDER
        )
        self.mailbox = Mailbox(self._store)
        self.account = Account(self._store, self.clock, self._courier)
        self.lists = Lists(self._store, self.clock, self._courier, self.mailbox, code_group)
        self._budget = Budget()
        self._sink = Sink(self.mailbox, smtp_port)
        try:
            self._listener = self._listen(port)
        except OSError:
            self._store.close()
            raise
        self.account.public_url = self.lists.public_url = self.url
        events.listen(self.account, webhook_url, webhook_secret)

    def _listen(self, port: int) -> Listener:
        parts = (
            ("/stripe", StripeApi(self.account, self.faults).blueprint()),
            ("/mailerlite/api", MailerLiteApi(self.lists, self.faults, self._budget).blueprint()),
            ("/mailerlite", list_pages.blueprint(self.lists)),
            ("", pages.blueprint(self.account)),
        )
        return Listener(web.application(self.account, self.mailbox, parts), port)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Raises OSError when the port for mail is taken; the other one is taken at birth."""
        try:
            self._sink.start()
        except OSError:
            self._listener.server_close()
            self._store.close()
            raise
        self._courier.start()
        self._listener.start()
        self._ticker.start()

    def stop(self) -> None:
        self._listener.stop()
        self._ticker.stop()
        self._courier.stop()
        self._sink.stop()
        self._store.close()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._listener.server_port}"

    @property
    def stripe_base(self) -> str:
        return f"{self.url}/stripe"

    @property
    def mailerlite_base(self) -> str:
        return f"{self.url}/mailerlite/api"

    @property
    def smtp_port(self) -> int:
        return self._sink.port

    def seed(self) -> dict[str, Document]:
        """The example prices by lookup key (monthly, yearly, guide), made unless they are there."""
        return seed.seed(self.account)

    @property
    def webhook_url(self) -> str | None:
        """Where Stripe's events go, besides the endpoints made through its API."""
        return self._webhook_url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self._webhook_url = url
        events.listen(self.account, url, self._webhook_secret)

    @property
    def webhooks_paused(self) -> bool:
        """Whether deliveries of both senders are held back."""
        return self._courier.paused

    @webhooks_paused.setter
    def webhooks_paused(self, paused: bool) -> None:
        self._courier.paused = paused

    def deliver_pending(self) -> int:
        """Try every webhook that waits, now, paused or not; how many were tried."""
        return self._courier.deliver_pending()

    @property
    def stripe_fault(self) -> str | None:
        """None, "down" (500), "slow" or "limit" (429)."""
        return self.faults.stripe

    @stripe_fault.setter
    def stripe_fault(self, fault: str | None) -> None:
        self.faults.stripe = _one_of(fault, STRIPE)

    @property
    def mailerlite_fault(self) -> str | None:
        """None, "down" (503), "slow", "limit" (429) or "refuse" (422)."""
        return self.faults.mailerlite

    @mailerlite_fault.setter
    def mailerlite_fault(self, fault: str | None) -> None:
        self.faults.mailerlite = _one_of(fault, MAILERLITE)

    @property
    def mailerlite_limit(self) -> int:
        """Calls a minute before MailerLite answers 429; 120 unless told otherwise."""
        return self._budget.limit

    @mailerlite_limit.setter
    def mailerlite_limit(self, calls: int) -> None:
        self._budget.limit = calls

    @property
    def slowness(self) -> float:
        """Seconds before an answer while the fault is "slow"."""
        return self.faults.slowness

    @slowness.setter
    def slowness(self, seconds: float) -> None:
        self.faults.slowness = seconds

    @property
    def mailerlite_down(self) -> bool:
        return self.faults.mailerlite == "down"

    @mailerlite_down.setter
    def mailerlite_down(self, down: bool) -> None:
        self.faults.mailerlite = "down" if down else None


def _one_of(fault: str | None, known: tuple[str, ...]) -> str | None:
    if fault is not None and fault not in known:
        raise ValueError(f"there is no fault {fault!r}; there is {', '.join(known)}")
    return fault
