"""Who may read, as the tables of the design say it: no code of the site is asked, or was read.

A pure function of what Stripe's API tells, of who did what, of the policy, and of the time. Moments
are unix seconds of Stripe's clock. Where the tables leave a moment open by some hours (lines of one
invoice that begin on different days), an end is a span, and inside of it either answer is right.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import NamedTuple

from tests.torture.facts import (
    AFTER_A_PERIOD,
    DAY,
    DISPUTE_LEAVES,
    DISPUTE_SHUTS,
    FOREVER,
    GONE,
    NEAR,
    NEVER,
    PAID,
    PREMIUM,
    Answer,
    Deeds,
    End,
    Json,
    Policy,
    Stripe,
    subscription_of,
)

# Whose is it?


def owner_of(key: str, stripe: Stripe, deeds: Deeds) -> str | None:
    """The member a customer's id, or a guest's session's, belongs to; None is nobody."""
    if key in deeds.said:
        return deeds.said[key]
    sessions = [s for s in stripe.sessions if key in (s["id"], s["customer"])]
    for known in (_who_began(sessions, deeds), _who_is_signed(sessions, deeds)):
        if known:
            return known
    return _whose_address(payer(key, stripe), deeds)


def _who_began(sessions: Iterable[Json], deeds: Deeds) -> str | None:
    return next((deeds.began[s["id"]] for s in sessions if s["id"] in deeds.began), None)


def _who_is_signed(sessions: Iterable[Json], deeds: Deeds) -> str | None:
    references = (s["client_reference_id"] for s in sessions if s["status"] == "complete")
    return next((deeds.signed[r] for r in references if r in deeds.signed), None)


def payer(key: str, stripe: Stripe) -> str | None:
    """The address a customer or a guest paid with."""
    for session in stripe.sessions:
        if key in (session["id"], session["customer"]) and session["status"] == "complete":
            address: str | None = (session["customer_details"] or {}).get("email")
            return address
    return next((c.get("email") for c in stripe.customers if c["id"] == key), None)


def _whose_address(address: str | None, deeds: Deeds) -> str | None:
    if not address:
        return None
    have = [name for name, proven in deeds.members.items() if same_address(proven, address)]
    return have[0] if len(have) == 1 else None


def same_address(one: str, other: str) -> bool:
    return one.strip().lower() == other.strip().lower()


def keys(stripe: Stripe) -> list[str]:
    """Everything that could belong to somebody: customers, and what guests bought."""
    guests = [s["id"] for s in stripe.sessions if _is_a_guests(s)]
    customers = {s["customer"] for s in (*stripe.subscriptions, *stripe.sessions) if s["customer"]}
    return [*sorted(customers), *guests]


def _is_a_guests(session: Json) -> bool:
    return session["mode"] == "payment" and session["customer"] is None


def payments_are_ours(key: str, stripe: Stripe) -> bool:
    """Whether anything was bought there that is ours. A debit that may yet fail buys nothing."""
    there = {customer["id"] for customer in stripe.customers}  # the deleted have nothing any more
    bought = [_items(s) for s in stripe.subscriptions if s["customer"] == key and key in there]
    bought += [
        _lines(s)
        for s in stripe.sessions
        if key in (s["id"], s["customer"]) and s["mode"] == "payment" and _is_paid(s)
    ]
    return any(_sells_ours(lines, stripe) for lines in bought)


def charges_of_ours(stripe: Stripe) -> Iterator[Json]:
    """Every charge that succeeded and paid for something of ours."""
    subscribed = {s["id"] for s in stripe.subscriptions if _sells_ours(_items(s), stripe)}
    bought = {
        s["payment_intent"]
        for s in stripe.sessions
        if s["mode"] == "payment" and _is_paid(s) and _sells_ours(_lines(s), stripe)
    }
    for charge in stripe.charges:
        intent = charge["payment_intent"]
        if _succeeded(charge) and (intent in bought or stripe.paid_with.get(intent) in subscribed):
            yield charge


def _sells_ours(lines: Sequence[Json], stripe: Stripe) -> bool:
    return any(_product(line) in stripe.opens for line in lines)


# When does it end?


def subscription_end(
    subscription: Json, stripe: Stripe, policy: Policy, feature: str = PREMIUM
) -> End:
    items = [i for i in _items(subscription) if feature in stripe.opens.get(_product(i), ())]
    if not items or _latest_payment_shuts(subscription, stripe, policy):
        return GONE
    match subscription["status"]:
        case "active" | "trialing":
            return _running(subscription, items, stripe)
        case "past_due":
            return _overdue(subscription, items, stripe, policy)
        case "canceled":
            return GONE  # at `ended_at`, which is never to come
        case "unpaid" | "incomplete" | "incomplete_expired" | "paused":
            return GONE
    raise ValueError(f"the tables do not know the status {subscription['status']!r}")


def _running(subscription: Json, items: Sequence[Json], stripe: Stripe) -> End:
    period_end = max(item["current_period_end"] for item in items)
    scheduled = _scheduled(subscription, period_end)
    if subscription["pause_collection"]:
        return _paid_for(subscription, stripe).or_sooner(scheduled)
    return End.at(scheduled if scheduled < FOREVER else period_end + AFTER_A_PERIOD)


def _paid_for(subscription: Json, stripe: Stripe) -> End:
    """Nothing is collected: it is open to the end of what the newest invoice that is paid was for.
    What that one gives back, lines below nothing, is of the plan before."""
    paid = [
        invoice
        for invoice in stripe.invoices
        if invoice["status"] == "paid" and subscription_of(invoice) == subscription["id"]
    ]
    if not paid:
        return GONE
    newest = max(float(invoice["created"]) for invoice in paid)
    ends = [
        max(line["period"]["end"] for line in invoice["lines"]["data"] if line["amount"] >= 0)
        for invoice in paid
        if invoice["created"] == newest
    ]
    return End(min(ends), max(ends))


