"""The reference model against the rows of the tables it was made from."""

from typing import Any

import pytest

from tests.torture import facts, model
from tests.torture.facts import DAY, GONE, NEVER, Answer, Comp, Deeds, End, Policy, Stripe

NOW = 1_800_000_000
PERIOD_END = NOW + 10 * DAY
PERIOD_START = NOW - 20 * DAY
ADA, GRACE = "ada@example.com", "grace@example.com"

MEMBERSHIP = {"id": "prod_member", "metadata": {"plan": "member"}}
LETTERS = {"id": "prod_letters", "metadata": {"plan": "letters", "features": "letters"}}
BUNDLE = {"id": "prod_all", "metadata": {"plan": "all", "features": "letters, premium"}}
GUIDE = {"id": "prod_guide", "metadata": {"plan": "guide", "access_days": "30"}}
POSTER = {"id": "prod_poster", "metadata": {}}
PRODUCTS = (MEMBERSHIP, LETTERS, BUNDLE, GUIDE, POSTER)


def line(product: str) -> dict[str, Any]:
    return {"price": {"product": product}}


def subscription(status: str = "active", product: str = "prod_member", **more: Any) -> Any:
    item = line(product) | {
        "current_period_start": PERIOD_START,
        "current_period_end": PERIOD_END,
    }
    return {
        "id": "sub_1",
        "customer": "cus_1",
        "status": status,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "pause_collection": None,
        "ended_at": None,
        "items": {"data": [item]},
        **more,
    }


def invoice(status: str, *starts: int, id_: str = "in_1") -> Any:
    return {
        "id": id_,
        "status": status,
        "parent": {"subscription_details": {"subscription": "sub_1"}},
        "created": starts[0],
        "lines": {
            "data": [
                {"amount": 500, "period": {"start": start, "end": start + 30 * DAY}}
                for start in starts
            ]
        },
    }


def charge(id_: str = "ch_1", created: int = NOW - DAY, **more: Any) -> Any:
    return {
        "id": id_,
        "payment_intent": id_.replace("ch", "pi"),
        "status": "succeeded",
        "created": created,
        "amount": 500,
        "amount_refunded": 0,
        "payment_method_details": {"type": "card"},
        **more,
    }


def paid(*charges: Any, **more: Any) -> Stripe:
    """A subscription's Stripe in which these charges paid its invoices."""
    return Stripe(
        products=PRODUCTS,
        invoices=[invoice("paid", PERIOD_START)],
        invoice_payments=[
            {"invoice": "in_1", "payment": {"payment_intent": c["payment_intent"]}} for c in charges
        ],
        charges=charges,
        **more,
    )


def session(product: str = "prod_guide", **more: Any) -> Any:
    return {
        "id": "cs_1",
        "mode": "payment",
        "status": "complete",
        "payment_status": "paid",
        "customer": None,
        "client_reference_id": None,
        "customer_details": {"email": ADA},
        "payment_intent": "pi_1",
        "created": NOW - DAY,
        "line_items": {"data": [line(product)]},
        **more,
    }


GRACE_END = PERIOD_START + 7 * DAY
STATUSES = [
    ("active", {}, End.at(PERIOD_END + DAY)),
    ("trialing", {}, End.at(PERIOD_END + DAY)),
    ("active", {"cancel_at": NOW + 3 * DAY}, End.at(NOW + 3 * DAY)),
    ("active", {"cancel_at_period_end": True}, End.at(PERIOD_END)),
    ("active", {"pause_collection": {"behavior": "void"}}, GONE),
    ("past_due", {}, End.at(GRACE_END)),
    ("past_due", {"cancel_at": PERIOD_START + DAY}, End.at(PERIOD_START + DAY)),
    ("past_due", {"cancel_at": PERIOD_END}, End.at(GRACE_END)),
    ("canceled", {"ended_at": NOW - DAY}, GONE),
    ("unpaid", {}, GONE),
    ("incomplete", {}, GONE),
    ("incomplete_expired", {}, GONE),
    ("paused", {}, GONE),
]


