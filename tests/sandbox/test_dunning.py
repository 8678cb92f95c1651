"""A card that fails at a renewal: tried again on schedule, mended, or given up."""

from collections.abc import Callable

import pytest
import stripe

from sandbox.server import Sandbox
from sandbox.stripe import customers, dunning
from sandbox.stripe.payments import CARDS
from tests.sandbox.lives import (
    DAY,
    HOUR,
    RENEWED,
    happened,
    invoices,
    now,
    period,
    someone,
    subscribes,
)

WORKS = CARDS["4242424242424242"]


@pytest.fixture
def edsger(client: stripe.StripeClient, prices: dict[str, str]) -> stripe.Subscription:
    """He pays, and his card is declined from then on."""
    customer = someone(client, "chargeCustomerFail")
    return subscribes(client, customer, prices["monthly"])


@pytest.fixture
def mends(sandbox: Sandbox) -> Callable[[stripe.Subscription], str]:
    """Somebody's card works from now on; the payment method."""

    def mend(subscription: stripe.Subscription) -> str:
        return str(customers.set_card(sandbox.account, str(subscription.customer), WORKS)["id"])

    return mend


def test_a_failed_charge_makes_it_past_due_and_is_tried_again(
    client: stripe.StripeClient, sandbox: Sandbox, edsger: stripe.Subscription
) -> None:
    _, end = period(edsger)
    assert edsger.status == "active"

    sandbox.clock.advance_to(end + HOUR)

    late = now(client, edsger)
    invoice = invoices(client, edsger)[-1]
    assert (late.status, period(late)[0]) == ("past_due", end)
    assert (invoice.status, invoice.attempt_count, invoice.amount_remaining) == ("open", 1, 500)
    assert invoice.next_payment_attempt == end + HOUR + 3 * DAY
    customer = client.v1.customers.retrieve(str(edsger.customer))
    assert customer.delinquent
    assert happened(client, since=end + HOUR) == [
        "invoice.finalized",
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
        "invoice.updated",
        "invoice.payment_failed",
        "customer.updated",
        "customer.subscription.updated",
    ]


def test_retries_come_three_five_and_seven_days_after_the_one_before(
    client: stripe.StripeClient, sandbox: Sandbox, edsger: stripe.Subscription
) -> None:
    first = period(edsger)[1] + HOUR

    sandbox.clock.advance_to(first + 20 * DAY)

    failed = sandbox.account.all("event", type="invoice.payment_failed")
    assert [event["created"] - first for event in failed] == [0, 3 * DAY, 8 * DAY, 15 * DAY]


@pytest.mark.parametrize(
    ("setting", "status"),
    [("cancel", "canceled"), ("unpaid", "unpaid"), ("leave", "past_due"), ("pause", "paused")],
)
def test_after_the_last_retry_it_goes_as_the_account_is_set(
    client: stripe.StripeClient,
    sandbox: Sandbox,
    edsger: stripe.Subscription,
    setting: str,
    status: str,
) -> None:
    dunning.set_after_retries(sandbox.account, setting)

    sandbox.clock.advance(RENEWED + 16 * DAY)

    over = now(client, edsger)
    invoice = invoices(client, edsger)[-1]
    assert over.status == status
    assert (invoice.status, invoice.attempt_count, invoice.next_payment_attempt) == (
        "open",
        4,
        None,
    )
    if setting == "cancel":
        assert over.cancellation_details is not None
        assert over.cancellation_details.reason == "payment_failed"
        assert over.ended_at
        assert happened(client)[-1] == "customer.subscription.deleted"
    if setting == "pause":
        assert over.status_details is not None
        assert over.status_details.paused.subscription.type == "final_payment_failure"


def test_an_unknown_setting_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="one of cancel, unpaid, leave, pause"):
        dunning.set_after_retries(sandbox.account, "forgive")


def test_a_card_mended_in_time_is_charged_at_the_next_retry(
    client: stripe.StripeClient,
    sandbox: Sandbox,
    edsger: stripe.Subscription,
    mends: Callable[[stripe.Subscription], str],
) -> None:
    sandbox.clock.advance(RENEWED)
    mends(edsger)
    assert now(client, edsger).status == "past_due"

    sandbox.clock.advance(3 * DAY)

    assert now(client, edsger).status == "active"
    invoice = invoices(client, edsger)[-1]
    assert (invoice.status, invoice.attempt_count) == ("paid", 2)
    customer = client.v1.customers.retrieve(str(edsger.customer))
    assert not customer.delinquent


def test_who_pays_an_invoice_by_hand_is_active_at_once(
    client: stripe.StripeClient,
    sandbox: Sandbox,
    edsger: stripe.Subscription,
    mends: Callable[[stripe.Subscription], str],
) -> None:
    sandbox.clock.advance(RENEWED)
    invoice = invoices(client, edsger)[-1]

    with pytest.raises(stripe.CardError, match="declined"):
        client.v1.invoices.pay(invoice.id)
    assert client.v1.invoices.retrieve(invoice.id).attempt_count == 1
    paid = client.v1.invoices.pay(invoice.id, {"payment_method": mends(edsger)})

    assert (paid.status, paid.next_payment_attempt) == ("paid", None)
    assert now(client, edsger).status == "active"
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        client.v1.invoices.pay(invoice.id)


