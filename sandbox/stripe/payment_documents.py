"""The shapes of payment methods, payment intents and charges."""

from typing import Any

from sandbox import ids
from sandbox.store import Document

NO_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
METHOD_OPTIONS: dict[str, Any] = {
    "card": {"card": {"request_three_d_secure": "automatic"}},
    "sepa_debit": {"sepa_debit": {}},
}


def method(details: dict[str, Any], *, email: str | None, name: str | None, now: int) -> Document:
    """One of a `card` or a `sepa_debit`, not yet anybody's."""
    return {
        "id": ids.new("pm"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": {
            "address": NO_ADDRESS,
            "email": email,
            "name": name,
            "phone": None,
            "tax_id": None,
        },
        "created": now,
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        **details,
    }


def card(number: str, fingerprint: str) -> dict[str, Any]:
    """A payment method's `type`, and the table that is named like it."""
    return {
        "card": {
            "brand": "visa",
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "pass",
            },
            "country": "US",
            "display_brand": "visa",
            "exp_month": 12,
            "exp_year": 2034,
            "fingerprint": fingerprint,
            "funding": "credit",
            "generated_from": None,
            "last4": number[-4:],
            "networks": {"available": ["visa"], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "type": "card",
    }


def sepa_debit(iban: str, fingerprint: str) -> dict[str, Any]:
    """The same of an account that can be debited."""
    debit = {
        "bank_code": iban[4:12],
        "branch_code": None,
        "country": iban[:2],
        "fingerprint": fingerprint,
        "generated_from": {"charge": None, "setup_attempt": None},
        "last4": iban[-4:],
    }
    return {"sepa_debit": debit, "type": "sepa_debit"}


def intent(
    *,
    kind: str,
    customer: str | None,
    amount: int,
    currency: str,
    description: str | None,
    metadata: dict[str, str],
    off_session: bool,
    now: int,
) -> Document:
    """One that is still to be paid by a method of a kind."""
    id_ = ids.new("pi")
    return {
        "id": id_,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{id_}_secret_{ids.letters(25)}",
        "confirmation_method": "automatic",
        "created": now,
        "currency": currency,
        "customer": customer,
        "customer_account": None,
        "description": description,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": metadata,
        "next_action": None,
        "on_behalf_of": None,
        "payment_details": {"customer_reference": None, "order_reference": None},
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": METHOD_OPTIONS[kind],
        "payment_method_types": [kind],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": "off_session" if off_session else None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


def charge(
    intent: Document,
    method: Document,
    *,
    customer: str | None,
    public_url: str,
    now: int,
    decline: str | None = None,
    pending: bool = False,
) -> Document:
    """One that succeeded, is `pending`, or failed for a reason."""
    id_ = ids.new("ch")
    paid = not decline and not pending
    return {
        "id": id_,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0 if decline else intent["amount"],
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": ids.new("txn") if paid else None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "SANDBOX",
        "captured": not decline,
        "created": now,
        "currency": intent["currency"],
        "customer": customer,
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": "card_declined" if decline else None,
        "failure_message": "Your card was declined." if decline else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "on_behalf_of": None,
        "outcome": _outcome(decline, pending=pending),
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _used(method),
        "radar_options": {},
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": f"{public_url}/receipt/{id_}" if paid else None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "failed" if decline else "pending" if pending else "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }


def _outcome(decline: str | None, *, pending: bool) -> dict[str, Any]:
    return {
        "advice_code": "try_again_later" if decline else None,
        "network_advice_code": None,
        "network_decline_code": "01" if decline else None,
        "network_status": "declined_by_network" if decline else "approved_by_network",
        "reason": decline,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": (
            "The bank did not return any further details with this decline."
            if decline
            else "Payment pending."
            if pending
            else "Payment complete."
        ),
        "type": "issuer_declined" if decline else "authorized",
    }


def _used(method: Document) -> dict[str, Any]:
    if method["type"] == "card":
        return {"card": _card_used(method), "type": "card"}
    names = ("bank_code", "branch_code", "country", "fingerprint", "last4")
    debit = {name: method["sepa_debit"][name] for name in names}
    return {"sepa_debit": {**debit, "mandate": None}, "type": "sepa_debit"}


def _card_used(method: Document) -> dict[str, Any]:
    names = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding")
    used = {name: method["card"][name] for name in (*names, "last4", "regulated_status", "wallet")}
    return {
        **used,
        "installments": None,
        "mandate": None,
        "network": "visa",
        "three_d_secure": None,
    }
