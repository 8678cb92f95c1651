"""A known address is as much work as an unknown one. `make timing` measures it; here what is done
is compared, which a busy machine does not change."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event

from membership.accounts import hashing
from membership.db import db
from tests.hostile import timing
from tests.hostile.timing import DOORS, KINDS, Door, Row
from tests.support.browser import Browser
from tests.support.people import ADA, GRACE, opens_account, signs_in


def work_of(door: Door, person: Browser, email: str) -> tuple[int, int]:
    """How many transactions wrote, which takes longer than any row in them, and the status."""
    token = person.token_on(door.page)
    told: list[str] = []

    def statement(_c: object, _cursor: object, sql: str, *_: object) -> None:
        told.append(sql.split("WHERE", maxsplit=1)[0])

    with person.client.application.app_context():
        event.listen(db.engine, "before_cursor_execute", statement)
        try:
            answer = person.post(door.path, {"csrf_token": token, "email": email, **door.fields})
        finally:
            event.remove(db.engine, "before_cursor_execute", statement)
    return told.count("BEGIN IMMEDIATE"), answer.status_code


@contextmanager
def full_house() -> Iterator[None]:
    """So many people are signing in that nobody else's password is looked at."""
    for _ in range(hashing.IN_ALL):
        assert hashing._queue.places.acquire(blocking=False)
    try:
        yield
    finally:
        for _ in range(hashing.IN_ALL):
            hashing._queue.places.release()


def somebody(door: Door, app: Flask, site_url: str) -> Browser:
    person = Browser(app, site_url)
    return signs_in(person, ADA) if door.signed_in else person


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_s12_a_known_address_is_as_much_work_as_an_unknown_one(
    app: Flask, site_url: str, door: Door
) -> None:
    for email in (ADA, GRACE):
        opens_account(app, email)
    known = work_of(door, somebody(door, app, site_url), GRACE)
    unknown = work_of(door, somebody(door, app, site_url), "never@example.com")
    assert known == unknown
    assert known[0] > 0


@pytest.mark.parametrize("door", [DOORS[0], DOORS[3]], ids=lambda door: door.name)
def test_s12_the_password_is_hashed_for_both(app: Flask, site_url: str, door: Door) -> None:
    """Both queue for it, and so both are turned away when the queue is full."""
    opens_account(app, GRACE)
    with full_house():
        for email in (GRACE, "never@example.com"):
            _, status = work_of(door, somebody(door, app, site_url), email)
            assert status == HTTPStatus.TOO_MANY_REQUESTS


def test_the_table_of_make_timing_is_made_and_would_tell(tmp_path: Path) -> None:
    rows = list(timing.run(2, tmp_path, rounds="4"))
    assert [row.door for row in rows] == [
        *(door.name for door in DOORS),
        *(f"form: {kind}" for kind in KINDS),
    ]
    assert not Row("a door", 0.280, 0.300).tells
    assert not Row("a door", 0.005, 0.019).tells
    assert Row("a door", 0.250, 0.300).tells
