"""What a customer does in the portal, as far as its configuration allows. Each raises Refusal."""

from typing import Any

from sandbox.store import Document
from sandbox.stripe import (
    customers,
    errors,
    money,
    pauses,
    portal_configurations,
    subscription_api,
    subscription_state,
    subscriptions,
)
from sandbox.stripe.account import Account
from sandbox.stripe.payments import Card
from sandbox.stripe.periods import later

DETAILS = ("name", "email")
ADDRESS = ("line1", "postal_code", "city", "country")


def allowed(account: Account, session: Document, name: str) -> dict[str, Any]:
    """A feature that is enabled."""
    feature = portal_configurations.feature(account, session, name)
    if not feature["enabled"]:
        raise errors.Refusal("This cannot be done here.", status=403)
    return feature


def mine(account: Account, session: Document, subscription_id: str) -> Document:
    """A subscription of this customer, and of nobody else."""
    subscription = account.get("subscription", subscription_id)
    if subscription["customer"] != session["customer"]:
        raise errors.no_such("subscription", subscription_id)
    return subscription


def cancel(
    account: Account, session: Document, subscription: Document, details: dict[str, str | None]
) -> None:
    """End it, now or with the period, with the customer's reason (`feedback`, `comment`)."""
    feature = allowed(account, session, "subscription_cancel")
    if subscription["status"] in subscriptions.ENDED or subscription["cancel_at"]:
        return  # a page that was left open: there is nothing to do any more
    reasons = feature["cancellation_reason"]
    told = {
        "comment": details.get("comment") if reasons["enabled"] else None,
        "feedback": details.get("feedback")
        if details.get("feedback") in reasons["options"]
        else None,
    }
    if feature["mode"] == "immediately":
        subscriptions.end(account, subscription, told)
        return
    at = subscriptions.period_end(subscription)
    changes = subscriptions.scheduled(account, subscription, at)
    changes["cancellation_details"] |= told
    subscription_state.change(account, subscription, changes)


def keep(account: Account, subscription: Document) -> None:
    """Take a scheduled end back."""
    if subscription["status"] not in subscriptions.ENDED:
        subscriptions.keep(account, subscription)


def prices_offered(
    account: Account, session: Document, subscription: Document
) -> list[dict[str, Any]]:
    """What it can be switched to: prices and their words, its own left out."""
    feature = portal_configurations.feature(account, session, "subscription_update")
    if not feature["enabled"] or "price" not in feature["default_allowed_updates"]:
        return []
    own = {item["price"]["id"] for item in subscription_state.items_of(subscription)}
    ids = [id_ for each in feature["products"] or [] for id_ in each["prices"]]
    found = [account.find("price", id_) for id_ in ids if id_ not in own]
    return [
        {
            "id": price["id"],
            "name": (account.find("product", price["product"]) or {}).get("name"),
            "cost": money.price(price),
        }
        for price in found
        if price and price["active"] and price["currency"] == subscription["currency"]
    ]


def switch(account: Account, session: Document, subscription: Document, price_id: str) -> None:
    feature = allowed(account, session, "subscription_update")
    offered = prices_offered(account, session, subscription)
    if price_id not in [price["id"] for price in offered]:
        raise errors.Refusal("Choose a plan.", status=422)
    behavior = feature["proration_behavior"]
    ends_trial = feature["trial_update_behavior"] == "end_trial"
    if subscription["status"] == "trialing" and ends_trial:
        item = subscription_state.items_of(subscription)[0]
        wanted = [{"id": item["id"], "price": price_id}]
        params = {"items": wanted, "proration_behavior": behavior, "trial_end": "now"}
        subscription_api.update(account, params, subscription["id"])
    else:
        subscriptions.change_plan(account, subscription, price_id, proration_behavior=behavior)


def pauses_offered(account: Account, session: Document) -> list[str]:
    """For how long: “1 month”, “3 months”; “” is until they come back."""
    feature = portal_configurations.feature(account, session, "subscription_pause")
    if not feature["enabled"]:
        return []
    duration = feature["duration"]
    if duration["type"] == "indefinite":
        return [""]
    return [_words(option) for option in duration["interval_options"]]


def _words(option: dict[str, Any]) -> str:
    count, interval = option["interval_count"], option["interval"]
    return f"{count} {interval}{'s' if count != 1 else ''}"


def pause(account: Account, session: Document, subscription: Document, length: str) -> None:
    """Nothing is invoiced until they come back, or the chosen time is over."""
    feature = allowed(account, session, "subscription_pause")
    if length not in pauses_offered(account, session):
        raise errors.Refusal("Choose for how long.", status=422)
    options = {_words(option): option for option in feature["duration"]["interval_options"]}
    chosen = options.get(length)
    paused = subscriptions.pause(account, subscription)
    if chosen:
        until = later(account.now(), chosen["interval"], chosen["interval_count"])
        pauses.until(account, paused, until)


def unpause(account: Account, subscription: Document) -> None:
    if subscription["status"] == "paused":  # else it is a page that was left open
        subscriptions.resume(account, subscription)


def change_card(account: Account, session: Document, card: Card) -> None:
    allowed(account, session, "payment_method_update")
    if card.decline:
        raise errors.Refusal("Your card was declined. Try a different card.", status=402)
    customers.set_card(account, session["customer"], card)


def change_details(account: Account, session: Document, typed: dict[str, str]) -> None:
    """Name, email and address, as far as the configuration lets them be changed."""
    feature = allowed(account, session, "customer_update")
    changes: dict[str, Any] = {
        name: typed.get(name) or None for name in DETAILS if name in feature["allowed_updates"]
    }
    if "email" in changes and "@" not in (changes["email"] or ""):
        raise errors.Refusal("An email address is needed.", status=422)
    if "address" in feature["allowed_updates"]:
        changes["address"] = {line: typed.get(line) or None for line in ADDRESS}
    customers.update(account, changes, session["customer"])
