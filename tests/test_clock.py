"""Two clocks: the real one, and the one money is judged by, which a developer may move."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from membership import clock as clocks
from tests.conftest import MakeApp
from tests.support.clock import MovableClock

DAY = timedelta(days=1)


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    return tmp_path / "sandbox-clock.json"


def now(app: Flask) -> timedelta:
    """How far billing's clock is ahead of the real one."""
    with app.app_context():
        return clocks.billing_now() - clocks.now()


def test_both_are_the_same_where_no_sandbox_is_named(make_app: MakeApp, moved: Path) -> None:
    moved.write_text(json.dumps({"ahead": 40 * 24 * 3600}))
    assert now(make_app(SANDBOX_CLOCK="")) == timedelta()


def test_billing_follows_the_sandbox_and_nothing_else_does(
    make_app: MakeApp, moved: Path, clock: MovableClock
) -> None:
    app = make_app(SANDBOX_CLOCK=str(moved))
    assert now(app) == timedelta()
    moved.write_text(json.dumps({"ahead": 40 * 24 * 3600}))
    assert now(app) == 40 * DAY
    with app.app_context():
        assert clocks.now() == clock()


def test_a_file_that_names_no_time_is_an_error_and_not_a_guess(
    make_app: MakeApp, moved: Path
) -> None:
    app = make_app(SANDBOX_CLOCK=str(moved))
    moved.write_text("tomorrow")
    with pytest.raises(ValueError, match="Expecting value"):
        now(app)
