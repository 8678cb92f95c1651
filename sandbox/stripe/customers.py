"""Customers."""

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import lists, payment_api, payments, subscription_state, subscriptions
from sandbox.stripe.account import Account
from sandbox.stripe.params import Email, Many, Metadata, Nested, Span, Table, Text, merged, within
from sandbox.stripe.payments import Card
from sandbox.stripe.routes import Params, delete, get, index, post

ADDRESS_LINES = ("city", "country", "line1", "line2", "postal_code", "state")
ADDRESS = Nested({line: Text() for line in ADDRESS_LINES})
WRITE: Table = {
    "address": ADDRESS,
    "business_name": Text(150),
    "description": Text(),
    "email": Email(),
    "individual_name": Text(150),
    "invoice_settings": Nested({"default_payment_method": Text(), "footer": Text()}),
    "metadata": Metadata(),
    "name": Text(256),
    "phone": Text(20),
    "preferred_locales": Many(Text(5)),
}

CREATE: Table = {**WRITE, "payment_method": Text(), "test_clock": Text()}


def create(account: Account, params: Params) -> Document:
    test_clock = params.get("test_clock")
    if test_clock:
        account.get("test_helpers.test_clock", test_clock, param="test_clock")
    chosen = params.pop("payment_method", None)
    with account.time_of({"test_clock": test_clock}):
        method = payment_api.found(account, chosen, param="payment_method") if chosen else None
        settings = params.get("invoice_settings") or {}
        if method and settings.get("default_payment_method") == chosen:
            settings["default_payment_method"] = method["id"]
        customer = _created(account, params)
        if method:
            payment_api.attach(account, {"customer": customer["id"]}, method["id"])
        return customer


def _created(account: Account, params: Params) -> Document:
    customer: Document = {
        "id": ids.new("cus"),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": account.now(),
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": ids.letters(8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    customer = account.save(_written(account, customer, params))
    account.emit("customer.created", customer)
    return customer


def retrieve(account: Account, _params: Params, customer_id: str) -> Document:
    """A deleted customer is still found: as no more than that."""
    return account.find("customer", customer_id) or account.get("customer", customer_id)


def update(account: Account, params: Params, customer_id: str) -> Document:
    before = account.get("customer", customer_id)
    customer = account.save(_written(account, before, params))
    account.emit("customer.updated", customer, before)
    return customer


def remove(account: Account, _params: Params, customer_id: str) -> Document:
    """Its subscriptions end at once."""
    customer = account.get("customer", customer_id)
    for subscription in account.all("subscription", customer=customer_id):
        if subscription["status"] not in subscriptions.ENDED:
            subscriptions.end(account, subscription)
    gone = account.save({"id": customer_id, "object": "customer", "deleted": True})
    account.emit("customer.deleted", customer)
    return gone


def set_card(account: Account, customer_id: str, card: Card) -> Document:
    """Charge them to another card from now on: the default of theirs and of what they subscribe to.

    The new payment method.
    """
    before = account.get("customer", customer_id)
    method = payments.new_method(account, card, email=before["email"], name=before["name"])
    method = payments.attach(account, method, customer_id)
    settings = {**before["invoice_settings"], "default_payment_method": method["id"]}
    customer = account.save({**before, "invoice_settings": settings})
    account.emit("customer.updated", customer, before)
    for subscription in account.all("subscription", customer=customer_id):
        if subscription["status"] not in subscriptions.ENDED:
            changes = {"default_payment_method": method["id"]}
            subscription_state.change(account, subscription, changes)
    return method


def list_(account: Account, params: Params) -> Document:
    def wanted(customer: Document) -> bool:
        return (
            within(params.get("created"), customer["created"])
            and params.get("email") in (None, customer["email"])
            and params.get("test_clock") in (None, customer["test_clock"])
        )

    return lists.newest(account, "customer", "/v1/customers", params, wanted, by="email")


def _written(account: Account, before: Document, params: Params) -> Document:
    after = {**before, **params}
    after["metadata"] = (
        merged(before["metadata"], params["metadata"])
        if "metadata" in params
        else before["metadata"]
    )
    after["preferred_locales"] = after["preferred_locales"] or []
    after["invoice_settings"] = before["invoice_settings"] | (params.get("invoice_settings") or {})
    default = (params.get("invoice_settings") or {}).get("default_payment_method")
    if default:
        account.get("payment_method", default, param="invoice_settings[default_payment_method]")
    if params.get("address"):
        empty = dict.fromkeys(ADDRESS_LINES)
        after["address"] = {**empty, **(before["address"] or {}), **params["address"]}
    return after


ROUTES = [
    post("/customers", create, CREATE),
    index("/customers", list_, {"created": Span(), "email": Text(), "test_clock": Text()}),
    get("/customers/<customer_id>", retrieve),
    post("/customers/<customer_id>", update, WRITE),
    delete("/customers/<customer_id>", remove),
]
