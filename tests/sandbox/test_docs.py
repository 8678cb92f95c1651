"""docs/sandbox.md says what is there: its cards, its knobs and Stripe's calls that work."""

import re
from dataclasses import fields

from membership.config import ROOT
from sandbox.faults import WebhookFaults
from sandbox.knobs import OWN
from sandbox.mailerlite.routes import ROUTES as LIST_ROUTES
from sandbox.stripe.api import ROUTES
from sandbox.stripe.payments import CARDS

DOCS = (ROOT / "docs" / "sandbox.md").read_text()


def section(title: str) -> str:
    return DOCS.split(f"# {title}\n", 1)[1].split("\n## ")[0]


def test_the_cards_are_the_ones_on_the_checkout_page() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section("The cards"), re.MULTILINE))
    assert told == {card.number: card.title for card in CARDS.values()}


def test_every_knob_is_told_and_every_one_told_is_there() -> None:
    rows = re.findall(r"^\| (`[^|]+`) \|", section("Things that go wrong"), re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert told == {*OWN, *(each.name for each in fields(WebhookFaults)), "seed"}


def test_stripes_calls_are_the_ones_that_work() -> None:
    told = {
        (method, path)
        for methods, path in re.findall(r"`([A-Z ]+) /v1(/\S+)`", DOCS)
        for method in methods.split()
    }
    there = {(route.method, re.sub(r"<\w+>", "{id}", route.path)) for route in ROUTES}
    assert told == there


def test_mailerlites_calls_are_the_ones_that_work() -> None:
    told = {
        (method, path)
        for methods, path in re.findall(r"`([A-Z ]+) api/(\S+)`", DOCS)
        for method in methods.split()
    }
    there = {(method, re.sub(r"\{\w*\}", "{id}", path)) for method, path, _ in LIST_ROUTES}
    assert told == there | {("POST", "batch")}
