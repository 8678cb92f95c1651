"""A person's story: every kind of entry has its sentence, and nobody reads another's."""

import ast
import importlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from membership import journal
from membership.billing import entitlements
from membership.billing.entitlements import SubscriptionFacts
from membership.billing.explain import sentences, timeline
from membership.billing.models import Match
from membership.config import ROOT
from membership.db import transaction
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.people import ADA, GRACE, opens_account

NOW = datetime(2027, 2, 10, 12, tzinfo=UTC)


def recorded() -> set[str]:
    """Every kind that the code records."""
    return {
        kind
        for folder in ("membership", "webhooks")
        for path in (ROOT / folder).rglob("*.py")
        for kind in _Source(path).kinds()
    }


class _Source:
    """One module, looked through for what it records in the journal."""

    def __init__(self, path: Path) -> None:
        self.name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        self.tree = ast.parse(path.read_text())

    def kinds(self) -> list[str]:
        found = []
        for function in ast.walk(self.tree):
            if isinstance(function, ast.FunctionDef):
                for call in self.calls("journal.record", function):
                    found += self.values(call.args[1], function)
        return found

    def calls(self, name: str, inside: ast.AST) -> list[ast.Call]:
        return [
            node
            for node in ast.walk(inside)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == name
        ]

    def values(self, argument: ast.expr, function: ast.FunctionDef) -> list[str]:
        """What it may be: written there, one of two, what the function is called with, or a
        constant of some module."""
        if isinstance(argument, ast.Constant):
            return [str(argument.value)]
        if isinstance(argument, ast.IfExp):
            both = argument.body, argument.orelse
            return [value for one in both for value in self.values(one, function)]
        parameters = [parameter.arg for parameter in function.args.args]
        if isinstance(argument, ast.Name) and argument.id in parameters:
            at = parameters.index(argument.id)
            calls = self.calls(function.name, self.tree)
            return [value for call in calls for value in self.values(call.args[at], function)]
        known = vars(importlib.import_module(self.name))
        return [str(eval(ast.unparse(argument), known))]  # noqa: S307 - our own source


def test_every_kind_that_is_recorded_has_a_sentence_and_no_other() -> None:
    assert len(recorded()) > 10
    assert set(sentences.SENTENCES) == recorded()


SUBSCRIBED = SubscriptionFacts(
    stripe_id="sub_1",
    status="active",
    features=frozenset({"premium"}),
    started_at=NOW,
    period_start=NOW,
    period_end=NOW,
    cancel_at=None,
    ended_at=None,
    oldest_open_invoice_start=None,
)


def test_every_rule_by_which_a_subscription_grants_has_its_words() -> None:
    facts = [
        replace(SUBSCRIBED, status=status, cancel_at=cancel_at, collection_paused=paused)
        for status in entitlements.STATUSES
        for cancel_at in (None, NOW)
        for paused in (False, True)
    ]
    held = {("sub_1", "premium"): entitlements.Held(NOW)}
    policy = entitlements.Policy(grace=timedelta(days=7))
    wanted = entitlements.wanted_grants(facts, [], policy=policy, held=held, now=NOW)
    assert {grant.reason for grant in wanted} - set(sentences.BECAUSE) == set()


def notes(
    app: Flask, kind: str, user_id: int | None = None, email: str | None = None, **detail: Any
) -> None:
    with app.app_context(), transaction() as session:
        journal.record(session, kind, user_id=user_id, email=email, **detail)


def story(app: Flask, user_id: int, email: str, newest: int | None = None) -> list[str]:
    with app.app_context():
        days = timeline.of_member(user_id, email, newest=newest)
    return [line.text for day in days for line in day.lines]


@on_each_database
def test_it_begins_before_there_is_an_account_and_holds_nothing_of_anybody_else(
    app: Flask,
) -> None:
    notes(app, "newsletter.code_asked", email=ADA, channel="smtp")
    notes(app, "newsletter.code_asked", email=GRACE, channel="mailerlite")
    ada, grace = opens_account(app, ADA), opens_account(app, GRACE)
    notes(app, "grant.ended", user_id=grace, feature="premium", source_ref="sub_1")
    asked, proven, opened = story(app, ada, ADA)
    assert asked == "A code was asked for, to be sent by our own mail server."
    assert proven.startswith("The address was proven")
    assert opened == "The account was opened."
    assert story(app, grace, GRACE)[-1] == "Premium ended."


