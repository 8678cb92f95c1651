"""A handler that fails leaves its event due and nothing of its effect, whichever write fails.

Each story is one event of Stripe's (or MailerLite's) that is due. It is worked on again and again;
the first time the first write fails, then the second, until one more would have been too many.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import select

from membership import inbox
from membership.billing import catalogue, events, sync
from membership.billing.models import Grant, Product, Subscription, TrialTaken, UnclaimedPayment
from membership.db import db, transaction
from membership.inbox import InboxEvent
from membership.newsletter.mailing_list import events as list_events
from membership.newsletter.models import Subscriber
from membership.outbox import OutboxMessage
from sandbox.server import Sandbox
from sandbox.stripe import refunds
from tests.support.browser import Browser, Elsewhere
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.failing import PowerCut, everything, failing_at
from tests.support.links import payment_link, pays_by_link
from tests.support.mail import Work
from tests.support.paying import ask_stripe, chooses, copy_catalogue, offers_trial, pays
from tests.support.people import GRACE

# A ticket is taken, and a turn to call Stripe, before there is anything to write.
TAKEN_BEFORE = ("sync_tickets", "paces", "copied_account")
Settle = Callable[[InboxEvent], None]


def fails_everywhere(app: Flask, event: InboxEvent, settle: Settle) -> int:
    """How many writes there were to fail at, when the event is done at last."""
    with app.app_context():
        before = everything(but=TAKEN_BEFORE)
        for write in range(1, 500):
            try:
                with failing_at(write):
                    settle(event)
            except PowerCut:
                db.session.remove()
                assert everything(but=TAKEN_BEFORE) == before, f"half done at write {write}"
                assert _due(event.id), f"forgotten at write {write}"
                continue
            assert not _due(event.id)
            return write - 1
    raise AssertionError("it never ended")


def _due(event_id: int) -> bool:
    row = db.session.get_one(InboxEvent, event_id, populate_existing=True)
    return row.due_at is not None and row.done_at is None


@contextmanager
def by_one_reading(app: Flask, event: InboxEvent) -> Iterator[Settle]:
    """What Stripe says is read once, and only the writing of it is tried again."""
    with app.app_context():
        reading = sync.begin(str(event.subject), event)
        truth = sync.read(reading)
    yield lambda _: sync.write(reading, truth)


def due(app: Flask, kind: str) -> InboxEvent:
    with app.app_context():
        waiting = select(InboxEvent).where(InboxEvent.type == kind, InboxEvent.due_at.is_not(None))
        return db.session.scalars(waiting.order_by(InboxEvent.id.desc())).first() or _lost(kind)


def _lost(kind: str) -> InboxEvent:
    raise LookupError(f"no event {kind} is due")


def settles(app: Flask, kind: str) -> int:
    event = due(app, kind)
    with by_one_reading(app, event) as settle:
        return fails_everywhere(app, event, settle)


@pytest.fixture
def shop(app: Flask, listening: str) -> None:
    copy_catalogue(app)


@pytest.mark.usefixtures("shop")
@on_each_database
def test_a_subscription_with_a_trial_is_paid_for(
    grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere
) -> None:
    offers_trial(app, sandbox)
    pays(elsewhere, chooses(grace, app, "yearly"))
    sandbox.deliver_pending()
    assert settles(app, "checkout.session.completed") > 8
    assert grace.get("/premium").status_code == 200
    with app.app_context():
        assert db.session.query(TrialTaken).count() == 1


@pytest.mark.usefixtures("shop")
@on_each_database
def test_a_guide_is_given_back(
    grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    pays(elsewhere, chooses(grace, app, "guide"))
    work()
    (charge,) = sandbox.account.all("charge")
    refunds.refund(sandbox.account, {"charge": charge["id"]})
    sandbox.deliver_pending()
    assert settles(app, "charge.refunded") > 5
    assert grace.get("/premium").status_code == 402


@pytest.mark.usefixtures("shop")
@on_each_database
def test_somebody_pays_by_link_before_having_an_account(
    app: Flask, sandbox: Sandbox, elsewhere: Elsewhere
) -> None:
    pays_by_link(elsewhere, payment_link(app, sandbox), email="somebody@example.com")
    sandbox.deliver_pending()
    assert settles(app, "checkout.session.completed") > 6
    with app.app_context():
        assert db.session.query(UnclaimedPayment).count() == 1
        assert db.session.query(OutboxMessage).count() == 1


@pytest.mark.usefixtures("shop")
@on_each_database
def test_a_product_opens_less_than_it_did(
    grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    pays(elsewhere, chooses(grace, app, "guide"))
    work()
    with app.app_context():
        guide = db.session.scalars(select(Grant.source_ref)).first()
        sold = select(Product.stripe_id).where(Product.plan == "guide")
        product_id = db.session.scalars(sold).one()
    assert guide
    ask_stripe(sandbox, f"products/{product_id}", {"metadata[features]": "guide"})
    sandbox.deliver_pending()
    assert settles(app, "product.updated") > 3
    assert grace.get("/premium").status_code == 402


@pytest.mark.usefixtures("shop")
@on_each_database
def test_a_customer_is_deleted(
    grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    pays(elsewhere, chooses(grace, app))
    work()
    (customer,) = sandbox.account.all("customer")
    ask_stripe(sandbox, f"customers/{customer['id']}", method="DELETE")
    sandbox.deliver_pending()
    assert settles(app, "customer.deleted") > 3
    with app.app_context():
        assert db.session.query(Subscription.status).scalar() == "canceled"


@on_each_database
def test_the_whole_way_from_the_ticket_on(app: Flask, clock: MovableClock) -> None:
    """Taking the ticket and taking turns may fail, too: nothing is lost by it."""
    event = _stored(app, clock, events.SOURCE, "product.updated", catalogue.KEY)
    assert fails_everywhere(app, event, events.process) > 6
    with app.app_context():
        assert db.session.query(Product).count() > 1


@on_each_database
def test_a_reader_leaves_the_list(app: Flask, clock: MovableClock) -> None:
    with app.app_context(), transaction() as session:
        session.add(Subscriber(email=GRACE, created_at=clock(), mailerlite_id="1659"))
    event = _stored(app, clock, list_events.SOURCE, "subscriber.unsubscribed", "1659")
    assert fails_everywhere(app, event, list_events.process) == 3
    with app.app_context():
        hers = db.session.scalars(select(Subscriber)).one()
        assert hers.reread
        assert hers.due_at == clock()


def _stored(app: Flask, clock: MovableClock, source: str, kind: str, subject: str) -> InboxEvent:
    told = InboxEvent(
        source=source,
        event_id="evt_1",
        type=kind,
        subject=subject,
        body="{}",
        received_at=clock(),
        due_at=clock(),
    )
    with app.app_context(), transaction() as session:
        assert inbox.receive(session, [told]) == 1
        return session.scalars(select(InboxEvent)).one()
