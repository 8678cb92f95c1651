"""What happens to subscriptions and payments at Stripe, whoever does it there."""

from random import Random
from typing import Any

from sandbox.stripe import customers, disputes, errors, refunds, subscriptions
from sandbox.stripe.payments import CARDS
from tests.support.paying import WORKS
from tests.torture import shop
from tests.torture.facts import DAY
from tests.torture.townsfolk import Person

FAILS_LATER = "4000000000000341"


def _subscription(person: Person, dice: Random, *statuses: str) -> Any:
    """One of theirs that has not ended; None when there is none."""
    theirs = [
        subscription
        for subscription in person.town.sandbox.account.all("subscription")
        if person.diary.paid_by.get(subscription["customer"]) == person.name
        and subscription["status"] not in subscriptions.ENDED
        and (not statuses or subscription["status"] in statuses)
    ]
    return dice.choice(theirs) if theirs else None


def cancels_later(person: Person, dice: Random) -> str | None:
    subscription = _subscription(person, dice)
    if subscription is None:
        return None
    account = person.town.sandbox.account
    if dice.random() < 0.5:  # as the portal does it: only the date
        subscriptions.end_later(account, subscription)
    else:
        _write(person, subscription, cancel_at_period_end="true")
    return f"cancels {subscription['id']} at its period's end"


def cancels_on_a_day(person: Person, dice: Random) -> str | None:
    subscription = _subscription(person, dice)
    if subscription is None:
        return None
    days = dice.randint(1, 50)
    at = person.town.sandbox.clock.now() + days * DAY
    _write(person, subscription, cancel_at=str(at))
    return f"cancels {subscription['id']} in {days} days"


def cancels_now(person: Person, dice: Random) -> str | None:
    subscription = _subscription(person, dice)
    if subscription is None:
        return None
    subscriptions.end(person.town.sandbox.account, subscription)
    return f"cancels {subscription['id']} at once"


def stays(person: Person, dice: Random) -> str | None:
    subscription = _subscription(person, dice)
    if subscription is None:
        return None
    subscriptions.keep(person.town.sandbox.account, subscription)
    return f"stays with {subscription['id']} after all"


def switches_plan(person: Person, dice: Random) -> str | None:
    """To another price, perhaps of a product that opens something else, or nothing of ours."""
    subscription = _subscription(person, dice, "active", "trialing")
    if subscription is None:
        return None
    price = dice.choice(["monthly", "yearly", "yearly", "letters", "workshop"])
    behavior = dice.choice(["create_prorations", "always_invoice", "none"])
    try:
        subscriptions.change_plan(
            person.town.sandbox.account,
            subscription,
            shop.price_id(person.town.sandbox, price),
            proration_behavior=behavior,
        )
    except errors.Refusal as refusal:
        return f"cannot switch {subscription['id']} to {price}: {refusal}"
    return f"switches {subscription['id']} to {price}, {behavior}"


def pauses(person: Person, dice: Random) -> str | None:
    subscription = _subscription(person, dice, "active", "trialing", "past_due")
    if subscription is None:
        return None
    subscriptions.pause(person.town.sandbox.account, subscription)
    return f"pauses {subscription['id']}"


def resumes(person: Person, dice: Random) -> str | None:
    subscription = _subscription(person, dice, "paused")
    if subscription is None:
        return None
    anchor = dice.choice(["now", "unchanged"])
    try:
        subscriptions.resume(person.town.sandbox.account, subscription, anchor=anchor)
    except errors.Refusal as refusal:
        return f"cannot resume {subscription['id']}: {refusal}"
    return f"resumes {subscription['id']} ({anchor})"


def is_not_collected_from(person: Person, dice: Random) -> str | None:
    """Access goes as far as what was paid."""
    subscription = _subscription(person, dice, "active", "trialing")
    if subscription is None or subscription["pause_collection"]:
        return None
    _write(
        person,
        subscription,
        **{"pause_collection[behavior]": dice.choice(["void", "keep_as_draft"])},
    )
    return f"is not collected from for {subscription['id']}"


def is_collected_from_again(person: Person, dice: Random) -> str | None:
    subscription = _subscription(person, dice, "active", "trialing")
    if subscription is None or not subscription["pause_collection"]:
        return None
    _write(person, subscription, pause_collection="")
    return f"is collected from again for {subscription['id']}"


