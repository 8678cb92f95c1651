"""Money that goes back: it acts on the grant of its own payment, and on nothing else."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from membership.billing import grants, sync
from membership.billing.models import Customer, Grant, Payment, Subscription
from membership.db import db
from membership.inbox import InboxEvent
from membership.journal import Entry
from sandbox.server import Sandbox
from sandbox.store import Document
from sandbox.stripe import disputes, refunds
from tests.conftest import MakeApp
from tests.support.browser import Browser, Elsewhere
from tests.support.choosy_stripe import refusing
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mail import Work
from tests.support.paying import ask_stripe, chooses, copy_catalogue, pays, price_id
from tests.support.people import ADA, GRACE, opens_account, signs_in

OPEN, SHUT = 200, 402
pytestmark = pytest.mark.usefixtures("listening", "catalogue")


@pytest.fixture
def catalogue(app: Flask) -> None:
    copy_catalogue(app)


class Till:
    """Pays for things, and sees what becomes of it."""

    def __init__(self, sandbox: Sandbox, app: Flask, elsewhere: Elsewhere, work: Work) -> None:
        self.sandbox, self.app, self.elsewhere, self.work = sandbox, app, elsewhere, work

    def sells(self, member: Browser, name: str) -> Document:
        """Sell it to this member; the charge."""
        pays(self.elsewhere, chooses(member, self.app, name))
        self.work()
        return self.charges()[-1]

    def charges(self) -> list[Document]:
        return self.sandbox.account.all("charge", status="succeeded")

    def refunds(self, charge: Document, amount: int | None = None) -> Document:
        some = {} if amount is None else {"amount": amount}
        made = refunds.refund(self.sandbox.account, {"charge": charge["id"], **some})
        self.work()
        return made

    def happens(self, act: Callable[..., object], *about: str) -> None:
        act(self.sandbox.account, *about)
        self.work()


@pytest.fixture
def till(sandbox: Sandbox, app: Flask, elsewhere: Elsewhere, work: Work) -> Till:
    return Till(sandbox, app, elsewhere, work)


@pytest.fixture
def another(app: Flask, site_url: str) -> Browser:
    """Ada, with an account and nothing else."""
    opens_account(app, ADA)
    return signs_in(Browser(app, site_url), ADA)


def premium(member: Browser) -> int:
    return member.get("/premium").status_code


def all_done(app: Flask) -> bool:
    with app.app_context():
        events = db.session.scalars(select(InboxEvent)).all()
        return bool(events) and not any(event.due_at for event in events)


@on_each_database
def test_a_guide_given_back_shuts_and_a_refund_that_fails_opens_it_again(
    grace: Browser, till: Till
) -> None:
    charge = till.sells(grace, "guide")
    assert premium(grace) == OPEN
    till.refunds(charge, 2899)
    assert premium(grace) == OPEN
    rest = till.refunds(charge)
    assert premium(grace) == SHUT
    till.happens(refunds.fail, rest["id"])
    assert premium(grace) == OPEN
    assert all_done(till.app)


@on_each_database
def test_a_dispute_shuts_while_it_lasts_and_winning_it_opens_again(
    grace: Browser, till: Till
) -> None:
    charge = till.sells(grace, "monthly")
    till.happens(disputes.open_, charge["id"])
    assert premium(grace) == SHUT
    (dispute,) = till.sandbox.account.all("dispute")
    till.happens(disputes.win, dispute["id"])
    assert premium(grace) == OPEN
    assert all_done(till.app)


def test_a_lost_dispute_shuts_for_good(grace: Browser, till: Till) -> None:
    charge = till.sells(grace, "guide")
    till.happens(disputes.open_, charge["id"])
    (dispute,) = till.sandbox.account.all("dispute")
    till.happens(disputes.lose, dispute["id"])
    assert premium(grace) == SHUT


def test_an_inquiry_changes_nothing_until_it_becomes_a_dispute(grace: Browser, till: Till) -> None:
    charge = till.sells(grace, "guide")
    till.happens(disputes.warn, charge["id"])
    assert premium(grace) == OPEN
    (dispute,) = till.sandbox.account.all("dispute")
    till.happens(disputes.escalate, dispute["id"])
    assert premium(grace) == SHUT


def test_a_subscription_given_back_goes_on(grace: Browser, till: Till) -> None:
    till.refunds(till.sells(grace, "monthly"))
    assert premium(grace) == OPEN


@pytest.fixture
def strict(make_app: MakeApp) -> Flask:
    """The same site, whose owner wants every refund to end what was paid."""
    return make_app(ON_REFUND="always")


def test_where_the_owner_says_so_it_ends(grace: Browser, till: Till, strict: Flask) -> None:
    till.refunds(till.sells(grace, "monthly"))
    with strict.app_context():
        sync.bring_up_to_date(db.session.scalars(select(Customer.stripe_id)).one())
    assert premium(grace) == SHUT


@pytest.mark.parametrize("settled", ["refund", "dispute"])
def test_a_later_payment_of_the_subscription_opens_again(
    grace: Browser, till: Till, strict: Flask, settled: str
) -> None:
    first = till.sells(grace, "monthly")
    if settled == "refund":
        till.refunds(first)
    else:
        till.happens(disputes.open_, first["id"])
    with strict.app_context():
        customer = db.session.scalars(select(Customer.stripe_id)).one()
        sync.bring_up_to_date(customer)
    assert premium(grace) == SHUT
    renewal = till.sandbox.next_renewal()
    assert renewal
    till.sandbox.clock.advance_to(renewal + 2 * 60 * 60)
    with strict.app_context():
        sync.bring_up_to_date(customer)
    assert len(till.charges()) == 2
    assert premium(grace) == OPEN
    disputed_still = till.charges()[0]
    assert disputed_still["disputed"] or disputed_still["refunded"]


@on_each_database
def test_one_payment_never_touches_what_another_opened(
    grace: Browser, another: Browser, till: Till
) -> None:
    """Grace's guide is given back and Ada's disputed: Grace's subscription stays as it was."""
    till.sells(grace, "monthly")
    guide = till.sells(grace, "guide")
    hers = till.sells(another, "guide")
    till.refunds(guide)
    till.happens(disputes.open_, hers["id"])
    assert premium(grace) == OPEN
    assert premium(another) == SHUT
    with till.app.app_context():
        revoked = select(Grant.feature, Grant.source).where(Grant.revoked_at.is_not(None))
        assert sorted(tuple(row) for row in db.session.execute(revoked)) == [
            ("guide", "purchase"),
            ("guide", "purchase"),
            ("premium", "purchase"),
            ("premium", "purchase"),
        ]


