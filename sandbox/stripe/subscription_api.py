"""`/v1/subscriptions`."""

from typing import Any

from sandbox.store import Document
from sandbox.stripe import (
    beginnings,
    errors,
    lists,
    plan_changes,
    subscription_state,
    subscriptions,
    trials,
)
from sandbox.stripe.account import Account
from sandbox.stripe.params import (
    Either,
    Flag,
    Integer,
    Many,
    Metadata,
    Nested,
    Span,
    Table,
    Text,
    choice,
    merged,
    within,
)
from sandbox.stripe.plan_changes import PRORATIONS, Plan
from sandbox.stripe.routes import Params, delete, get, index, post
from sandbox.stripe.subscription_state import items_of

STATUSES = (
    "active",
    "canceled",
    "incomplete",
    "incomplete_expired",
    "past_due",
    "paused",
    "trialing",
    "unpaid",
)
CANCELLATION = Nested({"comment": Text(), "feedback": choice(*subscriptions.FEEDBACK)})
AFTERWARDS = {"cancellation_details", "metadata"}  # what is still written when it has ended
PAYMENT_BEHAVIOR = choice("allow_incomplete", "default_incomplete", "error_if_incomplete")
ANCHOR = Nested({"type": choice("now", "unchanged", required=True)})
TRIAL_SETTINGS = Nested(
    {
        "end_behavior": Nested(
            {"missing_payment_method": choice("cancel", "create_invoice", "pause", required=True)},
            required=True,
        )
    }
)
WRITE: Table = {
    "cancel_at": Either(("max_period_end", "min_period_end")),
    "cancel_at_period_end": Flag(),
    "default_payment_method": Text(),
    "description": Text(500),
    "metadata": Metadata(),
    "off_session": Flag(),
    "payment_behavior": PAYMENT_BEHAVIOR,
    "proration_behavior": choice(*PRORATIONS),
    "trial_end": Either(("now",)),
    "trial_settings": TRIAL_SETTINGS,
}
CREATE: Table = {
    **WRITE,
    "billing_cycle_anchor": Integer(),
    "customer": Text(required=True),
    "discounts": Many(Nested({"coupon": Text(), "promotion_code": Text()}), most=20),
    "items": Many(Nested({"price": Text(), "quantity": Integer(0, 999_999)}), 20, required=True),
    "trial_period_days": Integer(1, 730),
}
UPDATE: Table = {
    **WRITE,
    "billing_cycle_anchor": ANCHOR,
    "cancellation_details": CANCELLATION,
    "items": plan_changes.ITEMS,
    "pause_collection": Nested(
        {
            "behavior": choice("keep_as_draft", "mark_uncollectible", "void", required=True),
            "resumes_at": Integer(),
        }
    ),
    "proration_date": Integer(),
}


def retrieve(account: Account, _params: Params, subscription_id: str) -> Document:
    return account.get("subscription", subscription_id)


def update(account: Account, params: Params, subscription_id: str) -> Document:
    before = account.get("subscription", subscription_id)
    if before["status"] in subscriptions.ENDED and params.keys() - AFTERWARDS:
        raise errors.Refusal(
            "A canceled subscription can only update its cancellation_details and metadata.",
            code="invalid_canceled_subscription_fields",
        )
    changes = _changes(account, before, params)
    plan = _plan(account, before, params)
    if plan is None:
        return subscription_state.change(account, before, changes)
    at_once = params.get("proration_behavior") == "always_invoice"
    behavior, off_session = params.get("payment_behavior"), bool(params.get("off_session"))
    if behavior == "error_if_incomplete" and (plan.begins_anew or at_once):
        method = subscription_state.method_of(account, {**before, **changes})
        beginnings.refuse_unpaid(account, method, off_session=off_session)
    if "trial_end" in params:
        changes |= _trial(account, before, params["trial_end"])
    changed = subscriptions.adopt(
        account,
        before,
        plan,
        changes,
        at_once=at_once,
        charge=behavior != "default_incomplete",
        off_session=off_session,
    )
    trials.give_notice(account, changed)
    return changed


def _changes(account: Account, before: Document, params: Params) -> dict[str, Any]:
    """What is neither about the plan nor about a trial."""
    names = ("default_payment_method", "description", "pause_collection")
    changes: dict[str, Any] = {name: params[name] for name in names if name in params}
    if changes.get("default_payment_method"):
        method = changes["default_payment_method"]
        beginnings.refuse_foreign_method(account, method, before["customer"])
    collection: dict[str, Any] = params.get("pause_collection") or {}
    if collection:
        changes["pause_collection"] = {"resumes_at": None} | collection
    if "metadata" in params:
        changes["metadata"] = merged(before["metadata"], params["metadata"])
    if params.get("trial_settings"):
        changes["trial_settings"] = before["trial_settings"] | params["trial_settings"]
    changes |= subscriptions.ending(account, before, params)
    details: dict[str, Any] = params.get("cancellation_details") or {}
    if details:
        kept = changes.get("cancellation_details") or before["cancellation_details"]
        changes["cancellation_details"] = {**kept, **details}
    return changes


