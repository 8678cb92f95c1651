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
from sandbox.clock import Clock, Occurrence, Ticker
from sandbox.control import room
from sandbox.control.desk import Desk
from sandbox.courier import Courier
from sandbox.faults import Faults
from sandbox.knobs import Knobs
from sandbox.listener import HOST, Listener
from sandbox.mailbox import Mailbox
from sandbox.mailerlite import calendar as list_calendar
from sandbox.mailerlite import deliveries as list_deliveries
from sandbox.mailerlite import pages as list_pages
from sandbox.mailerlite.api import Api as MailerLiteApi
from sandbox.mailerlite.budget import Budget
from sandbox.mailerlite.lists import Lists
from sandbox.smtp import Sink
from sandbox.store import Document, Store
from sandbox.stripe import calendar, events, pages, renewals
from sandbox.stripe.account import Account
from sandbox.stripe.api import Api as StripeApi

# Seconds after which a webhook is tried again. Stripe's own are longer, and last for days.
RETRIES = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 1800.0)


class Sandbox(Knobs):
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
            self._store,
            self.faults,
            events.sender(tuple(webhook_retries), self.faults),
            list_deliveries.sender(self._store, self.clock),
        )
        self.mailbox = Mailbox(self._store)
        self.account = Account(self._store, self.clock, self._courier)
        self.lists = Lists(self._store, self.clock, self._courier, self.mailbox, code_group)
        self._budget, self._imports = Budget(), Budget(limit=5)
        self._sink = Sink(self.mailbox, self.faults, smtp_port)
        try:
            self._listener = self._listen(port)
        except OSError:
            self._store.close()
            raise
        self.account.public_url = self.lists.public_url = self.url
        calendar.prepare(self.account)
        list_calendar.prepare(self.lists)
        self.clock.soonest = self._soonest
        self.clock.moved = self._courier.wake
        events.listen(self.account, webhook_url, webhook_secret)

    def _soonest(self) -> Occurrence | None:
        """What happens next, at Stripe or at MailerLite."""
        found = (calendar.soonest(self.account), list_calendar.soonest(self.lists))
        return min(filter(None, found), key=lambda each: each.at, default=None)

    def _listen(self, port: int) -> Listener:
        lists_api = MailerLiteApi(self.lists, self.faults, self._budget, self._imports)
        parts = (
            ("/stripe", StripeApi(self.account, self.faults).blueprint()),
            ("/mailerlite/api", lists_api.blueprint()),
            ("/mailerlite", list_pages.blueprint(self.lists)),
            ("", pages.blueprint(self.account)),
            ("/control", room.blueprint(Desk(self.account, self.lists, self, self.next_renewal))),
        )
        return Listener(web.application(self.mailbox, parts), port)

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
        self.faults.mailerlite = None  # whoever hangs is let go
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

    def next_renewal(self, customer_id: str | None = None) -> int | None:
        """When the next period of a customer's (None: of anybody's) subscriptions begins."""
        return renewals.next_renewal(self.account, customer_id)

    @property
    def webhook_url(self) -> str | None:
        """Where Stripe's events go, besides the endpoints made through its API."""
        return self._webhook_url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self._webhook_url = url
        events.listen(self.account, url, self._webhook_secret)

    def deliver_pending(self) -> int:
        """Try every webhook that waits, now, paused or not; how many were tried."""
        return self._courier.deliver_pending()
