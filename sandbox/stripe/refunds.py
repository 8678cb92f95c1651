"""Refunds: of all or of part of a charge, at once or pending, and those that fail afterwards.

A refund counts in its charge's `amount_refunded` from the moment it is asked for. One that fails
or is canceled gives the amount back. It never changes a subscription.
"""

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import errors, fraud_warnings, lists
from sandbox.stripe.account import Account
from sandbox.stripe.money import amount as told
from sandbox.stripe.params import Integer, Metadata, Span, Table, Text, choice, merged, within
from sandbox.stripe.routes import Params, get, index, post

FAILURES = ("expired_or_canceled_card", "lost_or_stolen_card", "unknown")


def refund(account: Account, params: Params, *, pending: bool = False) -> Document:
    """Give back `amount` of a `charge` or a `payment_intent`; what is left of it by default.

    A `pending` one waits for `settle` or `fail`. Raises Stripe's refusal for more than is left,
    and for a charge whose bank has already taken the money back.
    """
    charge = _refundable(account, params)
    left = charge["amount"] - charge["amount_refunded"]
    amount = params.get("amount") or left
    if left == 0:
        raise errors.Refusal(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    if amount > left:
        raise errors.invalid(
            f"Refund amount ({told(amount, charge['currency'])}) is greater than unrefunded "
            f"amount on charge ({told(left, charge['currency'])})",
            "amount",
        )
    status = "pending" if pending else "succeeded"
    document = account.save(_refund(account, params, charge, amount, status))
    after = _count(account, charge, amount)
    account.emit("refund.created", document)
    account.emit("charge.refunded", after, charge)
    fraud_warnings.settle(account, after)
    return document


def settle(account: Account, refund_id: str) -> Document:
    """The bank has taken a pending refund."""
    before = _pending(account, refund_id)
    after = account.save({**before, "pending_reason": None, "status": "succeeded"})
    _announce(account, after, before, "refund.updated", "charge.refund.updated")
    return after


def fail(account: Account, refund_id: str, reason: str = "unknown") -> Document:
    """The money comes back: also days after a refund that looked as if it had succeeded."""
    before = account.get("refund", refund_id)
    if before["status"] not in ("pending", "succeeded"):
        raise errors.Refusal(f"Refund {refund_id} has {before['status']} already.")
    if reason not in FAILURES:
        raise errors.Refusal(f"No refund fails for {reason!r}.")
    changes = {"failure_balance_transaction": ids.new("txn"), "failure_reason": reason}
    after = _undo(account, before, {**changes, "status": "failed"})
    _announce(account, after, before, "refund.updated", "charge.refund.updated", "refund.failed")
    return after


def cancel(account: Account, _params: Params, refund_id: str) -> Document:
    before = _pending(account, refund_id)
    after = _undo(account, before, {"status": "canceled"})
    _announce(account, after, before, "refund.updated", "charge.refund.updated")
    return after


def _pending(account: Account, refund_id: str) -> Document:
    found = account.get("refund", refund_id)
    if found["status"] != "pending":
        raise errors.Refusal(f"Refund {refund_id} is {found['status']}, and no longer pending.")
    return found


def _undo(account: Account, before: Document, changes: Params) -> Document:
    charge = account.get("charge", before["charge"])
    _count(account, charge, -before["amount"])
    return account.save({**before, "pending_reason": None, **changes})


def _count(account: Account, charge: Document, amount: int) -> Document:
    refunded = charge["amount_refunded"] + amount
    return account.save(
        {**charge, "amount_refunded": refunded, "refunded": refunded == charge["amount"]}
    )


def _announce(account: Account, after: Document, before: Document, *types: str) -> None:
    for type_ in types:
        account.emit(type_, after, before)


def _refundable(account: Account, params: Params) -> Document:
    charge = _charge(account, params)
    if charge["status"] != "succeeded":
        raise errors.Refusal(f"Charge {charge['id']} was not successful, and cannot be refunded.")
    if account.all("dispute", charge=charge["id"], is_charge_refundable=False):
        raise errors.Refusal(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    return charge


def _charge(account: Account, params: Params) -> Document:
    if bool(params.get("charge")) == bool(params.get("payment_intent")):
        raise errors.Refusal(
            "One of the following params should be provided for this request: "
            "payment_intent or charge."
        )
    if params.get("charge"):
        return account.get("charge", params["charge"], param="charge")
    intent = account.get("payment_intent", params["payment_intent"], param="payment_intent")
    if intent["status"] != "succeeded":
        raise errors.Refusal(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        )
    return account.get("charge", intent["latest_charge"])


def _refund(
    account: Account, params: Params, charge: Document, amount: int, status: str
) -> Document:
    kind = charge["payment_method_details"]["type"]
    reference = {"reference_status": "pending", "reference_type": "acquirer_reference_number"}
    destination = {**reference, "type": "refund"} if kind == "card" else {}
    return {
        "id": ids.new("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": ids.new("txn"),
        "charge": charge["id"],
        "created": account.now(),
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": {kind: destination, "type": kind},
        "metadata": merged({}, params.get("metadata")),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "pending_reason": "processing" if status == "pending" else None,
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }


def retrieve(account: Account, _params: Params, refund_id: str) -> Document:
    return account.get("refund", refund_id)


def update(account: Account, params: Params, refund_id: str) -> Document:
    before = account.get("refund", refund_id)
    metadata = merged(before["metadata"], params.get("metadata")) if "metadata" in params else None
    after = account.save(before if metadata is None else {**before, "metadata": metadata})
    if after != before:
        _announce(account, after, before, "refund.updated", "charge.refund.updated")
    return after


def list_(account: Account, params: Params) -> Document:
    names = {"charge", "payment_intent"} & params.keys()
    found = [
        document
        for document in account.all("refund", **{name: params[name] for name in names})
        if within(params.get("created"), document["created"])
    ]
    return lists.page("/v1/refunds", found, params)


CREATE: Table = {
    "amount": Integer(1),
    "charge": Text(),
    "metadata": Metadata(),
    "payment_intent": Text(),
    "reason": choice("duplicate", "fraudulent", "requested_by_customer"),
}
ROUTES = [
    post("/refunds", refund, CREATE),
    index("/refunds", list_, {"charge": Text(), "created": Span(), "payment_intent": Text()}),
    get("/refunds/<refund_id>", retrieve),
    post("/refunds/<refund_id>", update, {"metadata": Metadata()}),
    post("/refunds/<refund_id>/cancel", cancel),
]