@pytest.mark.parametrize(("status", "more", "end"), STATUSES)
def test_a_status_has_its_end(status: str, more: dict[str, Any], end: End) -> None:
    stripe = Stripe(products=PRODUCTS)
    assert model.subscription_end(subscription(status, **more), stripe, Policy()) == end


def test_grace_is_counted_from_the_oldest_open_invoice() -> None:
    old, new = PERIOD_START - 30 * DAY, PERIOD_START
    stripe = Stripe(
        products=PRODUCTS,
        invoices=[
            invoice("open", new),
            invoice("open", old, id_="in_2"),
            invoice("paid", old - 30 * DAY, id_="in_3"),
        ],
    )
    end = model.subscription_end(subscription("past_due"), stripe, Policy(grace_days=3))
    assert end == End.at(old + 3 * DAY)


def test_without_collecting_it_is_open_to_the_end_of_what_was_paid() -> None:
    paused = subscription(pause_collection={"behavior": "void"})
    bills = [
        invoice("void", PERIOD_START, id_="in_3"),
        invoice("paid", PERIOD_START - 10 * DAY, id_="in_2"),
        invoice("paid", PERIOD_START - 40 * DAY, id_="in_1"),
    ]
    stripe = Stripe(products=PRODUCTS, invoices=bills)
    assert model.subscription_end(paused, stripe, Policy()) == End.at(PERIOD_START + 20 * DAY)
    ends_sooner = {**paused, "cancel_at": NOW - 5 * DAY}
    assert model.subscription_end(ends_sooner, stripe, Policy()) == End.at(NOW - 5 * DAY)
    assert model.subscription_end(paused, Stripe(products=PRODUCTS), Policy()) == GONE


@pytest.mark.parametrize("status", ["anything", ""])
def test_a_status_that_the_tables_do_not_know_is_no_answer(status: str) -> None:
    with pytest.raises(ValueError, match="do not know"):
        model.subscription_end(subscription(status), Stripe(products=PRODUCTS), Policy())


@pytest.mark.parametrize(
    ("product", "opens"),
    [("prod_member", True), ("prod_all", True), ("prod_letters", False), ("prod_poster", False)],
)
def test_only_products_of_ours_open_and_only_what_they_name(product: str, opens: bool) -> None:
    end = model.subscription_end(subscription(product=product), Stripe(products=PRODUCTS), Policy())
    assert (end > GONE) is opens


FULL, PART = {"amount_refunded": 500}, {"amount_refunded": 499}


@pytest.mark.parametrize(
    ("policy", "refund", "once_open", "subscribed_open"),
    [
        ("purchase", FULL, False, True),
        ("purchase", PART, True, True),
        ("always", FULL, False, False),
        ("always", PART, True, True),
        ("never", FULL, True, True),
        ("purchase", {"amount": 0}, True, True),
    ],
)
def test_refunds(policy: str, refund: Any, once_open: bool, subscribed_open: bool) -> None:
    stripe = paid(charge(**refund))
    rules = Policy(on_refund=policy)
    assert (model.purchase_end(session(), stripe, rules) > GONE) is once_open
    end = model.subscription_end(subscription(), stripe, rules)
    assert (end > GONE) is subscribed_open


DISPUTES = [(status, False) for status in facts.DISPUTE_SHUTS] + [
    (status, True) for status in facts.DISPUTE_LEAVES
]


@pytest.mark.parametrize(("status", "stays_open"), DISPUTES)
def test_disputes(status: str, stays_open: bool) -> None:
    stripe = paid(charge(), disputes=[{"charge": "ch_1", "status": status}])
    assert (model.purchase_end(session(), stripe, Policy()) > GONE) is stays_open
    end = model.subscription_end(subscription(), stripe, Policy())
    assert (end > GONE) is stays_open
    assert model.purchase_end(session(), stripe, Policy(on_dispute="keep")) > GONE


