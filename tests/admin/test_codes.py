"""The desk's codes, and the alarm when they are hardly used any more."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from membership.admin.needs.known import needs
from membership.db import db, transaction
from membership.newsletter.models import Challenge, CodeSend, SendState
from sandbox.server import Sandbox
from tests.support.asked import asked_of, read_whole
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mail import Work, code_for
from tests.support.mailerlite_has import set_up
from tests.support.people import ADA, GRACE, PASSWORD, opens_account

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Sent = Callable[..., None]


@pytest.fixture
def sent(app: Flask) -> Sent:
    """Codes that were sent at this time, each asked for by somebody else unless told by whom; some
    were used two minutes later."""

    def send(
        count: int,
        *,
        used: int,
        at: datetime,
        channel: str = "mailerlite",
        by: str | None = None,
        state: SendState = SendState.SENT,
    ) -> None:
        with app.app_context(), transaction() as session:
            for number in range(count):
                email = f"{channel}-{at:%j%H}-{number}@example.com"
                used_at = at + timedelta(minutes=2) if number < used else None
                about = {"email": email, "created_at": at}
                challenge = Challenge(
                    purpose="join", nonce="-", expires_at=at + HOUR / 2, spent_at=used_at, **about
                )
                session.add(challenge)
                session.flush()
                session.add(
                    CodeSend(
                        challenge_id=challenge.id,
                        channel=channel,
                        state=state,
                        reason="-",
                        asker=by or email,
                        used_at=used_at,
                        last_error="550 no such user" if state is SendState.FAILED else None,
                        **about,
                    )
                )

    return send


def row(page: str, way: str) -> list[str]:
    """What the table says of this way, cell by cell."""
    found = re.search(rf"<tr[^>]*>(?:(?!</tr>).)*>{way}<.*?</tr>", page, re.DOTALL)
    assert found, page
    cells = re.findall(r"<td[^>]*>(.*?)</td>", found[0], re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in cells]


def alarms(app: Flask) -> list[str]:
    with app.test_request_context():
        return [f"{need.title}. {need.sentence}" for need in needs() if need.name == "codes-unused"]


def test_what_people_did_is_what_the_owner_reads(
    app: Flask, owner: Browser, visitor: Browser, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    set_up(app)
    visitor.submit("/", action="/subscribe", email=ADA)
    work()
    clock.passes(timedelta(minutes=1, seconds=5))
    visitor.submit("/join", action="/join", code=code_for(sandbox, ADA), password=PASSWORD)
    page = owner.get("/admin/codes").text
    assert row(page, "MailerLite") == ["MailerLite", "1", "1 100%", "0", "0", "0", "1 min 5 s"]
    assert row(page, "SMTP") == ["SMTP", "0", "0", "0", "0", "0", "–"]
    assert "Nothing failed" in page


@on_each_database
def test_each_code_is_counted_once_and_failures_lead_to_their_persons(
    app: Flask, owner: Browser, sent: Sent, clock: MovableClock
) -> None:
    user_id = opens_account(app, GRACE)
    sent(5, used=3, at=clock() - 2 * HOUR)
    sent(2, used=0, at=clock())
    sent(4, used=1, at=clock() - 3 * DAY, channel="smtp")
    sent(1, used=0, at=clock() - 3 * DAY - HOUR, channel="smtp", state=SendState.FAILED)
    sent(9, used=0, at=clock() - HOUR, channel="smtp", state=SendState.NOT_NEEDED)
    with app.app_context(), transaction() as session:
        session.query(CodeSend).filter_by(state=SendState.FAILED).update({"email": GRACE})
    today = owner.get("/admin/codes").text
    assert row(today, "MailerLite") == ["MailerLite", "7", "3 43%", "0", "2", "2", "2 min 0 s"]
    assert row(today, "SMTP")[1] == "0"
    week = owner.get("/admin/codes?within=week").text
    assert row(week, "SMTP") == ["SMTP", "5", "1 20%", "1", "3", "0", "2 min 0 s"]
    assert "550 no such user" in week
    assert f'href="/admin/people/{user_id}"' in week
    assert owner.get("/admin/codes?within=year").status_code == HTTPStatus.NOT_FOUND


def test_the_page_and_the_alarm_go_through_nobodys_rows(
    app: Flask, owner: Browser, sent: Sent, clock: MovableClock
) -> None:
    sent(25, used=0, at=clock() - 2 * HOUR)
    sent(50, used=30, at=clock() - 3 * DAY)
    with asked_of(app) as asked:
        assert owner.get("/admin/codes?within=month").status_code == HTTPStatus.OK
        assert alarms(app)
    assert len([each for each, _ in asked if "code_sends" in each]) >= 8
    assert read_whole(app, asked) == set()
    counts = [(each, given) for each, given in asked if each.startswith("SELECT count(*)")]
    ways = {way for each, given in counts if "code_sends" in each for way in plan(app, each, given)}
    assert [way for way in ways if "COVERING INDEX" not in way or "TEMP" in way] == []
    assert ways
    assert all("state=? AND created_at>?" in way for way in ways)


def plan(app: Flask, statement: str, given: Any) -> list[str]:
    """How the database goes about it, step by step."""
    with app.app_context(), db.engine.connect() as connection:
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).all()
        return [str(step[-1]) for step in steps]


@on_each_database
def test_when_codes_are_hardly_used_any_more_the_owner_is_told_by_which_way(
    app: Flask, sent: Sent, clock: MovableClock
) -> None:
    sent(60, used=40, at=clock() - 5 * DAY)
    sent(60, used=40, at=clock() - 5 * DAY, channel="smtp")
    sent(25, used=16, at=clock() - 3 * HOUR, channel="smtp")
    assert alarms(app) == []
    sent(24, used=1, at=clock() - 2 * HOUR)
    [said] = alarms(app)
    assert said.startswith("Codes sent by MailerLite are hardly used any more. Of 24 people")
    assert "1 used theirs; in the weeks before it was 67%" in said
    clock.passes(DAY)
    assert alarms(app) == []


def test_codes_that_can_still_be_used_are_no_alarm(
    app: Flask, sent: Sent, clock: MovableClock
) -> None:
    sent(60, used=40, at=clock() - 5 * DAY)
    sent(40, used=0, at=clock() - timedelta(minutes=10))
    assert alarms(app) == []


def test_strangers_who_type_in_many_addresses_wake_nobody(
    app: Flask, sent: Sent, clock: MovableClock
) -> None:
    sent(60, used=40, at=clock() - 5 * DAY)
    sent(22, used=13, at=clock() - 5 * HOUR)
    for hour in (2, 3, 4):
        sent(80, used=0, at=clock() - hour * HOUR, by=f"stranger {hour}")
    assert alarms(app) == []


def test_who_asked_is_forgotten_after_some_weeks(
    app: Flask, sent: Sent, work: Work, clock: MovableClock
) -> None:
    sent(1, used=1, at=clock() - 29 * DAY)
    sent(1, used=1, at=clock() - 27 * DAY)
    work()
    with app.app_context():
        askers = select(CodeSend.asker).order_by(CodeSend.created_at)
        kept = [asker is not None for asker in db.session.scalars(askers)]
    assert kept == [False, True]
