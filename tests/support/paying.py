"""Choosing a plan on the site, and paying on Stripe's page."""

from typing import Any
from urllib.parse import urlsplit

import requests
from flask import Flask
from sqlalchemy import select

from membership.billing.models import Price
from membership.db import db
from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere

WORKS = "4242424242424242"
DECLINED = "4000000000000002"
PRICES = {"monthly": (500, "month"), "yearly": (5000, "year"), "guide": (2900, None)}


def copy_catalogue(app: Flask) -> None:
    """flask billing catalogue."""
    done = app.test_cli_runner().invoke(args=["billing", "catalogue"])
    assert done.exit_code == 0, done.output


def price_id(app: Flask, name: str) -> str:
    """Stripe's id of an example price: monthly, yearly or guide."""
    amount, interval = PRICES[name]
    with app.app_context():
        return db.session.scalars(
            select(Price.stripe_id).where(Price.unit_amount == amount, Price.interval == interval)
        ).one()


def chooses(member: Browser, app: Flask, name: str = "monthly") -> str:
    """Press the button of a price on /plans; the address of Stripe's page."""
    answer = member.submit("/plans", action="/checkout", having={"price": price_id(app, name)})
    assert answer.status_code == 303, answer.text
    return answer.location


def pays(payer: Elsewhere, url: str, card: str = WORKS) -> requests.Response:
    """Fill in Stripe's page and press its button; the answer is not followed."""
    return payer.submit(url, card=card)


def way_back(answer: requests.Response) -> str:
    """The path on the site to which Stripe's page returned the payer."""
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["Location"])
    return f"{parts.path}?{parts.query}"


def ask_stripe(
    sandbox: Sandbox, path: str, form: dict[str, str] | None = None, *, method: str = "POST"
) -> dict[str, object]:
    """What an owner does in Stripe's dashboard."""
    answer = requests.request(
        method,
        f"{sandbox.stripe_base}/v1/{path}",
        data=form,
        headers={"Authorization": "Bearer sk_test_sandbox"},
        timeout=10,
    )
    assert answer.ok, answer.text
    found: dict[str, object] = answer.json()
    return found


def newest_at_stripe(sandbox: Sandbox, kind: str) -> str:
    """The id of the newest of its customers, subscriptions, …"""
    listed: Any = ask_stripe(sandbox, f"{kind}?limit=1", method="GET")["data"]
    return str(listed[0]["id"])


def offers_trial(app: Flask, sandbox: Sandbox, days: int = 7) -> None:
    """From now on the membership may be tried for so many days."""
    with app.app_context():
        sold = select(Price.product_id).where(Price.interval.is_not(None)).distinct()
        products = db.session.scalars(sold).all()
    for product_id in products:
        ask_stripe(sandbox, f"products/{product_id}", {"metadata[trial_days]": str(days)})
    copy_catalogue(app)
