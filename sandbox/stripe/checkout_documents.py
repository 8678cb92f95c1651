"""The shape of a Checkout Session."""

from typing import Any

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe.account import Account
from sandbox.stripe.params import merged
from sandbox.stripe.routes import Params

NO_INVOICE: dict[str, Any] = {
    "enabled": False,
    "invoice_data": {
        **dict.fromkeys(("account_tax_ids", "custom_fields", "description", "footer", "issuer")),
        "metadata": {},
        "rendering_options": None,
    },
}


def session(
    account: Account,
    params: Params,
    lines: list[Document],
    customer: Document | None,
    expires_at: int,
) -> Document:
    """An open one; its amounts are still to be worked out."""
    id_ = ids.new("cs_test")
    subscribes = params["mode"] == "subscription"
    consent = (params.get("consent_collection") or {}).get("terms_of_service")
    email = customer["email"] if customer else params.get("customer_email")
    return {
        "id": id_,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "after_expiration": _recovery(params),
        "allow_promotion_codes": params.get("allow_promotion_codes"),
        "automatic_tax": _tax(params, customer),
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
        "consent_collection": {
            "payment_method_reuse_agreement": None,
            "promotions": "none",
            "terms_of_service": consent,
        }
        if consent
        else None,
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
        "payment_method_collection": (params.get("payment_method_collection") or "always")
        if subscribes
        else "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": _method_types(lines[0]["currency"]),
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


def _method_types(currency: str) -> list[str]:
    return ["card", "sepa_debit"] if currency == "eur" else ["card"]


def _tax(params: Params, customer: Document | None) -> Document:
    if not (params.get("automatic_tax") or {}).get("enabled"):
        return {"enabled": False, "liability": None, "provider": None, "status": None}
    located = bool(customer and (customer["address"] or {}).get("country"))
    return {
        "enabled": True,
        "liability": {"type": "self"},
        "provider": "stripe",
        "status": "complete" if located else "requires_location_inputs",
    }


def _recovery(params: Params) -> Document | None:
    recovery = (params.get("after_expiration") or {}).get("recovery")
    if not recovery:
        return None
    allowed = bool(recovery.get("allow_promotion_codes"))
    return {
        "recovery": {
            "allow_promotion_codes": allowed,
            "enabled": recovery["enabled"],
            "expires_at": None,
            "url": None,
        }
    }


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