def test_an_older_payment_never_closes_a_subscription() -> None:
    old, new = charge("ch_1", NOW - 40 * DAY, **FULL), charge("ch_2", NOW - 10 * DAY)
    stripe = paid(old, new, disputes=[{"charge": "ch_1", "status": "lost"}])
    end = model.subscription_end(subscription(), stripe, Policy(on_refund="always"))
    assert end == End.at(PERIOD_END + DAY)


def test_a_failed_payment_is_none() -> None:
    old, failed = charge("ch_1", NOW - DAY, **FULL), charge("ch_2", NOW, status="failed")
    stripe = paid(old, failed)
    end = model.subscription_end(subscription(), stripe, Policy(on_refund="always"))
    assert end == GONE


@pytest.mark.parametrize(
    ("bought", "end"),
    [
        (session(), End.at(NOW + 29 * DAY)),
        (session("prod_member"), NEVER),
        (session("prod_letters"), GONE),
        (session("prod_poster"), GONE),
        (session(payment_status="unpaid"), GONE),
        (session(status="open", payment_status="unpaid"), GONE),
        (session("prod_all", payment_status="no_payment_required", payment_intent=None), NEVER),
    ],
)
def test_what_is_bought_once(bought: Any, end: End) -> None:
    assert model.purchase_end(bought, paid(charge()), Policy()) == end


MEMBERS = {"ada": ADA, "grace": GRACE}
OWNERS = [
    ("nobody has the address", session(customer_details={"email": "x@example.com"}), {}, None),
    ("the paying address", session(customer_details={"email": "ADA@Example.com "}), {}, "ada"),
    ("no part of an address", session(customer_details={"email": "ada+x@example.com"}), {}, None),
    ("a signed reference", session(client_reference_id="r"), {"signed": {"r": "grace"}}, "grace"),
    ("a forged reference", session(client_reference_id="f"), {"signed": {"r": "grace"}}, "ada"),
    (
        "a session of ours comes first",
        session(client_reference_id="r"),
        {"signed": {"r": "grace"}, "began": {"cs_1": "ada"}},
        "ada",
    ),
    ("the owner's word comes before all", session(), {"said": {"cs_1": "grace"}}, "grace"),
    ("nobody's, says the owner", session(), {"said": {"cs_1": None}}, None),
    (
        "an address of two is nobody's",
        session(),
        {"members": {"ada": ADA, "eve": "Ada@example.com"}},
        None,
    ),
]


@pytest.mark.parametrize(
    ("why", "bought", "deeds", "owner"), OWNERS, ids=[row[0] for row in OWNERS]
)
def test_whose_it_is(why: str, bought: Any, deeds: dict[str, Any], owner: str | None) -> None:
    told = Deeds(**{"members": MEMBERS, **deeds})
    assert model.owner_of("cs_1", Stripe(sessions=[bought]), told) == owner


def test_a_customer_without_a_session_is_known_by_their_own_address() -> None:
    stripe = Stripe(customers=[{"id": "cus_1", "email": GRACE}])
    assert model.owner_of("cus_1", stripe, Deeds(members=MEMBERS)) == "grace"


def test_a_payment_of_nobody_opens_nothing() -> None:
    stripe = Stripe(products=PRODUCTS, subscriptions=[subscription()])
    told = model.answers(stripe, Deeds(members=MEMBERS), Policy(), NOW)
    assert set(told.values()) == {Answer.SHUT}


def test_any_open_door_is_enough_and_each_ends_by_itself() -> None:
    stripe = Stripe(
        products=PRODUCTS,
        customers=[{"id": "cus_1", "email": GRACE}],
        subscriptions=[subscription()],
    )
    deeds = Deeds(members=MEMBERS, comps=[Comp("ada", NOW - DAY, NOW + 60)])
    now = model.answers(stripe, deeds, Policy(), NOW)
    assert now == {"ada": Answer.OPEN, "grace": Answer.OPEN}
    assert model.answers(stripe, deeds, Policy(), NOW + 60)["ada"] == Answer.EITHER
    assert model.answers(stripe, deeds, Policy(), NOW + DAY)["ada"] == Answer.SHUT
