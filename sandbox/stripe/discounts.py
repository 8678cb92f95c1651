"""Discounts: a coupon at work, on a subscription and on each of its invoices."""

from collections.abc import Sequence
from typing import Any

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import coupons, promotion_codes
from sandbox.stripe.account import Account
from sandbox.stripe.periods import later

Chosen = Sequence[dict[str, str | None]]  # a session's `discounts`: coupon or promotion code


def coupon_of(account: Account, chosen: dict[str, str | None]) -> Document | None:
    """The coupon behind an entry of a session's `discounts`."""
    if chosen["promotion_code"]:
        code = account.get("promotion_code", chosen["promotion_code"])
        return account.find("coupon", code["promotion"]["coupon"])
    return account.find("coupon", chosen["coupon"] or "")


def redeem(account: Account, chosen: Chosen) -> None:
    """Count the use of what was put on a checkout that is complete now."""
    for each in chosen:
        coupon = coupon_of(account, each)
        if coupon:
            coupons.redeemed(account, coupon["id"])
        if each["promotion_code"]:
            promotion_codes.redeemed(account, each["promotion_code"])


def begin(
    account: Account, chosen: Chosen, *, session: str | None, customer: str, subscription: str
) -> list[str]:
    """The Discounts of a new subscription, saved; their ids."""
    found = [(each, coupon_of(account, each)) for each in chosen]
    return [
        account.save(
            {
                "id": ids.new("di"),
                "object": "discount",
                "checkout_session": session,
                "customer": customer,
                "customer_account": None,
                "end": _end(account, coupon),
                "invoice": None,
                "invoice_item": None,
                "promotion_code": each["promotion_code"],
                "source": {"coupon": coupon["id"], "type": "coupon"},
                "start": account.now(),
                "subscription": subscription,
                "subscription_item": None,
            }
        )["id"]
        for each, coupon in found
        if coupon
    ]


def _end(account: Account, coupon: Document) -> int | None:
    if coupon["duration"] != "repeating":
        return None
    return later(account.now(), "month", coupon["duration_in_months"])


def on_invoice(account: Account, invoice: Document, discount_ids: Sequence[str]) -> Document:
    """An invoice of a subscription with what its discounts take off; not saved.

    Its lines, `discounts`, `total_discount_amounts`, `total` and what is due are set.
    """
    running = [account.get("discount", id_) for id_ in discount_ids]
    amounts = coupons.discount(account, invoice["lines"]["data"], running)
    lines = [
        {
            **line,
            "discount_amounts": each,
            "pretax_credit_amounts": [{**one, "type": "discount"} for one in each],
        }
        for line, each in zip(invoice["lines"]["data"], amounts, strict=True)
    ]
    sums: dict[str, int] = {}
    for one in (one for each in amounts for one in each):
        sums[one["discount"]] = sums.get(one["discount"], 0) + one["amount"]
    totals = [{"amount": amount, "discount": id_} for id_, amount in sums.items()]
    return {
        **invoice,
        **_due(invoice, invoice["subtotal"] - sum(sums.values())),
        "discounts": list(sums),
        "lines": {**invoice["lines"], "data": lines},
        "total_discount_amounts": totals,
        "total_pretax_credit_amounts": [{**one, "type": "discount"} for one in totals],
    }


def _due(invoice: Document, total: int) -> dict[str, Any]:
    paid = invoice["status"] == "paid"
    return {
        "amount_due": max(total, 0),
        "amount_paid": total if paid else 0,
        "amount_remaining": 0 if paid else max(total, 0),
        "total": total,
        "total_excluding_tax": total,
    }


def lasting(account: Account, discount_ids: Sequence[str], used: Sequence[str]) -> list[str]:
    """Which of a subscription's discounts go on, when an invoice has used some of them.

    One that applies once is over when it was used, a repeating one when its months are.
    """
    return [
        id_
        for id_ in discount_ids
        if not _over(account, account.get("discount", id_), was_used=id_ in used)
    ]


def _over(account: Account, discount: Document, *, was_used: bool) -> bool:
    coupon = account.find("coupon", discount["source"]["coupon"])
    once = coupon is None or coupon["duration"] == "once"
    return (once and was_used) or (discount["end"] is not None and account.now() >= discount["end"])
