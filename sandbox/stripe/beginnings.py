"""`POST /v1/subscriptions`: one begun by the API, with its first invoice."""

from typing import Any

from sandbox.store import Document
from sandbox.stripe import (
    checkout_lines,
    discounts,
    errors,
    invoice_state,
    invoices,
    payment_api,
    plan_changes,
    subscription_documents,
    subscription_state,
    subscriptions,
    trials,
)
from sandbox.stripe.account import Account
from sandbox.stripe.params import merged
from sandbox.stripe.routes import Params
from sandbox.stripe.subscription_state import items_of, with_items

DAY = 24 * 60 * 60
NO_METHOD = (
    "This customer has no attached payment source or default payment method. Please consider "
    "adding a default payment method."
)


def begin(account: Account, params: Params) -> Document:
    """Active, in trial, or incomplete while its first invoice is not paid. Raises Refusal."""
    customer = account.get("customer", params["customer"], param="customer")
    lines = _lines(account, params)
    trial_end = _trial_end(account, params)
    method = _method(account, params, customer)
    behavior = params.get("payment_behavior") or "allow_incomplete"
    off_session = bool(params.get("off_session"))
    if not trial_end and behavior != "default_incomplete" and _total(lines):
        _refuse_unpayable(account, method, strict=behavior == "error_if_incomplete")
        if behavior == "error_if_incomplete":
            refuse_unpaid(account, method, off_session=off_session)
    subscription = _started(account, params, customer, lines, trial_end)
    account.emit("customer.subscription.created", subscription)
    invoice = invoices.raise_(account, subscription, reason="subscription_create")
    carried = invoices.carried(account, subscription, invoice)
    account.save({**subscription, **carried})
    invoice = invoice_state.finalize(account, invoice)
    if invoice["status"] == "open":
        # It is charged now or by whoever pays it, and never by the clock.
        invoice = invoice_state.change(account, invoice, auto_advance=False)
        if behavior != "default_incomplete":
            invoices.pay(account, invoice, off_session=off_session)
    return _after_its_debit(account, subscription["id"])


def _lines(account: Account, params: Params) -> list[Document]:
    lines: list[Document] = [
        {
            "price": plan_changes.priced(account, given.get("price"), f"items[{place}][price]"),
            "quantity": 1 if given.get("quantity") is None else given["quantity"],
        }
        for place, given in enumerate(params["items"] or [])
    ]
    if not lines:
        raise errors.missing("items")
    if len({line["price"]["currency"] for line in lines}) > 1:
        raise errors.Refusal("All prices on a subscription must have the same currency.")
    return lines


def _total(lines: list[Document]) -> int:
    return sum(line["price"]["unit_amount"] * line["quantity"] for line in lines)


def _trial_end(account: Account, params: Params) -> int | None:
    days, end = params.get("trial_period_days"), params.get("trial_end")
    if days and end:
        raise errors.Refusal("You may only specify one of trial_end and trial_period_days.")
    if end == "now":
        return None
    if end is not None and end <= account.now():
        raise errors.invalid("Invalid timestamp: must be an integer in the future.", "trial_end")
    return account.now() + days * DAY if days else end


def _method(account: Account, params: Params, customer: Document) -> str | None:
    default: str | None = customer["invoice_settings"]["default_payment_method"]
    chosen = params.get("default_payment_method")
    if chosen:
        refuse_foreign_method(account, chosen, customer["id"])
    return chosen or default


def refuse_foreign_method(account: Account, method_id: str, customer: str) -> None:
    """A default payment method must be attached to the customer."""
    param = "default_payment_method"
    if account.get("payment_method", method_id, param=param)["customer"] != customer:
        raise errors.invalid(
            "The customer does not have a payment method with the ID "
            f"{method_id}. The payment method must be attached to the customer.",
            param,
        )


def _refuse_unpayable(account: Account, method: str | None, *, strict: bool) -> None:
    if method is None:
        raise errors.Refusal(
            NO_METHOD,
            status=402 if strict else 400,
            code="resource_missing",
        )
    account.get("payment_method", method)


def refuse_unpaid(account: Account, method_id: str | None, *, off_session: bool) -> None:
    """For `error_if_incomplete`: nothing is done when the charge would not succeed."""
    if method_id is None:
        raise errors.Refusal(NO_METHOD, status=402, code="resource_missing")
    method = account.get("payment_method", method_id)
    if payment_api.is_challenged(method, off_session=off_session):
        raise errors.Refusal(
            "Your card was declined. This transaction requires authentication.",
            status=402,
            kind="card_error",
            code="authentication_required",
            decline_code="authentication_required",
        )


def _started(
    account: Account,
    params: Params,
    customer: Document,
    lines: list[Document],
    trial_end: int | None,
) -> Document:
    subscription = subscription_documents.subscription(
        now=account.now(),
        customer=customer,
        lines=lines,
        method=params.get("default_payment_method"),
        metadata=merged({}, params.get("metadata")),
        trial_end=trial_end,
    )
    anchor = params.get("billing_cycle_anchor")
    if anchor and not trial_end:
        subscription |= _anchored(account, subscription, anchor)
    subscription["description"] = params.get("description")
    subscription["trial_settings"] |= params.get("trial_settings") or {}
    subscription |= subscriptions.ending(account, subscription, params)
    # From here on nothing is refused any more: what is refused must leave nothing behind.
    subscription["discounts"] = _discounted(account, params, subscription, lines)
    trials.give_notice(account, subscription)
    if not trial_end:
        subscription["status"] = "incomplete"
    return account.save(subscription)


def _discounted(
    account: Account, params: Params, subscription: Document, lines: list[Document]
) -> list[str]:
    given = [{"price": line["price"]["id"], "quantity": line["quantity"]} for line in lines]
    bought = checkout_lines.asked(account, given, "subscription")
    chosen = checkout_lines.chosen(account, params, bought)
    discounts.redeem(account, chosen)
    customer = subscription["customer"]
    return discounts.begin(
        account, chosen, session=None, customer=customer, subscription=subscription["id"]
    )


def _anchored(account: Account, subscription: Document, anchor: int) -> dict[str, Any]:
    if anchor <= account.now():
        raise errors.invalid("billing_cycle_anchor must be in the future.", "billing_cycle_anchor")
    items = [{**item, "current_period_end": anchor} for item in items_of(subscription)]
    return {"billing_cycle_anchor": anchor, **with_items(subscription, items)}


def _after_its_debit(account: Account, subscription_id: str) -> Document:
    """One whose debit is on its way is active meanwhile, as Stripe has it."""
    subscription = account.get("subscription", subscription_id)
    if subscription["status"] != "incomplete":
        return subscription
    invoice = account.get("invoice", subscription["latest_invoice"])
    link = invoice_state.payment_of(account, invoice)
    intent = link and account.get("payment_intent", link["payment"]["payment_intent"])
    if intent and intent["status"] == "processing":
        return subscription_state.change(account, subscription, {"status": "active"})
    return subscription
