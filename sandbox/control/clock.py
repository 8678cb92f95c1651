"""Time: what it is, and the buttons that move it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.control.desk import Desk, back, told
from sandbox.control.words import moment
from sandbox.stripe.errors import Refusal

HOUR = 60 * 60
DAY = 24 * HOUR
FARTHEST = 5 * 365 * DAY
COUNTED = 1000
STEPS = {"hour": HOUR, "day": DAY, "month": 30 * DAY}


def shown(desk: Desk) -> dict[str, Any]:
    """What every page of the control room shows of time, and what was done last."""
    return {
        "now": desk.clock.now(),
        "today": datetime.fromtimestamp(desk.clock.now(), UTC).date().isoformat(),
        "ahead": desk.clock.ahead,
        "next_renewal": desk.next_renewal(None),
        "troubled": desk.troubled,
        "notices": desk.said,
        "here": request.full_path.removesuffix("?"),
    }


def register(room: Blueprint, desk: Desk) -> None:
    @room.post("/clock")
    @room.post("/clock/date", endpoint="to_date")
    def move() -> AnyResponse:
        """Form or JSON: `by` (hour, day, month, renewal), `seconds`, or `date` (YYYY-MM-DD)."""
        body = told() if request.is_json else None
        given = body if isinstance(body, dict) else request.form
        wanted = _wanted(desk, given)
        before = _newest(desk)
        desk.clock.advance(max(0, wanted - desk.clock.now()))  # it may have passed meanwhile
        if request.is_json:
            return _told(desk)
        happened = _count(desk, before)
        desk.say(f"It is {moment(desk.clock.now())} now. {_events(happened)}")
        if given.get("by") == "renewal":
            desk.say("The period has begun. Its invoice is a draft, and is charged in an hour.")
        return back()

    @room.get("/clock")
    def read() -> Response:
        return _told(desk)


def _told(desk: Desk) -> Response:
    return jsonify(
        now=desk.clock.now(), ahead=desk.clock.ahead, next_renewal=desk.next_renewal(None)
    )


def _wanted(desk: Desk, given: Any) -> int:
    """The moment that is asked for."""
    now = desk.clock.now()
    readers: dict[str, Callable[[str], int]] = {
        "by": lambda by: _by(desk, by),
        "seconds": lambda seconds: now + int(seconds),
        "date": lambda date: int(datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp()),
    }
    name = next((each for each in readers if given.get(each) not in (None, "")), None)
    if name is None:
        raise Refusal("Say how far: by, seconds or date.")
    try:
        at = readers[name](str(given[name]))
    except (ValueError, OverflowError):
        raise Refusal(f"There is no such moment: {given[name]}.") from None
    if at < now:
        raise Refusal("Time does not go back: what has happened has happened.")
    if at - now > FARTHEST:
        raise Refusal("That is more than five years away. Go there in steps.")
    return at


def _by(desk: Desk, by: str) -> int:
    if by in STEPS:
        return desk.clock.now() + STEPS[by]
    if by != "renewal":
        raise ValueError(by)
    moment_ = desk.next_renewal(None)
    if moment_ is None:
        raise Refusal("Nothing is going to be renewed.")
    return moment_


def _newest(desk: Desk) -> str | None:
    newest = desk.store.beyond("event", None, newer=False, most=1, wanted=bool)
    return str(newest[0]["id"]) if newest else None


def _count(desk: Desk, since: str | None) -> int:
    return len(desk.store.beyond("event", since, newer=True, most=COUNTED, wanted=bool))


def _events(number: int) -> str:
    if number == 0:
        return "Nothing was due on the way."
    if number == 1:
        return "One event was sent on the way."
    return f"{'More than ' if number == COUNTED else ''}{number} events were sent on the way."