def has_another_card(person: Person, dice: Random) -> str | None:
    customer = _customer(person, dice)
    if customer is None:
        return None
    card = dice.choice([WORKS, FAILS_LATER])
    customers.set_card(person.town.sandbox.account, customer, CARDS[card])
    return f"pays with {card} from now on, as {customer}"


def pays_what_is_open(person: Person, dice: Random) -> str | None:
    subscription = _subscription(person, dice, "past_due", "unpaid", "incomplete")
    if subscription is None:
        return None
    account = person.town.sandbox.account
    unpaid = [
        invoice["id"]
        for invoice in account.all("invoice", customer=subscription["customer"], status="open")
    ]
    if not unpaid:
        return None
    done = person.town.api.post(f"invoices/{dice.choice(unpaid)}/pay")
    return f"pays an invoice that was open: {done}"


def is_served_by_hand(person: Person, dice: Random) -> str | None:
    """The owner makes them a customer at Stripe, and a subscription: no checkout, no session."""
    account = person.town.sandbox.account
    email = dice.choice([person.email, person.other_email])
    customer = customers.create(account, {"email": email})["id"]
    customers.set_card(account, customer, CARDS[WORKS])
    price = shop.price_id(person.town.sandbox, dice.choice(["monthly", "letters"]))
    done = person.town.api.post("subscriptions", customer=customer, **{"items[0][price]": price})
    person.diary.paid_by[customer] = person.name
    return f"is given a subscription by hand as {email}: {done}"


def _write(person: Person, subscription: Any, **changes: str) -> None:
    done = person.town.api.post(f"subscriptions/{subscription['id']}", **changes)
    assert done == "ok", done


# Money that goes back


def _charge(person: Person, dice: Random) -> Any:
    account = person.town.sandbox.account
    guests = {
        session["payment_intent"]
        for session in account.all("checkout.session", customer=None)
        if person.diary.paid_by.get(session["id"]) == person.name
    }
    theirs = [
        charge
        for charge in account.all("charge", status="succeeded")
        if person.diary.paid_by.get(charge["customer"]) == person.name
        or charge["payment_intent"] in guests
    ]
    # Mostly the newest: the older ones must not matter.
    return dice.choice([*theirs, *theirs[-1:] * 2]) if theirs else None


def is_refunded(person: Person, dice: Random) -> str | None:
    charge = _charge(person, dice)
    if charge is None:
        return None
    left = charge["amount"] - charge["amount_refunded"]
    amount = dice.choice([left, left, left // 2])
    fails = dice.random() < 0.2
    account = person.town.sandbox.account
    try:
        refund = refunds.refund(account, {"charge": charge["id"], "amount": amount}, pending=fails)
    except errors.Refusal:  # disputed, or nothing left of it
        return None
    if fails:
        refunds.fail(account, refund["id"])
        return f"is refunded {amount} of {charge['id']}, which fails"
    return f"is refunded {amount} of {charge['id']} ({charge['amount']})"


def disputes_a_charge(person: Person, dice: Random) -> str | None:
    charge = _charge(person, dice)
    if charge is None or charge["disputed"]:
        return None
    begins = dice.choice([disputes.open_, disputes.open_, disputes.warn])
    try:
        begins(person.town.sandbox.account, charge["id"])
    except errors.Refusal:
        return None
    return f"disputes {charge['id']} ({begins.__name__})"


def a_dispute_goes_on(person: Person, dice: Random) -> str | None:
    account = person.town.sandbox.account
    open_ones = account.all("dispute", status="needs_response")
    warnings = account.all("dispute", status="warning_needs_response")
    if not open_ones + warnings:
        return None
    dispute = dice.choice(open_ones + warnings)
    goes = dice.choice([disputes.win, disputes.lose])
    if dispute in warnings:
        goes = disputes.escalate
    goes(account, dispute["id"])
    return f"sees a dispute of {dispute['charge']} go on ({goes.__name__})"


def _customer(person: Person, dice: Random) -> str | None:
    theirs = [
        customer["id"]
        for customer in person.town.sandbox.account.all("customer")
        if person.diary.paid_by.get(customer["id"]) == person.name
    ]
    return dice.choice(theirs) if theirs else None


def is_deleted(person: Person, dice: Random) -> str | None:
    account = person.town.sandbox.account
    gone = _customer(person, dice)
    if gone is None or not account.all("checkout.session", customer=gone):
        return None
    customers.remove(account, {}, gone)
    return f"is deleted at Stripe: {gone}"