def test_whoever_had_the_address_before_keeps_their_story(app: Flask) -> None:
    """An account that is gone leaves its entries; who joins with the address reads none of them."""
    ada = opens_account(app, ADA)
    notes(app, "owner.added", user_id=ada + 1000, email=ADA)
    assert story(app, ada, ADA) == [
        "The address was proven with the code, for the newsletter.",
        "The account was opened.",
    ]


def test_the_same_thing_in_a_row_is_said_once_a_day(app: Flask, clock: MovableClock) -> None:
    ada = opens_account(app, ADA)
    for _ in range(3):
        notes(app, "session.begun", user_id=ada, email=ADA)
    clock.passes(timedelta(days=1))
    notes(app, "session.begun", user_id=ada, email=ADA)
    assert story(app, ada, ADA)[-2:] == ["Signed in. (3 times)", "Signed in."]


def test_a_long_story_can_be_cut_to_its_end(app: Flask) -> None:
    ada = opens_account(app, ADA)
    notes(app, "session.begun", user_id=ada, email=ADA)
    assert story(app, ada, ADA, newest=2) == ["The account was opened.", "Signed in."]


def test_an_entry_of_an_older_version_breaks_nothing(app: Flask) -> None:
    ada = opens_account(app, ADA)
    notes(app, "thing.no_longer_recorded", user_id=ada)
    assert story(app, ada, ADA)[-1] == "Something was noted."


def entry(kind: str, **detail: Any) -> journal.Entry:
    return journal.Entry(kind=kind, at=NOW, detail=detail)


LATER = (NOW + timedelta(days=21)).isoformat()


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            entry("grant.written", feature="premium", ends_at=LATER, reason="active"),
            "Premium was granted until 3 March 2027: the subscription is paid.",
        ),
        (
            entry("grant.written", feature="field_guide", ends_at=None, reason="paid"),
            "Field guide was granted for good: it was bought.",
        ),
        (
            entry("grant.written", feature="premium", ends_at=NOW.isoformat(), reason="canceled"),
            "Premium was closed: the subscription has ended.",
        ),
        (
            entry("grant.written", feature="premium", ends_at=LATER, reason="past_due, in grace"),
            (
                "Premium was granted until 3 March 2027: the payment is overdue, and the days of "
                "grace are running."
            ),
        ),
        (
            entry(
                "grant.written",
                feature="premium",
                ends_at=NOW.isoformat(),
                reason="past_due, in grace",
            ),
            "Premium was closed: the payment is overdue, and the days of grace are over.",
        ),
        (
            entry("grant.written", feature="premium", ends_at=LATER, reason="unknown status new"),
            (
                "Premium was granted until 3 March 2027: Stripe told us of an unknown status "
                "new, and what was there before stays."
            ),
        ),
        (
            entry("grant.revoked", feature="premium", ends_at=LATER, reason="disputed, lost"),
            "Premium was closed: the payment is disputed at the payer’s bank.",
        ),
        (
            entry("comp.given", feature="premium", ends_at=LATER),
            "Premium was given, without payment, until 3 March 2027.",
        ),
        (
            entry("billing.bound", by="email"),
            "A payment was found to be this account’s: it was paid with this account’s address.",
        ),
        (
            entry("newsletter.code_asked", channel="mailerlite"),
            "A code was asked for, to be sent by MailerLite.",
        ),
    ],
)
def test_sentences_with_something_in_them(told: journal.Entry, sentence: str) -> None:
    assert sentences.of_entry(told) == sentence


def test_every_way_to_find_a_member_has_its_words() -> None:
    for by in Match:
        assert sentences.of_entry(entry("billing.bound", by=by)).startswith("A payment was found")
