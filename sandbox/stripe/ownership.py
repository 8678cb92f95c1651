"""`/v1/account`: whose Stripe account this is."""

from typing import Any

from sandbox.store import Document
from sandbox.stripe.account import ACCOUNT, Account
from sandbox.stripe.routes import Params, get

OPENED = 1_767_225_600  # 1 January 2026


def retrieve(_account: Account, _params: Params) -> Document:
    profile: dict[str, Any] = dict.fromkeys(
        ("mcc", "support_address", "support_email", "support_phone", "support_url", "url")
    )
    return {
        "id": ACCOUNT,
        "object": "account",
        "business_profile": {**profile, "name": "Sandbox"},
        "business_type": "individual",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": "DE",
        "created": OPENED,
        "default_currency": "eur",
        "details_submitted": True,
        "email": "owner@example.com",
        "metadata": {},
        "payouts_enabled": True,
        "settings": {"dashboard": {"display_name": "Sandbox", "timezone": "Etc/UTC"}},
        "type": "standard",
    }


ROUTES = [get("/account", retrieve)]
