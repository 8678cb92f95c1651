"""Checkout Sessions."""

from typing import Any
from urllib.parse import urlsplit

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import errors, lists
from sandbox.stripe.account import Account
from sandbox.stripe.params import (
    Flag,
    Integer,
    Many,
    Metadata,
    Nested,
    Span,
    Table,
    Text,
    choice,
    merged,
    within,
)
from sandbox.stripe.routes import Params, get, index, post

LINES = "checkout.line_items"  # kept beside the session: events never carry them
TERMS = "checkout.terms"  # what to do on completion: subscription_data and payment_intent_data
DAY = 24 * 60 * 60
SHORTEST, LONGEST = 30 * 60, DAY
TWO_DAYS = 2 * DAY

NO_INVOICE: dict[str, Any] = {
    "enabled": False,
    "invoice_data": {
        **dict.fromkeys(("account_tax_ids", "custom_fields", "description", "footer", "issuer")),
        "metadata": {},
        "rendering_options": None,
    },
}

AUTO_OR_NEVER = choice("auto", "never")
CREATE: Table = {
    "allow_promotion_codes": Flag(),
    "billing_address_collection": choice("auto", "required"),
    "cancel_url": Text(),
    "client_reference_id": Text(200),
    "customer": Text(),
    "customer_creation": choice("always", "if_required"),
    "customer_email": Text(800),
    "customer_update": Nested(
        {"address": AUTO_OR_NEVER, "name": AUTO_OR_NEVER, "shipping": AUTO_OR_NEVER}
    ),
    "expires_at": Integer(),
    "line_items": Many(
        Nested({"price": Text(required=True), "quantity": Integer(1, 999_999)}), required=True
    ),
    "locale": Text(6),
    "metadata": Metadata(),
    "mode": choice("payment", "subscription", required=True),
    "payment_intent_data": Nested({"description": Text(1000), "metadata": Metadata()}),
    "payment_method_collection": choice("always"),
    "submit_type": choice("auto", "book", "donate", "pay", "subscribe"),
    "subscription_data": Nested(
        {
            "description": Text(500),
            "metadata": Metadata(),
            "trial_end": Integer(),
            "trial_period_days": Integer(1, 730),
        }
    ),
    "success_url": Text(required=True),
    "ui_mode": choice("hosted_page"),
}


def create(account: Account, params: Params) -> Document:
    lines = _lines(account, params)
    _refuse_wrong_mode(params, lines)
    for name in ("success_url", "cancel_url"):
        _refuse_non_url(params.get(name), name)
    customer = _customer(account, params)
    expires_at = _expiry(account, params)
    session = _session(account, params, lines, customer, expires_at)
    account.store.put(LINES, session["id"], {"data": lines})
    account.store.put(TERMS, session["id"], _terms(account, params))
    return account.save(session)


def _lines(account: Account, params: Params) -> list[Document]:
    lines = []
    for place, given in enumerate(params["line_items"] or []):
        param = f"line_items[{place}][price]"
        price = account.get("price", given["price"], param=param)
        product = account.get("product", price["product"], param=param)
        if not price["active"]:
            raise errors.invalid(
                "The price specified is inactive. This field only accepts active prices.", param
            )
        if not product["active"]:
            raise errors.invalid(
                f"The product {product['id']} is marked as inactive, and thus no new "
                "subscriptions or purchases can be created to its prices.",
                param,
            )
        lines.append(_line(price, product, given.get("quantity"), param))
    if not lines:
        raise errors.missing("line_items")
    if len({line["currency"] for line in lines}) > 1:
        raise errors.Refusal("All prices on a Checkout Session must have the same currency.")
    return lines


