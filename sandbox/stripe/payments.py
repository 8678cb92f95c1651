"""Cards, payment intents and charges."""

from dataclasses import dataclass
from typing import Any

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import lists
from sandbox.stripe.account import Account
from sandbox.stripe.params import Span, Text, within
from sandbox.stripe.routes import Params, get, index


@dataclass(frozen=True)
class Card:
    """A card of the sandbox's, or an account to debit when it is `delayed`.

    `decline`: the reason every charge is declined for. `declines_later`: it attaches and pays while
    its owner is there, and every charge without them is declined. `challenge`: 3-D Secure, "once"
    while its owner is there, or "always". `delayed`: a SEPA debit that settles three days later,
    as "paid" or "failed".
    """

    number: str
    title: str
    decline: str | None = None
    declines_later: bool = False
    challenge: str = ""
    delayed: str = ""

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def spaced(self) -> str:
        return " ".join(self.number[i : i + 4] for i in range(0, len(self.number), 4))

    @property
    def fingerprint(self) -> str:
        """What a payment method made of it carries: the same card, the same fingerprint."""
        return f"Sandbox{self.number[-9:]}"


# Stripe's own numbers for testing.
CARDS = {
    card.number: card
    for card in (
        Card("4242424242424242", "pays"),
        Card("4000000000000002", "is declined", decline="generic_decline"),
        Card("4000000000009995", "has too little on it", decline="insufficient_funds"),
        Card("4000000000000341", "pays now, is declined at renewals", declines_later=True),
        Card("4000002500003155", "asks for 3-D Secure once", challenge="once"),
        Card("4000002760003184", "asks for 3-D Secure every time", challenge="always"),
        Card("DE89370400440532013000", "SEPA debit: paid three days later", delayed="paid"),
        Card("DE62370400440532013001", "SEPA debit: fails three days later", delayed="failed"),
    )
}
BY_FINGERPRINT = {card.fingerprint: card for card in CARDS.values()}


def card_of(method: Document) -> Card:
    """The card a payment method was made of."""
    return BY_FINGERPRINT[method[method["type"]]["fingerprint"]]


NO_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


@dataclass(frozen=True)
class Payer:
    """Who pays with what. `customer` is None for somebody who pays as a guest."""

    customer: str | None
    email: str | None
    name: str | None
    method: Document


def new_method(account: Account, card: Card, *, email: str | None, name: str | None) -> Document:
    """A payment method, not yet anybody's."""
    return account.save(
        {
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
                "fingerprint": card.fingerprint,
                "funding": "credit",
                "generated_from": None,
                "last4": card.last4,
                "networks": {"available": ["visa"], "preferred": None},
                "regulated_status": "unregulated",
                "three_d_secure_usage": {"supported": True},
                "wallet": None,
            },
            "created": account.now(),
            "customer": None,
            "customer_account": None,
            "livemode": False,
            "metadata": {},
            "type": "card",
        }
    )


def attach(account: Account, method: Document, customer: str) -> Document:
    attached = account.save({**method, "customer": customer})
    account.emit("payment_method.attached", attached)
    return attached


def new_intent(
    account: Account,
    payer: Payer,
    *,
    amount: int,
    currency: str,
    description: str | None,
    metadata: dict[str, str],
    off_session: bool,
) -> Document:
    """A payment intent that is still to be paid."""
    id_ = ids.new("pi")
    return account.save(
        {
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
            "created": account.now(),
            "currency": currency,
            "customer": payer.customer,
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
            "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "payment_method_types": ["card"],
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
    )


def succeed(account: Account, intent: Document, payer: Payer) -> tuple[Document, Document]:
    """The card is charged: the intent and its charge, saved."""
    charge = account.save(_charge(account, intent, payer, decline=None))
    paid = {
        **intent,
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "payment_method": payer.method["id"],
        "status": "succeeded",
    }
    return account.save(paid), charge


def decline(account: Account, intent: Document, payer: Payer, reason: str) -> Document:
    """The card says no; the intent can be paid with another one."""
    charge = account.save(_charge(account, intent, payer, decline=reason))
    failed = {
        **intent,
        "last_payment_error": {
            "advice_code": "try_again_later",
            "charge": charge["id"],
            "code": "card_declined",
            "decline_code": reason,
            "doc_url": "https://stripe.com/docs/error-codes/card-declined",
            "message": "Your card was declined.",
            "payment_method": payer.method,
            "type": "card_error",
        },
        "latest_charge": charge["id"],
    }
    account.emit("charge.failed", charge)
    account.emit("payment_intent.payment_failed", account.save(failed))
    return failed


def _charge(account: Account, intent: Document, payer: Payer, decline: str | None) -> Document:
    id_ = ids.new("ch")
    return {
        "id": id_,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0 if decline else intent["amount"],
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None if decline else ids.new("txn"),
        "billing_details": payer.method["billing_details"],
        "calculated_statement_descriptor": "SANDBOX",
        "captured": not decline,
        "created": account.now(),
        "currency": intent["currency"],
        "customer": payer.customer,
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": "card_declined" if decline else None,
        "failure_message": "Your card was declined." if decline else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "on_behalf_of": None,
        "outcome": _outcome(decline),
        "paid": not decline,
        "payment_intent": intent["id"],
        "payment_method": payer.method["id"],
        "payment_method_details": {"card": _card_used(payer.method), "type": "card"},
        "radar_options": {},
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None if decline else f"{account.public_url}/receipt/{id_}",
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "failed" if decline else "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }


def _outcome(decline: str | None) -> dict[str, Any]:
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
            else "Payment complete."
        ),
        "type": "issuer_declined" if decline else "authorized",
    }


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


def _retrieve(kind: str) -> Any:
    def retrieve(account: Account, _params: Params, id_: str) -> Document:
        return account.get(kind, id_)

    return retrieve


def _list(kind: str, url: str) -> Any:
    def list_(account: Account, params: Params) -> Document:
        names = {"customer", "payment_intent"} & params.keys()
        found = [
            document
            for document in account.all(kind, **{name: params[name] for name in names})
            if within(params.get("created"), document["created"])
        ]
        return lists.page(url, found, params)

    return list_


ROUTES = [
    get("/payment_methods/<id_>", _retrieve("payment_method")),
    get("/payment_intents/<id_>", _retrieve("payment_intent")),
    index(
        "/payment_intents",
        _list("payment_intent", "/v1/payment_intents"),
        {"created": Span(), "customer": Text()},
    ),
    get("/charges/<id_>", _retrieve("charge")),
    index(
        "/charges",
        _list("charge", "/v1/charges"),
        {"created": Span(), "customer": Text(), "payment_intent": Text()},
    ),
]
