"""Whatever webhook was lost: the comparison with Stripe finds it, and mends it by itself."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, event, func, select, update

from membership import clock as clocks
from membership import due
from membership.billing import grants
from membership.billing.models import Grant, UnclaimedPayment
from membership.billing.repair import ledger, reconcile
from membership.billing.repair.findings import Reconciliation
from membership.db import changed, db, transaction
from sandbox import seed
from sandbox.server import Sandbox
from sandbox.stripe import disputes, refunds
from tests.conftest import MakeApp
from tests.support.behind_our_back import (
    cancels,
    found,
    many_subscribe,
    others_subscribe,
    reconciles,
    subscribes,
    the_run,
)
from tests.support.browser import Browser, Elsewhere
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.links import payment_link, pays_by_link
from tests.support.paying import ask_stripe, copy_catalogue
from tests.support.people import GRACE, opens_account
from tests.support.watched_stripe import watched
from tests.support.working import works

OPEN, SHUT = 200, 402
pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def catalogue(app: Flask, clock: MovableClock) -> None:
    copy_catalogue(app)
    clock.passes(timedelta(minutes=5))  # it stands still, and what happens at Stripe happens later


def premium(member: Browser) -> int:
    return member.get("/premium").status_code


def still_open(app: Flask) -> int:
    """How many grants open something now."""
    with app.app_context():
        count = select(func.count()).select_from(Grant).where(grants.live(clocks.billing_now()))
        return db.session.scalar(count) or 0


@on_each_database
def test_who_paid_and_is_locked_out_is_let_in(grace: Browser, app: Flask, sandbox: Sandbox) -> None:
    customer, _ = subscribes(app, sandbox, GRACE)
    assert premium(grace) == SHUT
    said = reconciles(app)
    assert premium(grace) == OPEN
    assert found(app) == [(customer, "paid-but-locked", "mended")]
    assert f"Paid, but locked: 1\n  {customer}  {GRACE}  mended" in said
    assert "Everything is here as it is at Stripe." in reconciles(app)


@on_each_database
def test_what_ended_at_stripe_ends_here(grace: Browser, app: Flask, sandbox: Sandbox) -> None:
    customer, subscription = subscribes(app, sandbox, GRACE)
    reconciles(app)
    cancels(sandbox, subscription)
    said = reconciles(app)
    assert premium(grace) == SHUT
    assert found(app) == [(customer, "ended-but-open", "mended")]
    assert f"{subscription}: status active here, canceled at Stripe" in said


@on_each_database
def test_a_dry_run_says_the_same_and_changes_nothing(
    grace: Browser, app: Flask, sandbox: Sandbox
) -> None:
    customer, subscription = subscribes(app, sandbox, GRACE)
    said = reconciles(app, "--dry-run")
    assert premium(grace) == SHUT
    assert found(app) == [(customer, "paid-but-locked", "seen")]
    assert "a dry run" in said
    reconciles(app)
    cancels(sandbox, subscription)
    reconciles(app, "--dry-run")
    assert premium(grace) == OPEN
    assert found(app) == [(customer, "ended-but-open", "seen")]


@on_each_database
def test_what_nobody_is_known_to_have_paid_is_put_before_the_owner(
    app: Flask, sandbox: Sandbox
) -> None:
    customer, _ = subscribes(app, sandbox, "a.stranger@example.com")
    said = reconciles(app)
    assert found(app) == [(customer, "unmatched", "asked")]
    assert "Payments that are nobody's: 1" in said
    with app.app_context():
        assert db.session.scalars(select(UnclaimedPayment.key)).one() == customer


def test_what_is_not_ours_is_left_alone(app: Flask, sandbox: Sandbox) -> None:
    other = ask_stripe(sandbox, "products", {"name": "Somebody else's"})
    price = {"product": str(other["id"]), "currency": "eur", "unit_amount": "100"}
    made = ask_stripe(sandbox, "prices", {**price, "recurring[interval]": "month"})
    customer, _ = subscribes(app, sandbox, GRACE)
    reconciles(app)
    sold = {"customer": customer, "items[0][price]": str(made["id"])}
    ask_stripe(sandbox, "subscriptions", sold)
    reconciles(app)
    assert found(app) == []


def buys_guide(app: Flask, sandbox: Sandbox, elsewhere: Elsewhere) -> str:
    """As a guest, with Grace's address; the charge."""
    pays_by_link(elsewhere, payment_link(app, sandbox, "guide"), GRACE)
    return str(sandbox.account.all("charge", status="succeeded")[-1]["id"])