def _scheduled(subscription: Json, period_end: float) -> float:
    if subscription["cancel_at"]:
        return float(subscription["cancel_at"])
    return period_end if subscription["cancel_at_period_end"] else FOREVER


def _overdue(subscription: Json, items: Sequence[Json], stripe: Stripe, policy: Policy) -> End:
    unpaid = [
        invoice
        for invoice in stripe.invoices
        if invoice["status"] == "open" and subscription_of(invoice) == subscription["id"]
    ]
    begins = [
        [line["period"]["start"] for line in invoice["lines"]["data"]] for invoice in unpaid
    ] or [[min(item["current_period_start"] for item in items)]]
    oldest = min(begins, key=min)
    grace = policy.grace_days * DAY
    scheduled = _scheduled(subscription, max(item["current_period_end"] for item in items))
    return End(min(oldest) + grace, max(oldest) + grace).or_sooner(scheduled)


def _latest_payment_shuts(subscription: Json, stripe: Stripe, policy: Policy) -> bool:
    paid = [
        charge
        for charge in stripe.charges
        if _succeeded(charge)
        and stripe.paid_with.get(charge["payment_intent"]) == subscription["id"]
    ]
    if not paid:
        return False
    latest = max(paid, key=lambda charge: float(charge["created"]))
    return _disputed(latest, stripe, policy) or (
        policy.on_refund == "always" and _is_refunded(latest)
    )


def purchase_end(session: Json, stripe: Stripe, policy: Policy, feature: str = PREMIUM) -> End:
    """Of what was bought once."""
    if not _is_paid(session):
        return GONE
    products = [
        p for line in _lines(session) if feature in stripe.opens.get(p := _product(line), ())
    ]
    own = [
        charge
        for charge in stripe.charges
        if _succeeded(charge) and charge["payment_intent"] == session["payment_intent"]
    ]
    if not products or any(_payment_shuts(charge, stripe, policy) for charge in own):
        return GONE
    if any(product not in stripe.access_days for product in products):
        return NEVER
    for_so_long = max(stripe.access_days[product] for product in products) * DAY
    return End(_begun(session, own) + for_so_long, _paid_by(session, own) + for_so_long)


def _is_paid(session: Json) -> bool:
    return session["status"] == "complete" and session["payment_status"] in PAID


def _begun(session: Json, own: Sequence[Json]) -> float:
    return float(min([charge["created"] for charge in own], default=session["created"]))


def _paid_by(session: Json, own: Sequence[Json]) -> float:
    """A debit is charged on one day and paid some days later: it counts from when that was heard
    of, however late, and no word of Stripe's says when. A session is paid within its day."""
    if own and all(charge["payment_method_details"]["type"] == "card" for charge in own):
        return _begun(session, own)
    return inf if own else float(session["created"]) + DAY


def _payment_shuts(charge: Json, stripe: Stripe, policy: Policy) -> bool:
    refunded = policy.on_refund != "never" and _is_refunded(charge)
    return refunded or _disputed(charge, stripe, policy)


def _is_refunded(charge: Json) -> bool:
    return bool(charge["amount"] > 0 and charge["amount_refunded"] >= charge["amount"])


def _disputed(charge: Json, stripe: Stripe, policy: Policy) -> bool:
    statuses = [d["status"] for d in stripe.disputes if d["charge"] == charge["id"]]
    unknown = set(statuses) - {*DISPUTE_SHUTS, *DISPUTE_LEAVES}
    if unknown:
        raise ValueError(f"the tables do not know the status of a dispute {unknown}")
    return policy.on_dispute == "suspend" and any(s in DISPUTE_SHUTS for s in statuses)


def _succeeded(charge: Json) -> bool:
    return bool(charge["status"] == "succeeded")


def _items(subscription: Json) -> Sequence[Json]:
    items: Sequence[Json] = subscription["items"]["data"]
    return items


def _lines(session: Json) -> Sequence[Json]:
    lines: Sequence[Json] = session["line_items"]["data"]
    return lines


def _product(line: Json) -> str:
    return str(line["price"]["product"])


# May they read?


class Door(NamedTuple):
    """A way in that somebody has, or had."""

    member: str
    through: str
    end: End


def doors(stripe: Stripe, deeds: Deeds, policy: Policy) -> Iterator[Door]:
    for subscription in stripe.subscriptions:
        member = owner_of(subscription["customer"], stripe, deeds)
        if member:
            end = subscription_end(subscription, stripe, policy)
            yield Door(member, subscription["id"], end)
    for session in stripe.sessions:
        if session["mode"] != "payment":
            continue
        member = owner_of(session["customer"] or session["id"], stripe, deeds)
        if member:
            yield Door(member, session["id"], purchase_end(session, stripe, policy))
    for comp in deeds.comps:
        yield Door(comp.member, "comp", End.at(comp.ends_at))


def answer(ends: Iterable[End], now: float) -> Answer:
    ends = list(ends)
    if any(end.earliest > now + NEAR for end in ends):
        return Answer.OPEN
    if all(end.latest <= now - NEAR for end in ends):
        return Answer.SHUT
    return Answer.EITHER


def answers(stripe: Stripe, deeds: Deeds, policy: Policy, now: float) -> Mapping[str, Answer]:
    """Of every member: what `/premium` says to them."""
    standing = list(doors(stripe, deeds, policy))
    return {
        member: answer((door.end for door in standing if door.member == member), now)
        for member in deeds.members
    }
