"""Asking the doctor, and a site that has nothing wrong."""

import re
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from membership.doctor import examination
from membership.doctor.findings import Said
from membership.doctor.visit import Visit
from sandbox.server import Sandbox
from tests.support.mailerlite_has import set_up
from tests.support.paying import copy_catalogue
from tests.support.stripe_signs import body, event, signature
from tests.support.working import works

MakeApp = Callable[..., Flask]
SITE = "https://letters.example"


def said(app: Flask, name: str) -> Said:
    """What this check alone says."""
    (check,) = (check for check in examination.CHECKS if check.name == name)
    with app.app_context():
        return check.ask(Visit())


def level(app: Flask, name: str) -> str:
    return said(app, name).level


def examined(app: Flask) -> dict[str, Said]:
    with app.app_context():
        return {finding.check.name: finding.said for finding in examination.examine()}


def is_told(app: Flask, secret: str) -> None:
    """Stripe tells of something."""
    raw = body(event(kind="price.created", about={"id": "price_1"}))
    headers = {"Stripe-Signature": signature(raw, secret=secret)}
    assert app.test_client().post("/webhooks/stripe", data=raw, headers=headers).status_code == 200


def written(content: Path) -> Path:
    """Pages without gaps."""
    for name in ("posts", "pages"):
        (content / name).mkdir(parents=True, exist_ok=True)
    (content / "pages" / "terms.md").write_text("---\ntitle: T\nsummary: S.\n---\n\nWe are us.\n")
    return content


def public_site(make_app: MakeApp, sandbox: Sandbox, folder: Path) -> Flask:
    """Its owner has done all that the docs say, and Stripe has called once."""
    sandbox.webhooks_paused = True  # nobody is at that address
    settings = {
        "SITE_URL": SITE,
        "CONTACT_EMAIL": "owner@example.com",
        "TRUSTED_PROXIES": "1",
        "QUEUE_URL": f"sqlite:///{folder / 'queue.db'}",
        "CONTENT_DIR": str(written(folder / "content")),
    }
    before = make_app(**settings)
    copy_catalogue(before)
    told = before.test_cli_runner().invoke(args=["billing", "register-webhook"]).output
    secrets = dict(re.findall(r"(\w+_WEBHOOK_SECRET)=(\w+)", set_up(before) + told))
    app = make_app(**settings, **secrets)
    is_told(app, secrets["STRIPE_WEBHOOK_SECRET"])
    works(app)
    return app
