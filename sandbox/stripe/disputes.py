"""Disputes: a bank takes a payment back, or only asks about it, and decides in the end.

An inquiry (`warning_…`) moves no money. A dispute (`needs_response`) takes the amount and a fee at
once; winning it brings the amount back. A charge that was disputed stays `disputed` for good.
Nothing of this changes a subscription.
"""

from typing import Any

from sandbox import ids
from sandbox.shelf import Hour
from sandbox.store import Document
from sandbox.stripe import errors, fraud_warnings
from sandbox.stripe.account import Account
from sandbox.stripe.timed import Timed

KIND = "dispute"
DAY = 24 * 60 * 60
DAYS_TO_RESPOND = 7
FEE = 2000
# Reasons, and the code by which Visa names each of them.
REASONS = {
    "credit_not_processed": "13.7",
    "duplicate": "12.6.1",
    "fraudulent": "10.4",
    "general": None,
    "product_not_received": "13.1",
    "product_unacceptable": "13.3",
    "subscription_canceled": "13.2",
    "unrecognized": "10.4",
}
OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")
# What a shop may say in its defence, as the API names it.
EVIDENCE = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)


def open_(account: Account, charge_id: str, reason: str = "fraudulent") -> Document:
    """The bank takes the money of a charge back. One charge has one open dispute at most."""
    dispute = _opened(account, charge_id, reason, "needs_response")
    account.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def warn(account: Account, charge_id: str, reason: str = "fraudulent") -> Document:
    """The bank only asks: no money moves unless it is escalated."""
    return _opened(account, charge_id, reason, "warning_needs_response")


def escalate(account: Account, dispute_id: str) -> Document:
    """An inquiry becomes a dispute."""
    before = still(account, dispute_id, "warning_needs_response", "warning_under_review")
    after = _change(account, before, **_withdrawn(account, before), status="needs_response")
    account.emit("charge.dispute.updated", after, before)
    account.emit("charge.dispute.funds_withdrawn", after)
    return after


def win(account: Account, dispute_id: str) -> Document:
    """The bank agrees with the shop, and the money comes back. An inquiry is closed."""
    before = still(account, dispute_id, *OPEN)
    if before["status"].startswith("warning"):
        return _closed(account, before, status="warning_closed")
    returned = [*before["balance_transactions"], _movement(account, before, before["amount"], 0)]
    after = _closed(
        account, before, status="won", balance_transactions=returned, is_charge_refundable=True
    )
    account.emit("charge.dispute.funds_reinstated", after)
    return after


def lose(account: Account, dispute_id: str) -> Document:
    """The bank agrees with its customer: what was taken stays away."""
    before = still(account, dispute_id, *OPEN)
    if before["status"].startswith("warning"):
        before = escalate(account, dispute_id)
    return _closed(account, before, status="lost")


def _when(dispute: Document) -> Hour:
    answered = dispute["status"] not in ("needs_response", "warning_needs_response")
    return None, None if answered else int(dispute["evidence_details"]["due_by"])


def _expire(account: Account, dispute: Document) -> None:
    """What nobody answers in time is lost; an inquiry is only over."""
    inquiry = dispute["status"].startswith("warning")
    (win if inquiry else lose)(account, dispute["id"])


def _opened(account: Account, charge_id: str, reason: str, status: str) -> Document:
    charge = account.get("charge", charge_id, param="charge")
    if reason not in REASONS:
        raise errors.invalid(f"Nobody disputes a payment for {reason!r}.", "reason")
    if charge["status"] != "succeeded":
        raise errors.Refusal(f"Charge {charge_id} was not successful: there is nothing to dispute.")
    if any(d["status"] in (*OPEN, "lost") for d in account.all("dispute", charge=charge_id)):
        raise errors.Refusal(f"Charge {charge_id} has been disputed already.")
    dispute = _new(account, charge, reason, status)
    if status == "needs_response":
        dispute |= _withdrawn(account, dispute)
    disputed = account.save({**charge, "disputed": True})
    account.emit("charge.dispute.created", account.save(dispute))
    fraud_warnings.settle(account, disputed)
    return dispute


def _new(account: Account, charge: Document, reason: str, status: str) -> Document:
    now = account.now()
    used = charge["payment_method_details"].get("card", {})
    card = {
        "brand": used.get("brand"),
        "case_type": "inquiry" if status.startswith("warning") else "chargeback",
        "network": used.get("network"),
        "network_reason_code": REASONS[reason],
    }
    return {
        "id": ids.new("du"),
        "object": "dispute",
        "amount": charge["amount"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": _no_evidence(charge),
        "evidence_details": {
            "due_by": now + DAYS_TO_RESPOND * DAY,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": True,
        "livemode": False,
        "metadata": {},
        "network_reason_code": REASONS[reason],
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {"card": card, "type": "card"} if used else None,
        "reason": reason,
        "status": status,
    }


def _no_evidence(charge: Document) -> Document:
    """What the sandbox knows by itself; the rest is for the shop to say."""
    billing = charge["billing_details"]
    known = {"customer_email_address": billing["email"], "customer_name": billing["name"]}
    return {**dict.fromkeys(EVIDENCE), **known, "enhanced_evidence": {}}


def _withdrawn(account: Account, dispute: Document) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "balance_transactions": [_movement(account, dispute, -dispute["amount"], FEE)],
        "is_charge_refundable": False,
    }
    method = dispute["payment_method_details"]
    if method:
        card = {**method["card"], "case_type": "chargeback"}
        changes["payment_method_details"] = {**method, "card": card}
    return changes


def _movement(account: Account, dispute: Document, amount: int, fee: int) -> Document:
    currency = dispute["currency"]
    fees = {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": "Dispute fee",
        "type": "stripe_fee",
    }
    return {
        "id": ids.new("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": account.now(),
        "balance_type": "payments",
        "created": account.now(),
        "currency": currency,
        "description": f"Chargeback {'withdrawal' if fee else 'reversal'} for {dispute['charge']}",
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [fees] if fee else [],
        "net": amount - fee,
        "reporting_category": "dispute" if fee else "dispute_reversal",
        "source": dispute["id"],
        "status": "available",
        "type": "adjustment",
    }


def still(account: Account, dispute_id: str, *statuses: str) -> Document:
    """A dispute that has one of these statuses; else a refusal that tells its own."""
    dispute = account.get("dispute", dispute_id)
    if dispute["status"] not in statuses:
        raise errors.Refusal(f"Dispute {dispute_id} is {dispute['status']} already.")
    return dispute


def _change(account: Account, before: Document, **changes: Any) -> Document:
    return account.save({**before, **changes})


def _closed(account: Account, before: Document, **changes: Any) -> Document:
    after = _change(account, before, **changes)
    account.emit("charge.dispute.closed", after)
    return after


TIMED = Timed(KIND, _when, _expire)
