"""What is read out of Stripe's answers, by the real SDK over real HTTP."""

import json
from datetime import UTC, datetime
from typing import Any

from flask import Flask

from membership.billing.stripe_api import StripeAPI
from tests.support.odd_server import answering

JULY, AUGUST = 1_782_864_000, 1_785_542_400  # the first of each, 2026


def line(start: int, *, proration: bool | None) -> dict[str, Any]:
    """A line of an invoice: of a subscription's item, or (None) added by hand."""
    details = {"proration": proration, "subscription_item": "si_1"}
    return {
        "id": f"il_{start}",
        "object": "line_item",
        "amount": 500,
        "period": {"start": start, "end": start + 1},
        "parent": {
            "type": "subscription_item_details"
            if proration is not None
            else "invoice_item_details",
            "subscription_item_details": details if proration is not None else None,
        },
    }


def invoice(*lines: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "in_1",
        "object": "invoice",
        "created": AUGUST + 5,
        "status": "open",
        "total": 500,
        "currency": "eur",
        "payments": {"object": "list", "data": [], "has_more": False},
        "parent": {"subscription_details": {"subscription": "sub_1"}},
        "lines": {"object": "list", "data": list(lines), "has_more": False},
    }


def start_of(app: Flask, found: dict[str, Any]) -> datetime:
    answer = {"object": "list", "url": "/v1/invoices", "has_more": False, "data": [found]}
    with answering(200, json.dumps(answer).encode()) as address, app.app_context():
        (read,) = StripeAPI("sk_test_1", address).invoices("cus_1")
    assert read.subscription_id == "sub_1"
    return read.period_start


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_an_unpaid_period_begins_where_the_subscriptions_own_line_does(app: Flask) -> None:
    added = line(JULY, proration=None)
    adjusted = line(JULY, proration=True)
    renewal = line(AUGUST, proration=False)
    assert start_of(app, invoice(added, adjusted, renewal)) == at(AUGUST)


def test_an_invoice_without_such_a_line_begins_when_it_was_made(app: Flask) -> None:
    assert start_of(app, invoice(line(JULY, proration=None))) == at(AUGUST + 5)
