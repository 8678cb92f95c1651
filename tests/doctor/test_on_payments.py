"""What came from Stripe, what was refused, and payments that are nobody's."""

from datetime import timedelta

from flask import Flask

from membership.billing.models import UnclaimedPayment
from membership.billing.repair.findings import Finding, Reconciliation, State
from membership.db import transaction
from tests.support.checkup import is_told, level, said
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.settings import WEBHOOK_SECRET
from tests.support.stripe_signs import body, event, signature


def is_told_with_another_secret(app: Flask) -> None:
    raw = body(event("evt_other"))
    headers = {"Stripe-Signature": signature(raw, secret="whsec_of_another_endpoint")}
    assert app.test_client().post("/webhooks/stripe", data=raw, headers=headers).status_code == 400


@on_each_database
def test_a_wrong_secret_is_seen_until_it_is_right(app: Flask, clock: MovableClock) -> None:
    assert "never" in said(app, "webhooks").what
    is_told_with_another_secret(app)
    found = said(app, "webhooks")
    assert (found.level, "no webhook secret of ours signed this" in found.what) == ("look", True)
    clock.passes(timedelta(minutes=1))
    is_told(app, WEBHOOK_SECRET)
    assert level(app, "webhooks") == "well"


def test_a_wrong_secret_is_seen_though_others_were_taken_before(
    app: Flask, clock: MovableClock
) -> None:
    is_told(app, WEBHOOK_SECRET)
    clock.passes(timedelta(minutes=1))
    is_told_with_another_secret(app)
    assert level(app, "webhooks") == "look"
    clock.passes(timedelta(days=1, minutes=1))
    assert level(app, "webhooks") == "well"


@on_each_database
def test_a_payment_that_is_nobodys(app: Flask, clock: MovableClock) -> None:
    assert level(app, "unclaimed-payments") == "well"
    with app.app_context(), transaction() as session:
        found = UnclaimedPayment(key="cus_1", email="a@b.example", reason="-", found_at=clock())
        session.add(found)
    told = said(app, "unclaimed-payments")
    assert (told.level, told.what) == ("look", "1 payment has not found a member.")
    with app.app_context(), transaction() as session:
        session.get_one(UnclaimedPayment, "cus_1").settled_at = clock()
    assert level(app, "unclaimed-payments") == "well"


@on_each_database
def test_a_comparison_that_left_something(app: Flask) -> None:
    assert "yet" in said(app, "comparison").what
    done = app.test_cli_runner().invoke(args=["billing", "reconcile"])
    assert (done.exit_code, level(app, "comparison")) == (0, "well"), done.output
    for state, is_so in ((State.MENDED, "well"), (State.ASKED, "look")):
        with app.app_context(), transaction() as session:
            run_id = session.query(Reconciliation.id).scalar()
            session.add(Finding(run_id=run_id, key=state, because="-", state=state))
        assert level(app, "comparison") == is_so


def test_a_comparison_that_held_back(app: Flask) -> None:
    app.test_cli_runner().invoke(args=["billing", "reconcile"])
    with app.app_context(), transaction() as session:
        run = session.query(Reconciliation).one()
        run.braked, run.closing, run.live_grants = True, 40, 100
    found = said(app, "comparison")
    assert (found.level, "40 of 100" in found.what) == ("look", True)