def _plan(account: Account, before: Document, params: Params) -> Plan | None:
    """The plan afterwards; None when nothing is asked that has to do with it."""
    anew = (params.get("billing_cycle_anchor") or {}).get("type") == "now"
    trial_end = params.get("trial_end")
    if not (params.get("items") or anew or trial_end):
        return None
    plan = plan_changes.plan(
        account,
        before,
        params.get("items") or [],
        behavior=params.get("proration_behavior") or "create_prorations",
        at=params.get("proration_date") or account.now(),
        anew=anew,
    )
    if trial_end is None:
        return plan
    if trial_end == "now" and before["status"] == "trialing":
        return plan_changes.begun_anew(plan, account.now())
    return plan_changes.until(plan, trial_end) if trial_end != "now" else plan


def _trial(account: Account, before: Document, trial_end: int | str | None) -> dict[str, Any]:
    now = account.now()
    if trial_end is None:
        return {}
    if trial_end == "now":
        ends = before["status"] == "trialing"
        return {"billing_cycle_anchor": now, "status": "active", "trial_end": now} if ends else {}
    if int(trial_end) <= now:
        raise errors.invalid("Invalid timestamp: must be an integer in the future.", "trial_end")
    return {
        "billing_cycle_anchor": trial_end,
        "status": "trialing",
        "trial_end": trial_end,
        "trial_start": before["trial_start"] or now,
    }


def pause(account: Account, params: Params, subscription_id: str) -> Document:
    bill_for: dict[str, Any] = params.get("bill_for") or {}
    unused: dict[str, Any] = bill_for.get("unused_time_from") or {}
    return subscriptions.pause(
        account,
        account.get("subscription", subscription_id),
        unused_time_from=unused.get("type") or "now",
        invoicing_behavior=params.get("invoicing_behavior") or "pending_invoice_item",
    )


def resume(account: Account, params: Params, subscription_id: str) -> Document:
    anchor: dict[str, Any] = params.get("billing_cycle_anchor") or {}
    return subscriptions.resume(
        account,
        account.get("subscription", subscription_id),
        anchor=anchor.get("type") or "now",
        payment_behavior=params.get("payment_behavior") or "resume_on_payment_attempt",
        proration_behavior=params.get("proration_behavior") or "create_prorations",
    )


def cancel(account: Account, params: Params, subscription_id: str) -> Document:
    before = account.get("subscription", subscription_id)
    if before["status"] in subscriptions.ENDED:
        raise errors.no_such("subscription", subscription_id)
    return subscriptions.end(account, before, params.get("cancellation_details"))


def list_(account: Account, params: Params) -> Document:
    return lists.newest(
        account, "subscription", "/v1/subscriptions", params, lambda s: _wanted(s, params)
    )


def _wanted(subscription: Document, params: Params) -> bool:
    items = items_of(subscription)
    return (
        _of_status(subscription["status"], params.get("status"))
        and params.get("customer") in (None, subscription["customer"])
        and params.get("test_clock") in (None, subscription["test_clock"])
        and params.get("collection_method") in (None, subscription["collection_method"])
        and ("price" not in params or any(i["price"]["id"] == params["price"] for i in items))
        and within(params.get("created"), subscription["created"])
        and all(
            any(within(params.get(bound), item[bound]) for item in items)
            for bound in ("current_period_start", "current_period_end")
        )
    )


def _of_status(status: str, wanted: str | None) -> bool:
    """Unasked, the list leaves out what has been canceled."""
    if wanted is None:
        return status != "canceled"
    return wanted == "all" or (
        status in subscriptions.ENDED if wanted == "ended" else status == wanted
    )


ROUTES = [
    post("/subscriptions", beginnings.begin, CREATE),
    index(
        "/subscriptions",
        list_,
        {
            "collection_method": choice("charge_automatically", "send_invoice"),
            "created": Span(),
            "current_period_end": Span(),
            "current_period_start": Span(),
            "customer": Text(),
            "price": Text(),
            "status": choice("all", "ended", *STATUSES),
            "test_clock": Text(),
        },
    ),
    get("/subscriptions/<subscription_id>", retrieve),
    post("/subscriptions/<subscription_id>", update, UPDATE),
    delete(
        "/subscriptions/<subscription_id>",
        cancel,
        {"cancellation_details": CANCELLATION},
    ),
    post(
        "/subscriptions/<subscription_id>/pause",
        pause,
        {
            "bill_for": Nested(
                {
                    "unused_time_from": Nested(
                        {"type": choice("item_current_period_start", "none", "now", required=True)}
                    )
                }
            ),
            "invoicing_behavior": choice("invoice", "pending_invoice_item"),
            "type": choice("subscription"),
        },
    ),
    post(
        "/subscriptions/<subscription_id>/resume",
        resume,
        {
            "billing_cycle_anchor": ANCHOR,
            "payment_behavior": choice("resume_on_payment_attempt", "resume_on_payment_success"),
            "proration_behavior": choice(*PRORATIONS),
        },
    ),
]
