"""The shape of a payment link, and what parameters make of it."""

from typing import Any

from sandbox.store import Document
from sandbox.stripe import checkout_documents, checkout_terms, errors
from sandbox.stripe.params import merged
from sandbox.stripe.routes import Params


def blank(public_url: str, id_: str, mode: str, currency: str) -> Document:
    """A new one, with nothing said about it yet."""
    return {
        "id": id_,
        "object": "payment_link",
        "active": True,
        "after_completion": {
            "hosted_confirmation": {"custom_message": None},
            "type": "hosted_confirmation",
        },
        "allow_promotion_codes": False,
        "application": None,
        "application_fee_amount": None,
        "application_fee_percent": None,
        "automatic_tax": {"enabled": False, "liability": None},
        "billing_address_collection": "auto",
        "consent_collection": None,
        "currency": currency,
        "custom_fields": [],
        "custom_text": dict.fromkeys(
            ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
        ),
        "customer_creation": "always" if mode == "subscription" else "if_required",
        "inactive_message": None,
        "invoice_creation": None if mode == "subscription" else checkout_documents.NO_INVOICE,
        "livemode": False,
        "metadata": {},
        "on_behalf_of": None,
        "payment_intent_data": None,
        "payment_method_collection": "always" if mode == "subscription" else "if_required",
        "payment_method_types": None,
        "phone_number_collection": {"enabled": False},
        "restrictions": None,
        "shipping_address_collection": None,
        "shipping_options": [],
        "submit_type": "auto",
        "subscription_data": None,
        "tax_id_collection": {"enabled": False, "required": "never"},
        "transfer_data": None,
        "url": f"{public_url}/link/{id_}",
    }


def written(before: Document, params: Params) -> Document:
    """One with what the parameters say about it. Raises Refusal."""
    plain = (
        "active",
        "allow_promotion_codes",
        "billing_address_collection",
        "customer_creation",
        "payment_method_collection",
        "submit_type",
    )
    given = {name: params[name] for name in plain if params.get(name) is not None}
    after = {**before, **given}
    if "inactive_message" in params:
        after["inactive_message"] = params["inactive_message"]
    after["metadata"] = merged(before["metadata"], params.get("metadata", {}))
    if params.get("after_completion"):
        after["after_completion"] = _after_completion(params["after_completion"])
    if "restrictions" in params:
        after["restrictions"] = _restrictions(before, params["restrictions"])
    if params.get("automatic_tax"):
        enabled = params["automatic_tax"]["enabled"]
        liability = {"type": "self"} if enabled else None
        after["automatic_tax"] = {"enabled": enabled, "liability": liability}
    if params.get("consent_collection"):
        asked = params["consent_collection"].get("terms_of_service")
        after["consent_collection"] = {
            "payment_method_reuse_agreement": None,
            "promotions": "none",
            "terms_of_service": asked,
        }
    return {**after, **_data(params)}


def _after_completion(given: dict[str, Any]) -> Document:
    if given["type"] == "redirect":
        url = (given.get("redirect") or {}).get("url")
        if not url:
            raise errors.missing("after_completion[redirect][url]")
        checkout_terms.refuse_non_url(url, "after_completion[redirect][url]")
        return {"redirect": {"url": url}, "type": "redirect"}
    message = (given.get("hosted_confirmation") or {}).get("custom_message")
    return {
        "hosted_confirmation": {"custom_message": message},
        "type": "hosted_confirmation",
    }


def _restrictions(before: Document, given: dict[str, Any] | None) -> Document | None:
    if not given:
        return None
    count = ((before["restrictions"] or {}).get("completed_sessions") or {}).get("count", 0)
    return {"completed_sessions": {"count": count, "limit": given["completed_sessions"]["limit"]}}


def _data(params: Params) -> dict[str, Any]:
    """What the sessions' subscriptions or payments will carry, as the link shows it."""
    shown: dict[str, Any] = {}
    if params.get("payment_intent_data"):
        given = params["payment_intent_data"]
        shown["payment_intent_data"] = {
            "capture_method": None,
            "description": given.get("description"),
            "metadata": merged({}, given.get("metadata")),
            "setup_future_usage": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "transfer_group": None,
        }
    if params.get("subscription_data"):
        given = params["subscription_data"]
        shown["subscription_data"] = {
            "description": given.get("description"),
            "invoice_settings": {"issuer": {"type": "self"}},
            "metadata": merged({}, given.get("metadata")),
            "trial_period_days": given.get("trial_period_days"),
            "trial_settings": given.get("trial_settings"),
        }
    return shown