def test_a_strangers_payment_of_something_else_is_not_kept(till: Till, app: Flask) -> None:
    """On the same Stripe account somebody sells shirts; that one is given back, too."""
    shirt = ask_stripe(till.sandbox, "products", {"name": "A shirt"})
    price = ask_stripe(
        till.sandbox,
        "prices",
        {"product": str(shirt["id"]), "unit_amount": "3000", "currency": "eur"},
    )
    till.refunds(_a_guest_pays(till, str(price["id"]), "somebody@example.com"))
    with app.app_context():
        assert db.session.query(Payment).count() == 0
    assert all_done(app)


def _a_guest_pays(till: Till, price: str, email: str) -> Document:
    form = {
        "mode": "payment",
        "line_items[0][price]": price,
        "line_items[0][quantity]": "1",
        "success_url": "https://shop.example/thanks",
    }
    session = ask_stripe(till.sandbox, "checkout/sessions", form)
    till.elsewhere.submit(str(session["url"]), email=email, card="4242424242424242")
    till.work()
    return till.charges()[-1]


@on_each_database
def test_a_guests_payment_is_found_by_itself(grace: Browser, till: Till, app: Flask) -> None:
    """No customer is made for a guest: the refund leads to the payment, and that to its session."""
    charge = _a_guest_pays(till, price_id(app, "guide"), GRACE)
    assert charge["customer"] is None
    assert premium(grace) == OPEN
    back = till.refunds(charge)
    assert premium(grace) == SHUT
    till.happens(refunds.fail, back["id"])
    assert premium(grace) == OPEN
    assert all_done(app)


def test_the_owners_command_reads_again_what_a_guest_paid(
    grace: Browser, till: Till, app: Flask
) -> None:
    """And the webhook of its refund was lost."""
    charge = _a_guest_pays(till, price_id(app, "guide"), GRACE)
    till.sandbox.webhook_url = None
    till.refunds(charge)
    assert premium(grace) == OPEN
    done = app.test_cli_runner().invoke(args=["billing", "sync", GRACE])
    assert done.exit_code == 0, done.output
    assert premium(grace) == SHUT


