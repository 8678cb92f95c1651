"""Send a member to Stripe's own page to pay."""

import hashlib
import json
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from membership import clock, config, journal
from membership.accounts.models import User
from membership.billing import (
    catalogue,
    holdings,
    plans,
    references,
    stripe_api,
    sync,
    trials,
)
from membership.billing.models import Checkout, Customer, Match, Price
from membership.billing.stripe_objects import CheckoutData
from membership.billing.turns import turn_of
from membership.db import db, transaction
from membership.journal import Entry
from membership.vendor_ids import plausible

REUSE_FOR = timedelta(hours=23)
OPEN_FOR = timedelta(hours=25)  # Stripe closes a session after 24
CUSTOMER_MADE = "billing.customer_made"
CHECKOUT_BEGUN = "billing.checkout_begun"


class NotForSale(Exception):
    """No active price of an active product of ours has this id."""


class AlreadySubscribed(Exception):
    """One subscription a member: it must end before another begins."""


def start(user_id: int, price_id: str, *, complete_url: str, cancel_url: str) -> str:
    """The address of the page to pay on. `complete_url` is where Stripe returns the payer.

    Raises NotForSale, AlreadySubscribed, TooSoon, or StripeError with nothing begun.
    """
    price = for_sale(price_id)
    if price is None:
        raise NotForSale(price_id)
    with turn_of(user_id):
        return _begin(user_id, price, complete_url, cancel_url)


def _begin(user_id: int, price: Price, complete_url: str, cancel_url: str) -> str:
    own = holdings.customer_to_sell_to(user_id)
    waiting = _still_open(user_id, own) if own else []
    if price.interval and holdings.live_subscription(user_id):
        raise AlreadySubscribed
    customer_id = own or _new_customer(user_id)
    fresh = clock.billing_now() - REUSE_FOR
    for checkout in waiting:
        if checkout.price_id == price.stripe_id and checkout.url and checkout.created > fresh:
            return checkout.url
    for checkout in waiting:
        stripe_api.client().expire_checkout(checkout.id)
    params = _params(user_id, customer_id, price, complete_url, cancel_url)
    made = stripe_api.client().create_checkout(params, idempotency_key=_attempt(user_id, params))
    _store(user_id, price.stripe_id, made)
    return made.url or complete_url  # a session just made is open and has one


def for_sale(price_id: str) -> Price | None:
    """The active price of an active product of ours with this id."""
    if not plausible(price_id):
        return None
    wanted = catalogue.on_sale().where(Price.stripe_id == price_id)
    return db.session.scalars(wanted).first()


def _new_customer(user_id: int) -> str:
    """Made at Stripe and stored before anything is sold, so that every payment has an owner."""
    user = db.session.get_one(User, user_id)
    made_before = select(func.count()).where(Entry.kind == CUSTOMER_MADE, Entry.user_id == user_id)
    # Two clicks make one customer; one that the owner took away is not given again. Stripe refuses
    # a key it knows with another address beside it.
    address = hashlib.sha256(user.email.encode()).hexdigest()
    key = f"customer:{_reference(user_id)}:{db.session.scalar(made_before)}:{address}"
    made = stripe_api.client().create_customer(user.email, user_id=user_id, idempotency_key=key)
    with transaction() as session:
        session.merge(
            Customer(
                stripe_id=made.id,
                user_id=user_id,
                bound_by=Match.CHECKOUT,
                email=user.email,
                created_at=clock.billing_now(),
            )
        )
        journal.record(session, CUSTOMER_MADE, user_id=user_id, customer=made.id)
    return made.id


def _still_open(user_id: int, customer_id: str) -> list[CheckoutData]:
    """This member's sessions that Stripe says could still be paid.

    One that was paid meanwhile is taken in at once: its webhook may be late, and a second
    subscription must not be sold beside it.
    """
    recently = clock.billing_now() - OPEN_FOR
    ids = db.session.scalars(
        select(Checkout.stripe_id).where(
            Checkout.user_id == user_id,
            Checkout.status == "open",
            Checkout.created_at > recently,
        )
    ).all()
    found = [stripe_api.client().checkout(session_id) for session_id in ids]
    if any(checkout.status == "complete" for checkout in found):
        sync.bring_up_to_date(customer_id)
    return [checkout for checkout in found if checkout.status == "open"]


def _params(
    user_id: int, customer_id: str, price: Price, complete_url: str, cancel_url: str
) -> dict[str, Any]:
    mine = {"user_id": str(user_id)}
    params: dict[str, Any] = {
        "mode": "subscription" if price.interval else "payment",
        "customer": customer_id,
        "client_reference_id": _reference(user_id),
        "line_items": [{"price": price.stripe_id, "quantity": 1}],
        "metadata": mine,
        "success_url": f"{complete_url}?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": cancel_url,
        **_by_setting(),
    }
    if price.interval:
        params["subscription_data"] = {"metadata": mine, **_trial(user_id, price)}
    else:
        params["payment_intent_data"] = {"metadata": mine}
    return params


def _by_setting() -> dict[str, Any]:
    """What the owner has switched on; docs/stripe.md says what each needs at Stripe."""
    settings = config.current()
    params: dict[str, Any] = {}
    if settings.checkout_promotion_codes:
        params["allow_promotion_codes"] = True
    if settings.checkout_tax:
        params["automatic_tax"] = {"enabled": True}
        # Tax depends on where the payer lives; Stripe refuses unless it may keep what they enter.
        params["customer_update"] = {"address": "auto"}
    if settings.checkout_terms:
        params["consent_collection"] = {"terms_of_service": "required"}
    return params


def _trial(user_id: int, price: Price) -> dict[str, int]:
    days = plans.days(price.product.meta, "trial_days")
    return {"trial_period_days": days} if days and not trials.had_trial(user_id) else {}


def _attempt(user_id: int, params: dict[str, Any]) -> str:
    """The same for both presses of a double click, another for the next attempt.

    And another when what is asked has changed, a setting say: Stripe refuses a key it knows with
    anything else beside it.
    """
    begun = select(func.count()).where(Entry.kind == CHECKOUT_BEGUN, Entry.user_id == user_id)
    made = db.session.scalar(begun)  # not our copies of sessions: the owner may take one away
    asked = hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()
    return f"checkout:{_reference(user_id)}:{made}:{asked}"


def _reference(user_id: int) -> str:
    """Names the member to Stripe: signed, and of this installation alone."""
    opened_at = db.session.get_one(User, user_id).created_at
    return references.make(config.current().secret_key, user_id, opened_at)


def _store(user_id: int, price_id: str, made: CheckoutData) -> None:
    checkout = Checkout(
        stripe_id=made.id,
        user_id=user_id,
        bound_by=Match.CHECKOUT,
        customer_id=made.customer_id,
        reference=made.client_reference_id,
        price_id=price_id,
        product_ids=made.product_ids,
        mode=made.mode,
        status=made.status,
        payment_status=made.payment_status,
        created_at=clock.billing_now(),
    )
    with transaction() as session:
        session.merge(checkout)
        journal.record(session, CHECKOUT_BEGUN, user_id=user_id, checkout=made.id, price=price_id)
