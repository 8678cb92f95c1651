"""`POST /v1/invoices/create_preview`: what the next invoice would say. Nothing is saved."""

from typing import Any

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import (
    discounts,
    errors,
    invoice_documents,
    invoices,
    plan_changes,
    prorations,
    subscription_documents,
)
from sandbox.stripe.account import Account
from sandbox.stripe.params import Integer, Nested, Table, Text, choice
from sandbox.stripe.routes import Params
from sandbox.stripe.subscription_state import ENDED, items_of

TABLE: Table = {
    "customer": Text(),
    "subscription": Text(required=True),
    "subscription_details": Nested(
        {
            "items": plan_changes.ITEMS,
            "proration_behavior": choice(*plan_changes.PRORATIONS),
            "proration_date": Integer(),
        }
    ),
}


def create(account: Account, params: Params) -> Document:
    """Of the next renewal; or of now, for a change that is invoiced at once."""
    subscription = account.get("subscription", params["subscription"], param="subscription")
    if subscription["status"] in ENDED:
        raise errors.Refusal("No upcoming invoices for customer.", code="invoice_upcoming_none")
    customer = account.get("customer", subscription["customer"])
    details: dict[str, Any] = params.get("subscription_details") or {}
    behavior = details.get("proration_behavior") or "create_prorations"
    at = details.get("proration_date") or account.now()
    plan = plan_changes.plan(
        account, subscription, details.get("items") or [], behavior=behavior, at=at
    )
    id_ = ids.new("upcoming_in")
    pending = [*prorations.pending(account, subscription), *plan.prorations]
    lines = [prorations.line(item, id_) for item in pending]
    now = plan.begins_anew or (behavior == "always_invoice" and bool(plan.prorations))
    items = plan.items if plan.begins_anew else [] if now else _next(subscription, plan.items)
    # What a trial costs is nothing; what comes after it is what is asked for here.
    charged = {**subscription, "status": "active"}
    lines += [invoices.line(account, id_, charged, item) for item in items]
    moment = account.now() if now else max(item["current_period_start"] for item in items)
    invoice = invoice_documents.invoice(
        id_=id_,
        now=moment,
        customer=customer,
        subscription=subscription,
        lines=lines,
        reason="subscription_update" if now else "upcoming",
        period=(_since(subscription), moment),
    )
    running = discounts.lasting(account, subscription["discounts"], ())
    invoice = discounts.on_invoice(account, invoice, running)
    due = max(invoice["total"] + customer["balance"], 0)
    return {**invoice, "amount_due": due, "amount_remaining": due}


def _next(subscription: Document, items: list[Document]) -> list[Document]:
    """The items in their next period."""
    anchor = subscription["billing_cycle_anchor"]
    return [
        subscription_documents.renewed(item, item["current_period_end"], anchor) for item in items
    ]


def _since(subscription: Document) -> int:
    return min(int(item["current_period_start"]) for item in items_of(subscription))