def _line(price: Document, product: Document, quantity: int | None, param: str) -> Document:
    if quantity is None:
        name = param.replace("[price]", "[quantity]")
        raise errors.invalid(f"Quantity is required. Add `quantity` to `{name}`", name)
    total = price["unit_amount"] * quantity
    return {
        "id": ids.new("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": price["currency"],
        "description": product["name"],
        "metadata": {},
        "price": price,
        "quantity": quantity,
    }


def _refuse_wrong_mode(params: Params, lines: list[Document]) -> None:
    recurring = [line["price"]["type"] == "recurring" for line in lines]
    subscribes = params["mode"] == "subscription"
    if subscribes and not any(recurring):
        raise errors.invalid(
            "You must provide at least one recurring price in `subscription` mode when using "
            "prices.",
            "line_items",
        )
    if subscribes and not all(recurring):
        raise errors.invalid(
            "This sandbox takes no one-off prices beside recurring ones.", "line_items"
        )
    if not subscribes and any(recurring):
        raise errors.invalid(
            "You specified `payment` mode but passed a recurring price. Either switch to "
            "`subscription` mode or use only one-time prices.",
            "mode",
        )
    for name, mode in (
        ("subscription_data", "subscription"),
        ("payment_intent_data", "payment"),
        ("customer_creation", "payment"),
        ("submit_type", "payment"),
    ):
        if name in params and params["mode"] != mode and params.get(name) != "subscribe":
            raise errors.invalid(f"You can not pass `{name}` in `{params['mode']}` mode.", name)


def _refuse_non_url(url: str | None, name: str) -> None:
    if url is None:
        return
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise errors.invalid("Not a valid URL", name, "url_invalid")


def _customer(account: Account, params: Params) -> Document | None:
    if params.get("customer") and params.get("customer_email"):
        raise errors.Refusal(
            "You may only specify one of these parameters: customer, customer_email."
        )
    if params.get("customer_update") and not params.get("customer"):
        raise errors.invalid(
            "`customer_update` can only be used with `customer`.", "customer_update"
        )
    if not params.get("customer"):
        return None
    return account.get("customer", params["customer"], param="customer")


def _expiry(account: Account, params: Params) -> int:
    now = account.now()
    expires_at = params.get("expires_at")
    if expires_at is None:
        return now + DAY
    if not now + SHORTEST <= expires_at <= now + LONGEST:
        raise errors.invalid(
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from "
            "Checkout Session creation.",
            "expires_at",
        )
    return int(expires_at)


def _terms(account: Account, params: Params) -> Document:
    subscription: dict[str, Any] = params.get("subscription_data") or {}
    payment: dict[str, Any] = params.get("payment_intent_data") or {}
    return {
        "trial_days": _trial_days(account, subscription),
        "description": subscription.get("description") or payment.get("description"),
        "subscription_metadata": merged({}, subscription.get("metadata")),
        "payment_metadata": merged({}, payment.get("metadata")),
    }


def _trial_days(account: Account, subscription: dict[str, Any]) -> int | None:
    days, end = subscription.get("trial_period_days"), subscription.get("trial_end")
    if days and end:
        raise errors.Refusal("You may only specify one of trial_end and trial_period_days.")
    if end and end < account.now() + TWO_DAYS:
        raise errors.invalid(
            "The `trial_end` date has to be at least 2 days in the future.",
            "subscription_data[trial_end]",
        )
    return -(-(end - account.now()) // DAY) if end else days


def _session(
    account: Account,
    params: Params,
    lines: list[Document],
    customer: Document | None,
    expires_at: int,
) -> Document:
    id_ = ids.new("cs_test")
    subscribes = params["mode"] == "subscription"
    trial = bool(_trial_days(account, params.get("subscription_data") or {}))
    total = 0 if trial else sum(line["amount_total"] for line in lines)
    email = customer["email"] if customer else params.get("customer_email")
    return {
        "id": id_,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "after_expiration": None,
        "allow_promotion_codes": params.get("allow_promotion_codes"),
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": params.get("billing_address_collection"),
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "client_secret": None,
        "collected_information": {
            "business_name": None,
            "individual_name": None,
            "shipping_details": None,
        },
        "consent": None,
        "consent_collection": None,
        "created": account.now(),
        "currency": lines[0]["currency"],
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": dict.fromkeys(
            ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
        ),
        "customer": customer["id"] if customer else None,
        "customer_account": None,
        "customer_creation": _creation(params, customer),
        "customer_details": _details(email, customer["name"] if customer else None)
        if email
        else None,
        "customer_email": params.get("customer_email"),
        "discounts": [],
        "expires_at": expires_at,
        "integration_identifier": None,
        "invoice": None,
        "invoice_creation": None if subscribes else NO_INVOICE,
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": merged({}, params.get("metadata")),
        "mode": params["mode"],
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "always" if subscribes else "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": {
            "allow_redisplay_filters": ["always"],
            "payment_method_remove": "disabled",
            "payment_method_save": None,
        },
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": params.get("submit_type"),
        "subscription": None,
        "success_url": params["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{account.public_url}/pay/{id_}",
        "wallet_options": None,
    }


def _creation(params: Params, customer: Document | None) -> str | None:
    if customer:
        return None
    if params["mode"] == "subscription":
        return "always"
    return params.get("customer_creation") or "if_required"


def _details(email: str | None, name: str | None) -> Document:
    """Before it is paid: what is known of the payer."""
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }


def opened(account: Account, session_id: str) -> Document:
    """A session as it is now: one whose time has passed expires when somebody looks."""
    session = account.get("checkout.session", session_id)
    if session["status"] == "open" and account.now() >= session["expires_at"]:
        return _end(account, session)
    return session


def _end(account: Account, session: Document) -> Document:
    expired = account.save({**session, "status": "expired", "url": None})
    account.emit("checkout.session.expired", expired)
    return expired


def retrieve(account: Account, _params: Params, session_id: str) -> Document:
    return opened(account, session_id)


def expire(account: Account, _params: Params, session_id: str) -> Document:
    session = opened(account, session_id)
    if session["status"] != "open":
        raise errors.Refusal(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f"Session has a status of {session['status']}."
        )
    return _end(account, session)


def update(account: Account, params: Params, session_id: str) -> Document:
    session = opened(account, session_id)
    metadata = merged(session["metadata"], params["metadata"]) if "metadata" in params else None
    return account.save(session if metadata is None else {**session, "metadata": metadata})


def list_(account: Account, params: Params) -> Document:
    email = (params.get("customer_details") or {}).get("email")

    def wanted(session: Document) -> bool:
        return (
            all(
                params.get(name) in (None, session[name])
                for name in ("customer", "payment_intent", "subscription", "status")
            )
            and email in (None, (session["customer_details"] or {}).get("email"))
            and within(params.get("created"), session["created"])
        )

    now = [opened(account, session["id"]) for session in account.all("checkout.session")]
    return lists.page("/v1/checkout/sessions", [s for s in now if wanted(s)], params)


def lines_of(account: Account, session_id: str) -> list[Document]:
    kept = account.store.get(LINES, session_id)
    return list(kept["data"]) if kept else []


def list_lines(account: Account, params: Params, session_id: str) -> Document:
    account.get("checkout.session", session_id)
    url = f"/v1/checkout/sessions/{session_id}/line_items"
    return lists.page(url, list(reversed(lines_of(account, session_id))), params)


ROUTES = [
    post("/checkout/sessions", create, CREATE),
    index(
        "/checkout/sessions",
        list_,
        {
            "created": Span(),
            "customer": Text(),
            "customer_details": Nested({"email": Text(required=True)}),
            "payment_intent": Text(),
            "status": choice("complete", "expired", "open"),
            "subscription": Text(),
        },
    ),
    get("/checkout/sessions/<session_id>", retrieve),
    post("/checkout/sessions/<session_id>", update, {"metadata": Metadata()}),
    post("/checkout/sessions/<session_id>/expire", expire),
    index("/checkout/sessions/<session_id>/line_items", list_lines),
]
