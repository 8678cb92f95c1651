"""`/v1/invoices`, `/v1/invoice_payments`, `/v1/invoiceitems`."""

from typing import Any

from sandbox.store import Document
from sandbox.stripe import (
    errors,
    invoice_preview,
    invoice_state,
    invoices,
    lists,
    payment_api,
)
from sandbox.stripe.account import Account
from sandbox.stripe.params import Flag, Nested, Span, Text, choice, within
from sandbox.stripe.routes import Params, get, index, post
from sandbox.stripe.subscription_state import subscription_id

STATUSES = ("draft", "open", "paid", "uncollectible", "void")


def retrieve(account: Account, _params: Params, invoice_id: str) -> Document:
    return account.get("invoice", invoice_id)


def list_(account: Account, params: Params) -> Document:
    def wanted(invoice: Document) -> bool:
        return (
            params.get("customer") in (None, invoice["customer"])
            and params.get("status") in (None, invoice["status"])
            and params.get("collection_method") in (None, invoice["collection_method"])
            and params.get("subscription") in (None, subscription_id(invoice))
            and within(params.get("created"), invoice["created"])
        )

    return lists.newest(account, "invoice", "/v1/invoices", params, wanted)


def list_lines(account: Account, params: Params, invoice_id: str) -> Document:
    lines = account.get("invoice", invoice_id)["lines"]
    return lists.page(lines["url"], list(reversed(lines["data"])), params)


def retrieve_payment(account: Account, _params: Params, payment_id: str) -> Document:
    return account.get("invoice_payment", payment_id)


def list_payments(account: Account, params: Params) -> Document:
    payment: dict[str, Any] = params.get("payment") or {}

    def wanted(found: Document) -> bool:
        return (
            params.get("invoice") in (None, found["invoice"])
            and params.get("status") in (None, found["status"])
            and all(found["payment"].get(name) == value for name, value in payment.items())
            and within(params.get("created"), found["created"])
        )

    url = "/v1/invoice_payments"
    return lists.newest(account, "invoice_payment", url, params, wanted, by="invoice")


def pay(account: Account, params: Params, invoice_id: str) -> Document:
    """Its owner is not there, unless the call says so; a decline is an answer of 402."""
    before = account.get("invoice", invoice_id)
    if before["status"] not in ("draft", "open", "uncollectible"):
        raise errors.Refusal(
            "Invoice is already paid" if before["status"] == "paid" else "Invoice is voided",
            code="invoice_not_open" if before["status"] == "void" else None,
        )
    if params.get("paid_out_of_band"):
        opened = invoice_state.finalize(account, before) if before["status"] == "draft" else before
        return opened if opened["status"] == "paid" else invoice_state.settle(account, opened)
    off_session = params.get("off_session") is not False
    method = _method(account, params, before)
    invoice = invoices.pay(account, before, method, off_session=off_session)
    if invoice["status"] == "open":
        _refuse_unpaid(method, off_session=off_session)
    return invoice


def _method(account: Account, params: Params, invoice: Document) -> Document:
    chosen = params.get("payment_method")
    default = chosen or invoice_state.default_method(account, invoice)
    if default is None:
        raise errors.Refusal(
            "There is no `default_payment_method` set on this Customer or Invoice. Please attach "
            "a payment method, or pass one as `payment_method`.",
            code="resource_missing",
        )
    method = account.get("payment_method", default, param="payment_method")
    if method["customer"] != invoice["customer"]:
        raise errors.invalid(
            "The payment method you provided is not attached to the invoice's customer.",
            "payment_method",
        )
    return method


def _refuse_unpaid(method: Document, *, off_session: bool) -> None:
    if payment_api.is_challenged(method, off_session=off_session):
        raise errors.Refusal(
            "This invoice's payment requires additional user action before it can be completed.",
            status=402,
            code="invoice_payment_intent_requires_action",
        )


def finalize(account: Account, params: Params, invoice_id: str) -> Document:
    before = account.get("invoice", invoice_id)
    if before["status"] != "draft":
        raise errors.Refusal(
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
            code="invoice_not_editable",
        )
    if "auto_advance" in params:
        before = account.save({**before, "auto_advance": bool(params["auto_advance"])})
    invoice = invoice_state.finalize(account, before)
    if invoice["status"] == "open" and invoice["auto_advance"]:
        # Charged by the clock, as soon as somebody looks: Stripe does it about an hour later.
        again = account.now() + invoices.HOUR
        return invoice_state.change(account, invoice, next_payment_attempt=again)
    return invoice


def void(account: Account, _params: Params, invoice_id: str) -> Document:
    return invoice_state.void(account, _given_up(account, invoice_id, ("open", "uncollectible")))


def mark_uncollectible(account: Account, _params: Params, invoice_id: str) -> Document:
    return invoice_state.mark_uncollectible(account, _given_up(account, invoice_id, ("open",)))


def _given_up(account: Account, invoice_id: str, allowed: tuple[str, ...]) -> Document:
    invoice = account.get("invoice", invoice_id)
    if invoice["status"] not in allowed:
        raise errors.Refusal(
            f"You can only do this to an invoice that is {' or '.join(allowed)}. This one is "
            f"{invoice['status']}.",
            code="invoice_not_open",
        )
    return invoice


def list_items(account: Account, params: Params) -> Document:
    def wanted(item: Document) -> bool:
        waits = params.get("pending")
        return (
            params.get("customer") in (None, item["customer"])
            and params.get("invoice") in (None, item["invoice"])
            and (waits is None or (item["invoice"] is None) == waits)
            and within(params.get("created"), item["date"])
        )

    return lists.newest(account, "invoiceitem", "/v1/invoiceitems", params, wanted)


def retrieve_item(account: Account, _params: Params, item_id: str) -> Document:
    return account.get("invoiceitem", item_id)


ROUTES = [
    index(
        "/invoices",
        list_,
        {
            "collection_method": choice("charge_automatically", "send_invoice"),
            "created": Span(),
            "customer": Text(),
            "status": choice(*STATUSES),
            "subscription": Text(),
        },
    ),
    get("/invoices/<invoice_id>", retrieve),
    index("/invoices/<invoice_id>/lines", list_lines),
    index(
        "/invoice_payments",
        list_payments,
        {
            "created": Span(),
            "invoice": Text(),
            "payment": Nested(
                {"payment_intent": Text(), "type": choice("payment_intent", required=True)}
            ),
            "status": choice("canceled", "open", "paid"),
        },
    ),
    get("/invoice_payments/<payment_id>", retrieve_payment),
    post("/invoices/create_preview", invoice_preview.create, invoice_preview.TABLE),
    post("/invoices/<invoice_id>/finalize", finalize, {"auto_advance": Flag()}),
    post(
        "/invoices/<invoice_id>/pay",
        pay,
        {"off_session": Flag(), "paid_out_of_band": Flag(), "payment_method": Text()},
    ),
    post("/invoices/<invoice_id>/mark_uncollectible", mark_uncollectible),
    post("/invoices/<invoice_id>/void", void),
    index(
        "/invoiceitems",
        list_items,
        {"created": Span(), "customer": Text(), "invoice": Text(), "pending": Flag()},
    ),
    get("/invoiceitems/<item_id>", retrieve_item),
]