@on_each_database
def test_a_dispute_may_be_all_that_ever_reaches_us(
    grace: Browser, till: Till, app: Flask, elsewhere: Elsewhere
) -> None:
    """Every webhook of the purchase itself was lost; the dispute names nothing but the payment."""
    till.sandbox.webhook_url = None
    pays(elsewhere, chooses(grace, app, "guide"))
    till.sandbox.webhook_url = f"{app.config['LATCHKEY'].site_url}/webhooks/stripe"
    (charge,) = till.charges()
    till.happens(disputes.open_, charge["id"])
    with app.app_context():
        assert db.session.query(Payment.dispute_status).scalar() == "needs_response"
    assert premium(grace) == SHUT
    (dispute,) = till.sandbox.account.all("dispute")
    till.happens(disputes.win, dispute["id"])
    assert premium(grace) == OPEN


def test_a_deleted_customers_guide_stays_and_may_be_given_back(
    grace: Browser, till: Till, app: Flask, clock: MovableClock
) -> None:
    till.sells(grace, "monthly")
    guide = till.sells(grace, "guide")
    ask_stripe(till.sandbox, f"customers/{guide['customer']}", method="DELETE")
    till.work()
    clock.passes(timedelta(minutes=5))
    assert premium(grace) == OPEN
    with app.app_context():
        monthly = db.session.scalars(select(Grant).where(Grant.source == "subscription")).one()
        assert monthly.ends_at
        assert monthly.ends_at <= clock()
    till.refunds(guide)
    assert premium(grace) == SHUT


@on_each_database
def test_what_a_customer_bought_is_not_lost_with_them(
    grace: Browser, till: Till, app: Flask, clock: MovableClock
) -> None:
    """Nothing of it had reached us when the owner deleted the customer at Stripe: the guide is
    hers, the month is over, and both payments are in the books."""
    listening, till.sandbox.webhook_url = till.sandbox.webhook_url, None
    till.sells(grace, "guide")
    charge = till.sells(grace, "monthly")
    till.sandbox.webhook_url = listening
    ask_stripe(till.sandbox, f"customers/{charge['customer']}", method="DELETE")
    till.work()
    clock.passes(timedelta(minutes=5))  # it stands still, and Stripe's does not
    assert premium(grace) == OPEN
    with app.app_context():
        assert sorted(db.session.scalars(select(Payment.amount))) == [500, 2900]
        assert db.session.query(Subscription.status).scalar() == "canceled"
        still_open = select(Grant.source).where(grants.live(clock()))
        assert set(db.session.scalars(still_open)) == {"purchase"}


def test_should_stripe_not_list_what_the_deleted_had_our_own_payments_are_read(
    grace: Browser, till: Till, make_app: MakeApp
) -> None:
    guide = till.sells(grace, "guide")
    gone = guide["customer"]
    ask_stripe(till.sandbox, f"customers/{gone}", method="DELETE")
    till.work()
    till.sandbox.webhook_url = None
    refunds.refund(till.sandbox.account, {"charge": guide["id"]})
    with refusing(till.sandbox.stripe_base, f"customer={gone}") as address:
        app = make_app(STRIPE_API_BASE=address)
        with app.app_context():
            sync.bring_up_to_date(gone)
    assert premium(grace) == SHUT


def test_what_a_deleted_customer_is_given_back_is_written_down(
    grace: Browser, till: Till, app: Flask, clock: MovableClock
) -> None:
    """It opens nothing any more; the owner's books must be right all the same."""
    charge = till.sells(grace, "monthly")
    ask_stripe(till.sandbox, f"customers/{charge['customer']}", method="DELETE")
    till.refunds(charge, 200)
    clock.passes(timedelta(minutes=5))
    assert premium(grace) == SHUT
    with app.app_context():
        assert db.session.query(Payment.amount_refunded).scalar() == 200


def test_the_owner_is_told_once_of_a_word_that_nobody_knows(
    grace: Browser, till: Till, app: Flask
) -> None:
    charge = till.sells(grace, "guide")
    till.happens(disputes.warn, charge["id"])
    account = till.sandbox.account
    (dispute,) = account.all("dispute")
    for _ in range(2):
        account.save({**dispute, "status": "a_word_of_tomorrow"})
        account.emit("charge.dispute.updated", account.get("dispute", dispute["id"]))
        till.work()
    assert premium(grace) == OPEN
    with app.app_context():
        (told,) = db.session.query(Entry).filter_by(kind="billing.unknown_status")
        assert told.detail["status"] == "a_word_of_tomorrow"
        assert told.detail["dispute_of"] == charge["payment_intent"]