@on_each_database
def test_a_guests_purchase_and_its_refund_are_found(
    grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere
) -> None:
    charge = buys_guide(app, sandbox, elsewhere)
    reconciles(app)
    assert premium(grace) == OPEN
    refunds.refund(sandbox.account, {"charge": charge})
    reconciles(app)
    assert premium(grace) == SHUT
    assert [kind for _, kind, _ in found(app)] == ["ended-but-open"]
    reconciles(app)
    assert found(app) == []


def test_a_purchase_on_the_second_page_is_found_too(
    grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere
) -> None:
    buys_guide(app, sandbox, elsewhere)
    (like,) = sandbox.account.all("checkout.session")
    for n in range(120):  # of somebody else's products
        sandbox.account.save({**like, "id": f"cs_more{n}", "payment_intent": None})
    reconciles(app)
    assert premium(grace) == OPEN
    assert the_run(app)["looked_at"] == 121


def test_a_dispute_shuts_and_its_end_opens_again(
    grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere
) -> None:
    charge = buys_guide(app, sandbox, elsewhere)
    reconciles(app)
    disputes.open_(sandbox.account, charge)
    reconciles(app)
    assert premium(grace) == SHUT
    (dispute,) = sandbox.account.all("dispute")
    disputes.win(sandbox.account, dispute["id"])
    reconciles(app)
    assert premium(grace) == OPEN


@on_each_database
def test_doors_that_are_not_as_our_own_copies_say_are_set_right(
    grace: Browser, app: Flask, sandbox: Sandbox
) -> None:
    """Stripe and our copy agree; the ledger was spoiled by hand."""
    customer, subscription = subscribes(app, sandbox, GRACE)
    reconciles(app)
    with app.app_context(), transaction() as session:
        changed(session, delete(Grant))
    reconciles(app)
    assert premium(grace) == OPEN
    assert found(app) == [(customer, "paid-but-locked", "mended")]
    cancels(sandbox, subscription)
    reconciles(app)
    with app.app_context(), transaction() as session:
        changed(session, update(Grant).values(ends_at=None))
    assert premium(grace) == OPEN
    reconciles(app)
    assert premium(grace) == SHUT


