"""Where somebody was signed in long ago is nobody's business any more."""

from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from sqlalchemy import func, select

from membership.accounts.models import SignIn
from membership.db import db
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.people import ADA, signs_in
from tests.support.signed_in import is_in
from tests.support.working import works


def kept(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(SignIn)) or 0


@on_each_database
def test_a_session_is_forgotten_a_month_after_it_ended_and_a_living_one_never(
    ada: Browser, browser: Callable[[], Browser], app: Flask, clock: MovableClock
) -> None:
    for _ in range(4):
        signs_in(browser(), ADA)
    clock.passes(timedelta(days=60) - timedelta(seconds=1))
    living = signs_in(browser(), ADA)
    works(app)
    assert kept(app) == 6
    clock.passes(timedelta(seconds=1))
    works(app)
    assert kept(app) == 1
    assert is_in(living)
