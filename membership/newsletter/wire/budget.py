"""The calls that MailerLite allows an account in a minute, shared by all our processes.

Two thirds of them follow each other evenly: that is what work in the background can have, some of
it at once. The rest may run ahead of that, and only for who is `urgent`: a visitor's code. So in no
minute are there more than the account has, and a code never waits behind the work. What the answers
say remains is believed where it is less, for others may use the account as well.
"""

import time
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy.orm import Session

from membership import config, pace
from membership.db import transaction
from membership.newsletter.wire.errors import Unavailable

WHOM, IMPORTS = "mailerlite", "mailerlite imports"
AHEAD, WORK_AHEAD = 38, 14  # calls that may run ahead of the even pace, at most; of them by work
WORK_WAITS = 5.0  # seconds, at most, for a turn
EVERY_IMPORT = 12.5  # seconds: five a minute go with the usual 120 calls; more, with more of them
USUAL = 120  # calls a minute
PAUSE = timedelta(minutes=1)  # after a 429 that does not say for how long


def wait(*, urgent: bool, imports: bool = False) -> None:
    """Until MailerLite may be called. Raises Unavailable rather than wait for long, or at all where
    it is urgent; its `wait` is when there will be a turn.

    `imports`: the call counts as creating an import, too. No transaction may be open.
    """
    now = time.time()
    closed = pace.closed_for(WHOM, now)
    longest = 0.0 if urgent else WORK_WAITS
    if closed > longest:
        raise _over(f"MailerLite had too many calls: none before {closed:.0f} seconds", closed)
    if imports:
        _wait_to_import(now)
    with transaction() as session:
        late = take(session, time.time(), urgent=urgent)
    if late > longest:
        raise _over("MailerLite's calls of this minute are used up", late)
    time.sleep(max(closed, late))


def take(session: Session, now: float, *, urgent: bool) -> float:
    """Take a turn; seconds until it comes. More than whoever asks would wait for, when it was not
    taken."""
    every, ahead = _measure()
    free = (ahead if urgent else min(ahead, WORK_AHEAD)) - 1
    longest = 0.0 if urgent else WORK_WAITS
    turn = pace.take_within(session, WHOM, every, free * every + longest, now)
    return max(turn - free * every, 0.0)


def refused(retry_after: timedelta | None, *, imports: bool) -> None:
    """MailerLite said 429: nobody calls for so long. `imports`: only no import is created."""
    until = time.time() + (retry_after or PAUSE).total_seconds()
    with transaction() as session:
        pace.close(session, IMPORTS if imports else WHOM, until)


def heard(headers: Mapping[str, str]) -> None:
    """What an answer says of the calls that remain."""
    remain = headers.get("X-RateLimit-Remaining", "")
    every, ahead = _measure()
    if not (remain.isascii() and remain.isdecimal()) or int(remain[:9]) >= ahead:
        return
    with transaction() as session:
        pace.hold(session, WHOM, time.time() + (ahead - int(remain)) * every)


def _wait_to_import(now: float) -> None:
    closed = pace.closed_for(IMPORTS, now)
    if closed <= WORK_WAITS:
        with transaction() as session:
            every = EVERY_IMPORT * min(1.0, USUAL / config.current().mailerlite_calls_per_minute)
            closed = max(closed, pace.take_within(session, IMPORTS, every, WORK_WAITS, now))
    if closed > WORK_WAITS:
        raise _over("MailerLite takes five imports a minute", closed)
    time.sleep(closed)


def _measure() -> tuple[float, int]:
    """Seconds from one turn to the next, and how many may run ahead."""
    a_minute = config.current().mailerlite_calls_per_minute
    return 60 / (a_minute * 2 / 3), max(1, min(AHEAD, a_minute // 3 - 2))


def _over(why: str, seconds: float) -> Unavailable:
    return Unavailable(why, wait=timedelta(seconds=seconds))