@on_each_database
def test_no_such_customer_is_an_error_and_ends_nothing(
    grace: Browser, app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    customer, subscription = subscribes(app, sandbox, GRACE)
    reconciles(app)
    reconciles(app)  # it has been in the list, and then is not
    clock.passes(timedelta(hours=1))
    sandbox.account.store.remove("subscription", subscription)
    sandbox.account.store.remove("customer", customer)
    said = reconciles(app)
    assert premium(grace) == OPEN
    assert found(app) == [(customer, None, "asked")]
    assert "No such customer" in said


@on_each_database
def test_half_a_list_is_no_answer_and_the_rest_is_read_later(
    grace: Browser, make_app: MakeApp, sandbox: Sandbox, clock: MovableClock
) -> None:
    with watched(sandbox.stripe_base) as door:
        app = make_app(STRIPE_API_BASE=door.url)
        _, subscription = subscribes(app, sandbox, GRACE)
        reconciles(app)
        others_subscribe(sandbox, subscription, 150)  # Grace's own is on the second page
        door.calls.clear()
        door.down_after = 3  # products, prices, and one page
        said = reconciles(app)
        assert "goes on by itself" in said
        assert the_run(app)["ended_at"] is None
        assert the_run(app)["looked_at"] == 100
        assert premium(grace) == OPEN
        door.down_after = None
        clock.passes(timedelta(minutes=1))
        works(app)
        assert the_run(app)["ended_at"] is not None
        assert premium(grace) == OPEN


def takes_a_piece(run_id: int, clock: MovableClock) -> Reconciliation:
    """What a worker does first with the next piece; whoever dies then has it for a while."""
    with transaction() as session:
        row = due.claim(session, Reconciliation, Reconciliation.id == run_id, now=clock())
    assert row
    return row


@on_each_database
def test_whoever_is_killed_half_way_is_gone_on_from(
    make_app: MakeApp, sandbox: Sandbox, clock: MovableClock
) -> None:
    with watched(sandbox.stripe_base) as door:
        app, again = make_app(STRIPE_API_BASE=door.url), make_app(STRIPE_API_BASE=door.url)
        customer, subscription = subscribes(app, sandbox, GRACE)
        others_subscribe(sandbox, subscription, 250)
        with app.app_context():
            run_id = reconcile.begin(dry_run=False, force=False)
            for _ in range(3):  # the catalogue, and two pages
                reconcile.advance(takes_a_piece(run_id, clock))
            takes_a_piece(run_id, clock)
        with again.app_context():
            assert reconcile.work_on(run_id).looked_at == 200  # it is in the dead one's hands
            clock.passes(due.LEASE)
            run = reconcile.work_on(run_id)
            assert run.ended_at
            assert run.looked_at == 251
        assert len([c for c in door.asked_for("v1/subscriptions") if "customer=" not in c]) == 3
        assert found(app) == [(customer, "unmatched", "asked")]


def test_a_run_that_was_taken_over_writes_nothing_more(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    """A worker that was thought dead, and was only slow."""
    subscribes(app, sandbox, GRACE)
    with app.app_context():
        run_id = reconcile.begin(dry_run=False, force=False)
        reconcile.advance(takes_a_piece(run_id, clock))
        slow = takes_a_piece(run_id, clock)
        with db.engine.begin() as other:  # another process
            taken = update(Reconciliation).where(Reconciliation.id == run_id)
            other.execute(taken.values(due_at=clock() + 2 * due.LEASE))
        with pytest.raises(due.TakenOver):
            reconcile.advance(slow)
        assert db.session.get_one(Reconciliation, run_id).looked_at == 0
    assert found(app) == []


def test_two_thousand_subscriptions_cost_twenty_calls(make_app: MakeApp, sandbox: Sandbox) -> None:
    """And never more than a few pages of them are in memory."""
    with watched(sandbox.stripe_base) as door:
        app = make_app(STRIPE_API_BASE=door.url)
        _, subscription = subscribes(app, sandbox, GRACE)
        reconciles(app)
        many_subscribe(app, sandbox, subscription, 1999)
        door.calls.clear()
        most = 0

        def count(_session: object, row: object) -> None:
            nonlocal most
            most = max(most, len(db.session.identity_map))

        event.listen(db.session, "loaded_as_persistent", count)
        try:
            reconciles(app)
        finally:
            event.remove(db.session, "loaded_as_persistent", count)
        assert found(app) == []
        assert the_run(app)["looked_at"] == 2000
        assert len(door.asked_for("v1/subscriptions")) == 20
        # products, prices, sessions, refunds, disputes
        assert len(door.calls) == 25
        assert 100 <= most < 600


def test_a_page_of_our_own_rows_costs_a_few_queries(app: Flask, sandbox: Sandbox) -> None:
    readers(app, sandbox, 4)
    asked: list[str] = []

    def ask(_c: object, _cursor: object, sql: str, *_: object) -> None:
        asked.append(sql)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", ask)
        differences, _ = ledger.customers_after(None, now=clocks.billing_now())
        event.remove(db.engine, "before_cursor_execute", ask)
    assert differences == []
    assert len(asked) <= 7


# The brake


def readers(app: Flask, sandbox: Sandbox, how_many: int) -> list[str]:
    """Members who pay by the month: their subscriptions."""
    paying = []
    for n in range(how_many):
        opens_account(app, f"reader{n}@example.com")
        paying.append(subscribes(app, sandbox, f"reader{n}@example.com")[1])
    reconciles(app)
    assert still_open(app) == how_many
    return paying


@on_each_database
def test_a_comparison_that_would_close_too_much_closes_nothing_and_asks(
    app: Flask, sandbox: Sandbox, grace: Browser
) -> None:
    for subscription in readers(app, sandbox, 6):
        cancels(sandbox, subscription)
    subscribes(app, sandbox, GRACE)
    said = reconciles(app)
    assert "Mending would close 6 of 7 grants at once" in said
    assert "nothing was closed" in said
    assert still_open(app) == 7
    assert premium(grace) == OPEN  # what closes nothing is mended all the same
    assert "Mending would close 6 of 7" in reconciles(app, "--dry-run")
    assert "mended" in reconciles(app, "--force")
    assert still_open(app) == 1
    assert premium(grace) == OPEN


def test_a_few_are_closed_without_asking(app: Flask, sandbox: Sandbox) -> None:
    for subscription in readers(app, sandbox, 5):
        cancels(sandbox, subscription)
    reconciles(app)
    assert still_open(app) == 0


def test_a_product_that_opens_nothing_any_more_does_not_get_round_the_brake(
    app: Flask, sandbox: Sandbox
) -> None:
    readers(app, sandbox, 6)
    for product in sandbox.account.all("product"):
        ask_stripe(sandbox, f"products/{product['id']}", {"metadata[features]": "something_else"})
    said = reconciles(app)
    assert still_open(app) == 6
    assert "catalogue" in said


# Every night


def test_it_is_done_every_night_and_the_owner_can_read_of_it(
    grace: Browser, app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    subscribes(app, sandbox, GRACE)
    works(app)
    assert premium(grace) == SHUT  # not in the middle of the day
    clock.passes(timedelta(days=1))
    works(app)
    assert premium(grace) == OPEN
    told = app.test_cli_runner().invoke(args=["billing", "findings"])
    assert "Paid, but locked: 1" in told.output
    clock.passes(timedelta(days=1))
    with app.app_context():
        works(app)
        nights = select(func.count()).where(Reconciliation.night.is_not(None))
        assert db.session.scalar(nights) == 3  # two that were, and the next one


@on_each_database
def test_who_paid_is_let_in_though_the_owner_has_stopped_collecting(
    grace: Browser, app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    """What she paid was not heard of when it happened, nor that her next month is a gift of words
    alone: she is let in for the month she paid, and not for the next."""
    customer, subscription = subscribes(app, sandbox, GRACE)
    ask_stripe(sandbox, f"subscriptions/{subscription}", {"pause_collection[behavior]": "void"})
    reconciles(app)
    assert premium(grace) == OPEN
    assert found(app) == [(customer, "paid-but-locked", "mended")]
    clock.passes(timedelta(days=32))
    assert still_open(app) == 0


@on_each_database
def test_what_was_bought_is_found_however_long_nothing_was_compared(
    grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, clock: MovableClock
) -> None:
    """The worker was away for half a year, and Stripe's events of that time are gone. A dry run and
    one that the brake stopped have mended nothing."""
    for_good = {"metadata[access_days]": ""}
    ask_stripe(sandbox, f"products/{seed.GUIDE}", for_good)
    reconciles(app)
    buys_guide(app, sandbox, elsewhere)
    clock.passes(timedelta(days=180))
    reconciles(app, "--dry-run")
    assert still_open(app) == 0
    reconciles(app)
    assert still_open(app) > 0
