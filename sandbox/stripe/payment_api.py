"""`/v1/payment_methods`, `/v1/payment_intents`, `/v1/charges`."""

from typing import Any

from sandbox.store import Document
from sandbox.stripe import errors, lists, payments
from sandbox.stripe.account import Account
from sandbox.stripe.params import Metadata, Nested, Span, Table, Text, choice, merged, within
from sandbox.stripe.payments import CARDS, Card
from sandbox.stripe.routes import Params, get, index, post

# Stripe's tokens and ready-made payment methods for testing: `tok_visa`, `pm_card_visa`.
BY_NAME = {
    "visa": "4242424242424242",
    "chargeDeclined": "4000000000000002",
    "visa_chargeDeclined": "4000000000000002",
    "chargeDeclinedInsufficientFunds": "4000000000009995",
    "visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "chargeCustomerFail": "4000000000000341",
    "authenticationRequiredOnSetup": "4000002500003155",
    "authenticationRequired": "4000002760003184",
}
BILLING: Table = {"email": Text(), "name": Text(), "phone": Text()}
CREATE: Table = {
    "billing_details": Nested(BILLING),
    "card": Nested({"cvc": Text(), "number": Text(), "token": Text()}),
    "metadata": Metadata(),
    "sepa_debit": Nested({"iban": Text(required=True)}),
    "type": choice("card", "sepa_debit", required=True),
}


def create_method(account: Account, params: Params) -> Document:
    card = _given(params)
    billing: dict[str, Any] = params.get("billing_details") or {}
    method = payments.new_method(
        account, card, email=billing.get("email"), name=billing.get("name")
    )
    method["billing_details"]["phone"] = billing.get("phone")
    return account.save({**method, "metadata": merged({}, params.get("metadata"))})


def _given(params: Params) -> Card:
    kind = params["type"]
    details = params.get(kind)
    if not details:
        raise errors.missing(kind)
    if kind == "sepa_debit":
        return _numbered(details["iban"].replace(" ", ""), "sepa_debit[iban]")
    if details.get("token"):
        return _named(details["token"], "tok_", "card[token]")
    if not details.get("number"):
        raise errors.missing("card[number]")
    return _numbered(details["number"].replace(" ", ""), "card[number]")


def _numbered(number: str, param: str) -> Card:
    if number not in CARDS:
        raise errors.Refusal(
            "Your card number is incorrect. This sandbox knows Stripe's test numbers alone.",
            status=402,
            kind="card_error",
            code="incorrect_number",
            param=param,
        )
    return CARDS[number]


def _named(name: str, prefix: str, param: str) -> Card:
    number = BY_NAME.get(name.removeprefix(prefix)) if name.startswith(prefix) else None
    if number is None:
        raise errors.no_such("token" if prefix == "tok_" else "PaymentMethod", name, param=param)
    return CARDS[number]


def found(account: Account, id_: str, *, param: str = "id") -> Document:
    """A payment method; one of Stripe's ready-made ones (`pm_card_visa`) is made when named."""
    if id_.startswith("pm_card_"):
        return payments.new_method(account, _named(id_, "pm_card_", param), email=None, name=None)
    return account.get("payment_method", id_, param=param)


def attach(account: Account, params: Params, method_id: str) -> Document:
    customer = account.get("customer", params["customer"], param="customer")
    method = found(account, method_id)
    if method["customer"] not in (None, customer["id"]):
        raise errors.Refusal(
            "The payment method you provided has already been attached to a customer."
        )
    if method["customer"]:
        return method
    card = payments.card_of(method)
    if card.decline:  # a bank that declines every charge declines the check of the card, too
        raise declined(card, method)
    return payments.attach(account, method, customer["id"])


def is_challenged(method: Document, *, off_session: bool) -> bool:
    """Whether a charge of it would need its payer. Raises Refusal when it would be declined."""
    card = payments.card_of(method)
    verdict = payments.verdict(card, off_session=off_session)
    if verdict == "declined":
        raise declined(card, method)
    return verdict == "challenged"


def declined(card: Card, method: Document) -> errors.Refusal:
    """What a call is told whose card is declined."""
    return errors.Refusal(
        "Your card was declined.",
        status=402,
        kind="card_error",
        code="card_declined",
        decline_code=payments.reason(card),
        payment_method=method,
    )


def detach(account: Account, _params: Params, method_id: str) -> Document:
    before = account.get("payment_method", method_id)
    if not before["customer"]:
        raise errors.Refusal(
            "The payment method you provided is not attached to a customer so detachment is "
            "impossible."
        )
    detached = account.save({**before, "customer": None})
    _forget(account, before)
    account.emit("payment_method.detached", detached, before)
    return detached


def _forget(account: Account, method: Document) -> None:
    """It is nobody's default any more."""
    customer = account.find("customer", method["customer"])
    if customer and not customer.get("deleted"):
        settings = customer["invoice_settings"]
        if settings["default_payment_method"] == method["id"]:
            settings["default_payment_method"] = None
            account.save(customer)
    for subscription in account.all("subscription", customer=method["customer"]):
        if subscription["default_payment_method"] == method["id"]:
            account.save({**subscription, "default_payment_method": None})


def list_methods(account: Account, params: Params) -> Document:
    wanted = {name: params[name] for name in ("customer", "type") if params.get(name)}
    mine = [m for m in account.all("payment_method", **wanted) if m["customer"]]
    return lists.page("/v1/payment_methods", mine, params)


def list_of_customer(account: Account, params: Params, customer_id: str) -> Document:
    account.get("customer", customer_id)
    page = list_methods(account, {**params, "customer": customer_id})
    return {**page, "url": f"/v1/customers/{customer_id}/payment_methods"}


def _retrieve(kind: str) -> Any:
    def retrieve(account: Account, _params: Params, id_: str) -> Document:
        return account.get(kind, id_)

    return retrieve


def _list(kind: str, url: str) -> Any:
    def list_(account: Account, params: Params) -> Document:
        def wanted(document: Document) -> bool:
            intent = params.get("payment_intent")
            mine = intent is None or document["payment_intent"] == intent
            return mine and within(params.get("created"), document["created"])

        return lists.newest(account, kind, url, params, wanted)

    return list_


KIND_OF_METHOD = choice("card", "sepa_debit")
ROUTES = [
    post("/payment_methods", create_method, CREATE),
    index("/payment_methods", list_methods, {"customer": Text(), "type": KIND_OF_METHOD}),
    get("/payment_methods/<id_>", _retrieve("payment_method")),
    post("/payment_methods/<id_>/attach", attach, {"customer": Text(required=True)}),
    post("/payment_methods/<id_>/detach", detach),
    index("/customers/<customer_id>/payment_methods", list_of_customer, {"type": KIND_OF_METHOD}),
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
