"""From what Stripe says to what opens: our copy and the ledger, without a browser."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask

from membership.billing import catalogue, copies, endings, grants, references
from membership.billing.catalogue import Catalogue
from membership.billing.copies import CustomerState
from membership.billing.models import Checkout, Customer, Grant, Subscription
from membership.billing.stripe_objects import (
    ChargeData,
    CheckoutData,
    CustomerData,
    InvoiceData,
    ProductData,
    SubscriptionData,
)
from membership.db import db, transaction
from membership.journal import Entry
from membership.newsletter.models import Standing, Subscriber
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.people import GRACE, opens_account, signs_in

DAY = timedelta(days=1)
CUSTOMER = CustomerData("cus_1", GRACE, deleted=False)


@pytest.fixture
def member(app: Flask, clock: MovableClock) -> int:
    """Grace, with a customer of her own and a product to buy."""
    user_id = opens_account(app, GRACE)
    with app.app_context(), transaction() as session:
        catalogue.write(session, Catalogue([product(clock)], []))
        session.add(Customer(stripe_id="cus_1", user_id=user_id, created_at=clock()))
    return user_id


def product(clock: MovableClock, **metadata: str) -> ProductData:
    meta = {"plan": "member", "features": "premium", **metadata}
    return ProductData("prod_1", "Membership", None, True, meta, [], clock())


def subscription(clock: MovableClock, status: str = "active") -> SubscriptionData:
    return SubscriptionData(
        id="sub_1",
        customer_id="cus_1",
        status=status,
        collection_paused=False,
        price_id="price_1",
        product_ids=["prod_1"],
        created=clock() - 40 * DAY,
        period_start=clock() - 10 * DAY,
        period_end=clock() + 20 * DAY,
        cancel_at=None,
        ended_at=None,
        trial_end=None,
    )


def invoice(
    id_: str,
    status: str,
    begins: datetime,
    *,
    sub: str = "sub_1",
    paid_by: Sequence[str] = (),
) -> InvoiceData:
    return InvoiceData(
        id_, sub, status, begins, begins + 30 * DAY, list(paid_by), "L-1", 500, "eur", begins
    )


def session_of(clock: MovableClock, **changes: str | None) -> CheckoutData:
    made = CheckoutData(
        id="cs_1",
        mode="payment",
        status="complete",
        payment_status="paid",
        customer_id="cus_2",
        client_reference_id=None,
        payment_intent="pi_1",
        email=None,
        price_id="price_1",
        product_ids=["prod_1"],
        url=None,
        created=clock(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def told(
    app: Flask,
    clock: MovableClock,
    *subscriptions: SubscriptionData,
    customer: CustomerData = CUSTOMER,
    invoices: tuple[InvoiceData, ...] = (),
    checkouts: tuple[CheckoutData, ...] = (),
    charges: tuple[ChargeData, ...] = (),
) -> None:
    """Stripe says this of the customer, and we take it in."""
    state = CustomerState(
        customer, list(subscriptions), list(invoices), list(checkouts), list(charges), []
    )
    with app.app_context(), transaction() as session:
        kept = copies.keep(session, state, now=clock())
        if kept:
            grants.recompute_customer(session, kept, now=clock())


def end_of_grant(app: Flask) -> object:
    with app.app_context():
        return db.session.query(Grant.ends_at).scalar()


def premium(app: Flask, site_url: str) -> int:
    return signs_in(Browser(app, site_url), GRACE).get("/premium").status_code


@pytest.mark.parametrize(("grace", "days"), [("7", 7), ("3", 3), ("0", 0)])
def test_grace_runs_from_the_oldest_unpaid_period(
    make_app: Callable[..., Flask], clock: MovableClock, grace: str, days: int
) -> None:
    app = make_app(GRACE_DAYS=grace)
    opens_account(app, GRACE)
    with app.app_context(), transaction() as session:
        catalogue.write(session, Catalogue([product(clock)], []))
        session.add(Customer(stripe_id="cus_1", user_id=1, created_at=clock()))
    unpaid = (
        invoice("in_2", "open", clock() - 1 * DAY),
        invoice("in_1", "open", clock() - 2 * DAY),
        invoice("in_3", "paid", clock() - 40 * DAY, paid_by=["pi_3"]),
        invoice("in_4", "void", clock() - 50 * DAY),
        invoice("in_0", "open", clock() - 30 * DAY, sub="sub_of_another"),
    )
    since = clock() - 2 * DAY
    told(app, clock, subscription(clock, "past_due"), invoices=unpaid)
    assert end_of_grant(app) == since + days * DAY
    clock.passes(DAY)
    told(app, clock, subscription(clock, "past_due"), invoices=unpaid)
    assert end_of_grant(app) == since + days * DAY


@pytest.mark.parametrize("status", ["active", "trialing"])
def test_without_collecting_it_is_open_to_the_end_of_what_was_paid(
    app: Flask, member: int, clock: MovableClock, status: str
) -> None:
    """Stripe has moved the period on; the newest invoice that is paid says how far the money went,
    however many were void, or are of another subscription."""
    paused = replace(subscription(clock, status), collection_paused=True)
    bills = (
        invoice("in_3", "void", clock() - 10 * DAY),
        invoice("in_other", "paid", clock() - 5 * DAY, sub="sub_of_another"),
        invoice("in_2", "paid", clock() - 27 * DAY),
        invoice("in_1", "paid", clock() + 300 * DAY),  # a year's, before a change of plan
    )
    told(app, clock, paused, invoices=bills)
    assert end_of_grant(app) == clock() + 3 * DAY


def test_a_card_that_works_again_opens_what_grace_had_shut(
    app: Flask, member: int, clock: MovableClock, site_url: str
) -> None:
    failed = (invoice("in_1", "open", clock() - 30 * DAY),)
    told(app, clock, subscription(clock, "past_due"), invoices=failed)
    assert premium(app, site_url) == 402
    told(app, clock, subscription(clock))
    assert premium(app, site_url) == 200


@pytest.mark.parametrize("status", ["unpaid", "paused", "canceled", "incomplete_expired"])
def test_when_it_ended_does_not_move_when_it_is_read_again(
    app: Flask, member: int, clock: MovableClock, site_url: str, status: str
) -> None:
    told(app, clock, subscription(clock))
    told(app, clock, subscription(clock, status))
    ended = end_of_grant(app)
    assert ended == clock()
    assert premium(app, site_url) == 402
    clock.passes(5 * DAY)
    told(app, clock, subscription(clock, status))
    assert end_of_grant(app) == ended


def test_a_customer_deleted_at_stripe_keeps_nothing(
    app: Flask, member: int, clock: MovableClock, site_url: str
) -> None:
    told(app, clock, subscription(clock))
    assert premium(app, site_url) == 200
    told(app, clock, customer=replace(CUSTOMER, deleted=True))
    assert premium(app, site_url) == 402
    with app.app_context():
        assert db.session.query(Subscription.status).scalar() == "canceled"


def test_an_unknown_status_keeps_what_was_granted_to_its_end(
    app: Flask, member: int, clock: MovableClock, site_url: str
) -> None:
    told(app, clock, subscription(clock))
    before = end_of_grant(app)
    told(app, clock, subscription(clock, "a_word_of_tomorrow"))
    assert end_of_grant(app) == before
    assert premium(app, site_url) == 200


def test_what_a_product_no_longer_opens_shuts_for_those_who_have_it(
    app: Flask, member: int, clock: MovableClock, site_url: str
) -> None:
    bought = session_of(clock, customer_id="cus_1")
    told(app, clock, checkouts=(bought,))
    assert premium(app, site_url) == 200
    with app.app_context(), transaction() as session:
        other = product(clock, features="archive")
        changed = catalogue.write(session, Catalogue([other], []))
        grants.recompute_holders(session, changed, now=clock())
    assert changed == {"prod_1"}
    assert premium(app, site_url) == 402
    with app.app_context():
        open_now = db.session.query(Grant.feature).filter(Grant.revoked_at.is_(None)).all()
        assert [feature for (feature,) in open_now] == ["archive"]


def test_a_switch_to_what_is_no_plan_of_ours_shuts_and_the_way_back_opens(
    app: Flask, member: int, clock: MovableClock, site_url: str
) -> None:
    """Long before the period that was paid for is over: Stripe has credited the rest of it."""
    told(app, clock, subscription(clock))
    assert premium(app, site_url) == 200
    told(app, clock, replace(subscription(clock), product_ids=["prod_strangers"]))
    assert premium(app, site_url) == 402
    told(app, clock, subscription(clock))
    assert premium(app, site_url) == 200


def test_what_a_second_product_of_a_subscription_opens_follows_it_too(
    app: Flask, member: int, clock: MovableClock
) -> None:
    bundle = replace(product(clock, features="archive"), id="prod_2")
    with app.app_context(), transaction() as session:
        catalogue.write(session, Catalogue([product(clock), bundle], []))
    told(app, clock, replace(subscription(clock), product_ids=["prod_1", "prod_2"]))
    with app.app_context(), transaction() as session:
        bundle = replace(bundle, metadata={"plan": "bundle", "features": "archive, guide"})
        changed = catalogue.write(session, Catalogue([product(clock), bundle], []))
        grants.recompute_holders(session, changed, now=clock())
    assert changed == {"prod_2"}
    assert features(app) == {"premium", "archive", "guide"}


def test_what_a_product_opens_changes_for_a_guest_of_the_till_too(
    app: Flask, member: int, clock: MovableClock
) -> None:
    bought = session_of(clock, customer_id=None, email=GRACE)
    with app.app_context(), transaction() as session:
        kept = copies.keep_checkout(session, bought, [], now=clock())
        assert kept
        grants.recompute_checkout(session, kept, now=clock())
    assert features(app) == {"premium"}
    with app.app_context(), transaction() as session:
        other = product(clock, features="archive")
        changed = catalogue.write(session, Catalogue([other], []))
        grants.recompute_holders(session, changed, now=clock())
    assert features(app) == {"archive"}


def features(app: Flask) -> set[str]:
    with app.app_context():
        return {f for (f,) in db.session.query(Grant.feature).filter(Grant.revoked_at.is_(None))}


def test_a_one_off_counts_from_when_it_was_charged_however_late_we_heard_of_it(
    app: Flask, member: int, clock: MovableClock
) -> None:
    paid = session_of(clock, customer_id="cus_1")
    told(app, clock, checkouts=(paid,), charges=(charge(clock() - 2 * DAY),))
    with app.app_context():
        assert db.session.query(Grant.starts_at).scalar() == clock() - 2 * DAY
    clock.passes(DAY)
    told(app, clock, checkouts=(paid,), charges=(charge(clock() - 3 * DAY),))
    with app.app_context():
        assert db.session.query(Grant.starts_at).scalar() == clock() - 3 * DAY


def test_a_debit_that_took_days_counts_from_when_it_came_in(
    app: Flask, member: int, clock: MovableClock
) -> None:
    waiting = session_of(clock, customer_id="cus_1", payment_status="unpaid")
    told(app, clock, checkouts=(waiting,))
    ordered = clock()
    clock.passes(3 * DAY)
    paid = replace(waiting, payment_status="paid")
    told(app, clock, checkouts=(paid,), charges=(charge(ordered),))
    with app.app_context():
        assert db.session.query(Grant.starts_at).scalar() == clock()


def charge(created: datetime) -> ChargeData:
    return ChargeData("pi_1", "cus_1", 2900, 0, "eur", None, created)


def test_the_owner_is_told_once_of_a_status_that_nobody_knows(
    app: Flask, member: int, clock: MovableClock
) -> None:
    told(app, clock, subscription(clock))
    for _ in range(2):
        told(app, clock, subscription(clock, "a_word_of_tomorrow"))
    with app.app_context():
        (entry,) = db.session.query(Entry).filter_by(kind="billing.unknown_status")
        assert (entry.detail["subscription"], entry.detail["status"]) == (
            "sub_1",
            "a_word_of_tomorrow",
        )


def test_what_a_deleted_customer_paid_with_is_not_kept(
    app: Flask, member: int, clock: MovableClock
) -> None:
    visa = replace(subscription(clock), pays_with="Visa ending 4242")
    for deleted, kept in ((False, "Visa ending 4242"), (True, None)):
        told(app, clock, visa, customer=replace(CUSTOMER, deleted=deleted))
        with app.app_context():
            assert db.session.query(Subscription.pays_with).scalar() == kept


def test_a_stranger_who_bought_nothing_of_ours_is_not_kept(
    app: Flask, member: int, clock: MovableClock
) -> None:
    stranger = replace(subscription(clock), product_ids=["prod_of_somebody_else"])
    told(app, clock, stranger, customer=CustomerData("cus_9", "x@example.com", deleted=False))
    with app.app_context():
        assert db.session.get(Customer, "cus_9") is None


def test_a_payment_nobody_is_known_for_is_kept_and_opens_nothing(
    app: Flask, member: int, clock: MovableClock
) -> None:
    somebody = CustomerData("cus_2", "somebody@example.com", deleted=False)
    told(app, clock, customer=somebody, checkouts=(session_of(clock),))
    with app.app_context():
        assert db.session.get_one(Customer, "cus_2").user_id is None
        assert db.session.get_one(Checkout, "cs_1").paid_at == clock()
        assert db.session.query(Grant).count() == 0


def test_a_reference_we_signed_names_the_member_and_a_forged_one_nobody(
    app: Flask, member: int, clock: MovableClock, site_url: str
) -> None:
    key = app.config["SECRET_KEY"]
    somebody = CustomerData("cus_2", "somebody@example.com", deleted=False)
    for forged in ("member-1-1-x", references.make("another key" * 4, member, clock())):
        paid = session_of(clock, client_reference_id=forged)
        told(app, clock, customer=somebody, checkouts=(paid,))
        assert premium(app, site_url) == 402
    signed = references.make(key, member, clock() - DAY)  # the id before a backup was restored
    told(app, clock, customer=somebody, checkouts=(session_of(clock, client_reference_id=signed),))
    assert premium(app, site_url) == 402
    ours = references.make(key, member, clock())
    told(app, clock, customer=somebody, checkouts=(session_of(clock, client_reference_id=ours),))
    assert premium(app, site_url) == 200


def test_a_bound_customer_is_never_taken_over(app: Flask, member: int, clock: MovableClock) -> None:
    eve = opens_account(app, "eve@example.com")
    with app.app_context():
        hers = references.make(app.config["SECRET_KEY"], eve, clock())
    told(
        app,
        clock,
        subscription(clock),
        checkouts=(session_of(clock, customer_id="cus_1", client_reference_id=hers),),
    )
    with app.app_context():
        assert db.session.get_one(Customer, "cus_1").user_id == member
        assert {user_id for (user_id,) in db.session.query(Grant.user_id)} == {member}


def test_of_two_payments_in_one_second_the_later_one_counts(
    app: Flask, member: int, clock: MovableClock, site_url: str
) -> None:
    """She changed her plan at once: what she paid first is disputed, then what she paid last."""
    paid = (
        invoice("in_1", "paid", clock(), paid_by=["pi_1"]),
        invoice("in_2", "paid", clock(), paid_by=["pi_2"]),
    )
    first, last = charge(clock()), replace(charge(clock()), payment_intent="pi_2")
    disputed = replace(first, dispute_status="lost")
    told(app, clock, subscription(clock), invoices=paid, charges=(last, disputed))
    assert premium(app, site_url) == 200
    disputed = replace(last, dispute_status="lost")
    told(app, clock, subscription(clock), invoices=paid, charges=(disputed, first))
    assert premium(app, site_url) == 402


def test_what_was_revoked_is_no_news_when_its_time_is_over(
    app: Flask, member: int, clock: MovableClock
) -> None:
    bought = session_of(clock, customer_id="cus_1")
    back = replace(charge(clock()), amount_refunded=2900)
    with app.app_context(), transaction() as session:
        catalogue.write(session, Catalogue([product(clock, access_days="5")], []))
    told(app, clock, checkouts=(bought,), charges=(back,))
    clock.passes(6 * DAY)
    with app.app_context():
        endings.drain()
        kinds = {kind for (kind,) in db.session.query(Entry.kind)}
    assert "grant.revoked" in kinds
    assert "grant.ended" not in kinds


def test_access_that_ends_by_the_clock_makes_the_reader_lapsed(
    app: Flask, member: int, clock: MovableClock
) -> None:
    def standing() -> Standing:
        with app.app_context():
            return db.session.query(Subscriber).filter_by(email=GRACE).one().standing

    told(app, clock, subscription(clock))
    assert standing() is Standing.PAID
    clock.passes(22 * DAY)
    with app.app_context():
        endings.drain()
        endings.drain()
    assert standing() is Standing.LAPSED
    told(app, clock, subscription(clock))
    assert standing() is Standing.PAID