def test_unpaid_means_drafts_that_nobody_charges_until_the_latest_is_paid(
    client: stripe.StripeClient,
    sandbox: Sandbox,
    edsger: stripe.Subscription,
    mends: Callable[[stripe.Subscription], str],
) -> None:
    dunning.set_after_retries(sandbox.account, "unpaid")
    sandbox.clock.advance(RENEWED + 40 * DAY)

    assert now(client, edsger).status == "unpaid"
    statuses = [invoice.status for invoice in invoices(client, edsger)]
    assert statuses == ["paid", "open", "draft"]

    client.v1.invoices.pay(invoices(client, edsger)[-1].id, {"payment_method": mends(edsger)})
    assert now(client, edsger).status == "active"


@pytest.mark.parametrize("act", ["void_invoice", "mark_uncollectible"])
def test_an_invoice_that_is_let_go_makes_it_active_again(
    client: stripe.StripeClient, sandbox: Sandbox, edsger: stripe.Subscription, act: str
) -> None:
    sandbox.clock.advance(RENEWED)
    invoice = invoices(client, edsger)[-1]

    gone = getattr(client.v1.invoices, act)(invoice.id)

    assert gone.status == {"void_invoice": "void"}.get(act, "uncollectible")
    assert now(client, edsger).status == "active"
    sandbox.clock.advance(20 * DAY)
    assert client.v1.invoices.retrieve(invoice.id).attempt_count == 1
    with pytest.raises(stripe.InvalidRequestError):
        getattr(client.v1.invoices, act)(invoices(client, edsger)[0].id)


def test_a_card_that_wants_its_owner_every_time_fails_without_them(
    client: stripe.StripeClient, sandbox: Sandbox, prices: dict[str, str]
) -> None:
    customer = someone(client, "authenticationRequired")
    begun = subscribes(client, customer, prices["monthly"])
    assert begun.status == "incomplete"
    assert "invoice.payment_action_required" in happened(client)
    assert "invoice.payment_failed" not in happened(client)


def test_a_card_that_wants_its_owner_once_is_renewed_without_them(
    client: stripe.StripeClient, sandbox: Sandbox, prices: dict[str, str]
) -> None:
    customer = someone(client, "authenticationRequiredOnSetup")
    member = subscribes(client, customer, prices["monthly"], off_session=True)
    assert member.status == "active"

    sandbox.clock.advance(RENEWED)

    assert [invoice.status for invoice in invoices(client, member)] == ["paid", "paid"]


@pytest.mark.parametrize(
    ("iban", "meanwhile", "later"),
    [
        ("DE89370400440532013000", "active", "active"),
        ("DE62370400440532013001", "active", "past_due"),
    ],
)
def test_a_debit_is_on_its_way_for_three_days(
    client: stripe.StripeClient,
    sandbox: Sandbox,
    prices: dict[str, str],
    iban: str,
    meanwhile: str,
    later: str,
) -> None:
    member = subscribes(client, someone(client), prices["monthly"])
    customers.set_card(sandbox.account, str(member.customer), CARDS[iban])
    sandbox.clock.advance_to(period(member)[1] + 2 * HOUR)

    assert now(client, member).status == meanwhile
    assert invoices(client, member)[-1].status == "open"
    sandbox.clock.advance(3 * DAY)

    assert now(client, member).status == later
    assert invoices(client, member)[-1].status == ("paid" if later == "active" else "open")


def test_a_customer_who_is_deleted_is_charged_no_more(
    client: stripe.StripeClient, sandbox: Sandbox, edsger: stripe.Subscription
) -> None:
    sandbox.clock.advance(RENEWED)
    client.v1.customers.delete(str(edsger.customer))

    sandbox.clock.advance(60 * DAY)

    assert len(sandbox.account.all("event", type="invoice.payment_failed")) == 1


def test_only_the_latest_invoice_makes_it_active_again(
    client: stripe.StripeClient,
    sandbox: Sandbox,
    edsger: stripe.Subscription,
    mends: Callable[[stripe.Subscription], str],
) -> None:
    dunning.set_after_retries(sandbox.account, "leave")
    for _ in range(2):
        sandbox.clock.advance_to(period(now(client, edsger))[1] + 2 * HOUR)
    _, older, latest = invoices(client, edsger)
    method = mends(edsger)

    client.v1.invoices.pay(older.id, {"payment_method": method})
    assert now(client, edsger).status == "past_due"
    client.v1.invoices.pay(latest.id, {"payment_method": method})
    assert now(client, edsger).status == "active"
