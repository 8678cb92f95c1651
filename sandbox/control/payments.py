"""Payments: refunded, disputed, decided."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response

from sandbox.control.desk import HOME, Desk, back
from sandbox.control.words import charge_state
from sandbox.paging import page
from sandbox.store import Document
from sandbox.stripe import disputes, fraud_warnings, refunds
from sandbox.stripe.account import Account
from sandbox.stripe.errors import Refusal
from sandbox.stripe.money import ZERO_DECIMAL, amount

PAYMENTS = f"{HOME}/payments"
Act = Callable[[Account, str], Document]
OPENINGS: Mapping[str, tuple[Callable[[Account, str, str], Document], str]] = {
    "dispute": (disputes.open_, "The payment is disputed."),
    "inquiry": (disputes.warn, "The bank asks about the payment."),
}
DECISIONS: Mapping[str, tuple[Act, str]] = {
    "win": (disputes.win, "The dispute is decided for the shop."),
    "lose": (disputes.lose, "The dispute is lost."),
    "escalate": (disputes.escalate, "The inquiry has become a dispute."),
}
REFUND_ACTS: Mapping[str, tuple[Act, str]] = {
    "fail": (refunds.fail, "The refund has failed, and the money is back."),
    "settle": (refunds.settle, "The refund has arrived."),
}


def register(room: Blueprint, desk: Desk) -> None:
    account = desk.account

    @room.get("/payments")
    def payments() -> str:
        found = page(desk.store, "charge")
        return render_template(
            "sandbox/control/payments.html", page=found, rows=rows(account, found.documents)
        )

    @room.post("/charges/<charge_id>/refund")
    def refund(charge_id: str) -> Response:
        """All that is left of it."""
        return _refund(charge_id)

    @room.post("/charges/<charge_id>/refund-part")
    def refund_part(charge_id: str) -> Response:
        """`amount` as a person writes it: 4.50."""
        charge = account.get("charge", charge_id)
        part = _minor(request.form.get("amount", ""), charge["currency"])
        return _refund(charge_id, amount=part)

    def _refund(charge_id: str, **part: int) -> Response:
        with desk.store.lock:
            given = refunds.refund(account, {"charge": charge_id, **part})
        desk.say(f"{amount(given['amount'], given['currency'])} is refunded.")
        return back(PAYMENTS)

    @room.post("/refunds/<refund_id>/<act>")
    def refund_act(refund_id: str, act: str) -> Response:
        return _act(REFUND_ACTS, act, refund_id)

    @room.post("/charges/<charge_id>/<how>")
    def dispute(charge_id: str, how: str) -> Response:
        if how not in OPENINGS:
            abort(404)
        with desk.store.lock:
            open_, done = OPENINGS[how]
            open_(account, charge_id, request.form.get("reason") or "fraudulent")
        desk.say(done)
        return back(PAYMENTS)

    @room.post("/charges/<charge_id>/fraud-warning")
    def fraud_warning(charge_id: str) -> Response:
        with desk.store.lock:
            fraud_warnings.warn(account, charge_id)
        desk.say("The bank warns that the payment may be fraud.")
        return back(PAYMENTS)

    @room.post("/disputes/<dispute_id>/<act>")
    def decide(dispute_id: str, act: str) -> Response:
        return _act(DECISIONS, act, dispute_id)

    def _act(acts: Mapping[str, tuple[Act, str]], act: str, id_: str) -> Response:
        if act not in acts:
            abort(404)
        do, done = acts[act]
        with desk.store.lock:
            do(account, id_)
        desk.say(done)
        return back(PAYMENTS)


def rows(account: Account, charges: Iterable[Document]) -> list[dict[str, Any]]:
    """What a page shows of each payment, and what can be done to it."""
    return [_row(account, charge) for charge in charges]


def _row(account: Account, charge: Document) -> dict[str, Any]:
    known = account.all("dispute", charge=charge["id"])
    refunded = amount(charge["amount_refunded"], charge["currency"])
    open_now = [dispute for dispute in known if dispute["status"] in disputes.OPEN]
    blocked = any(not dispute["is_charge_refundable"] for dispute in known)
    left = charge["amount"] - charge["amount_refunded"]
    good = charge["status"] == "succeeded"
    return {
        "charge": charge,
        "state": charge_state(charge, refunded),
        "disputes": known,
        "refunds": account.all("refund", charge=charge["id"]),
        "dispute": open_now[0] if open_now else None,
        "refundable": left if good and not blocked else 0,
        "disputable": good and not open_now and all(d["status"] != "lost" for d in known),
        "warned": bool(account.all(fraud_warnings.KIND, charge=charge["id"])),
        "good": good,
        "reasons": list(disputes.REASONS),
        "open": disputes.OPEN,
    }


def _minor(text: str, currency: str) -> int:
    """“4.50” as 450; the currency says how many places there are."""
    try:
        units = float(text.replace(",", "."))
    except ValueError:
        raise Refusal(f"{text} is no amount of money.") from None
    minor = round(units * (1 if currency in ZERO_DECIMAL else 100)) if abs(units) < 1e9 else 0
    if minor <= 0:
        raise Refusal(f"{text} is no amount that could be refunded.")
    return minor
