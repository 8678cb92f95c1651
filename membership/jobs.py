"""The queue. It only says hurry: what is to be done stands in rows (see `due.py`).

A nudge names a kind of work, not a row, and may be lost; the sweep that every worker runs at its
start and each minute finds whatever was left. So the queue needs no durability of its own.
"""

import logging
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from flask import Flask, current_app
from sqlalchemy import ColumnElement
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from membership import clock, due, queues
from membership.config import Config
from membership.db import Model, db, transaction
from membership.due import Row

log = logging.getLogger(__name__)
Drain = Callable[[], None]
KEPT = 8000  # characters of a traceback: its end says most
PAUSE = 0.1  # seconds between two nudges of one kind from one process
SILENT_FOR = timedelta(minutes=3)  # several sweeps: then the worker is taken for dead


class Heartbeat(Model):
    """One row, written by the sweep: when a worker was last alive."""

    __tablename__ = "heartbeats"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]


class Jobs:
    """The queue of one application, and the kinds of work it knows."""

    def __init__(self, app: Flask, config: Config) -> None:
        self.app = app
        self.at_once: int | None = None  # how many threads may do one kind; as many as like
        self.kinds: dict[str, Drain] = {}
        self.huey = queues.opened(config)
        self.huey.storage.close()  # made before gunicorn forks; each thread opens its own
        self._drain = self.huey.task(name="drain")(self.drain)
        self.huey.periodic_task(queues.EVERY_MINUTE, name="sweep")(self.sweep)
        self.huey.on_startup(name="sweep")(self.sweep)
        self._pauses: dict[str, _Pause] = {}
        self._places: dict[str, _Places] = {}

    def drain(self, kind: str) -> None:
        """Do all of this kind that is due, or see to it that those who are at it do."""
        self._places.setdefault(kind, _Places()).take(self._all_due, kind, self.at_once)

    def _all_due(self, kind: str) -> None:
        with self.app.app_context():
            self.kinds[kind]()

    def sweep(self) -> None:
        with self.app.app_context():
            _beat()
        for kind in self.kinds:
            try:
                self.drain(kind)
            except Exception:
                log.exception("the sweep could not finish %s", kind)

    def nudge(self, kind: str, delay: float = 0) -> None:
        if delay:
            self._send(kind, delay)
        else:
            pause = self._pauses.setdefault(kind, _Pause())
            pause.then(lambda: self._send(kind, 0))

    def _send(self, kind: str, delay: float) -> None:
        try:
            self._drain.schedule(args=(kind,), delay=delay)
        except Exception:  # the row stands; the sweep will find it
            log.exception("the queue did not take a nudge for %s", kind)


class _Places:
    """For one kind of work: who finds no place leaves word, and those at work look once more.

    So work that hangs, since Stripe does, keeps no more threads than it may, however often it is
    asked for; and what came due after the last look is not left for the sweep.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = 0
        self._asked_again = False

    def take(self, act: Callable[[str], None], kind: str, at_once: int | None) -> None:
        with self._lock:
            if at_once is not None and self._taken >= at_once:
                self._asked_again = True
                return
            self._taken += 1
        looking = True
        while looking:
            try:
                act(kind)
            except BaseException:
                self._leave()
                raise
            looking = not self._leave_unless_asked()

    def _leave_unless_asked(self) -> bool:
        with self._lock:
            if self._asked_again:
                self._asked_again = False
                return False
            self._taken -= 1
            return True

    def _leave(self) -> None:
        with self._lock:
            self._taken -= 1


class _Pause:
    """Runs what it is given at once, or once when the pause after the last time is over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0.0
        self._waiting = False

    def then(self, act: Callable[[], None]) -> None:
        with self._lock:
            if self._waiting:
                return
            wait = self._next - time.monotonic()
            self._waiting = wait > 0
            self._next = time.monotonic() + max(wait, 0) + PAUSE
        if wait > 0:
            timer = threading.Timer(wait, self._late, (act,))
            timer.daemon = True
            timer.start()
        else:
            act()

    def _late(self, act: Callable[[], None]) -> None:
        with self._lock:
            self._waiting = False
        act()


def init_app(app: Flask, config: Config) -> Jobs:
    app.extensions["jobs"] = jobs = Jobs(app, config)
    return jobs


def nudge(kind: str, *, delay: float = 0) -> None:
    """Say that rows of this kind are due, now or in `delay` seconds. Call it after the commit."""
    jobs: Jobs = current_app.extensions["jobs"]
    jobs.nudge(kind, delay)


def work(
    model: type[Row], act: Callable[[Row], None], *criteria: ColumnElement[bool], kind: str
) -> None:
    """Do `act` on every row that is due (and fits), one after another.

    What raises is put off, with its traceback; when somebody else is away, so is the rest.
    """
    while (row := _claim(model, *criteria)) is not None:
        try:
            act(row)
        except Exception as error:  # noqa: BLE001 - whatever it is, the row keeps it
            db.session.rollback()
            _put_off([row], kind, error)
            if isinstance(error, due.Away):
                return


def work_together(
    model: type[Row],
    act: Callable[[Sequence[Row]], None],
    most: int,
    *criteria: ColumnElement[bool],
    kind: str,
) -> None:
    """The same where much is done at once: `act` has up to `most` rows, and finishes, or puts off,
    each of them in a transaction at its end. What it raises puts all of them off."""
    while rows := _claim_some(model, most, *criteria):
        try:
            act(rows)
        except Exception as error:  # noqa: BLE001 - whatever it is, the rows keep it
            db.session.rollback()
            _put_off(rows, kind, error)
            if isinstance(error, due.Away):
                return


def last_beat() -> datetime | None:
    heartbeat = db.session.get(Heartbeat, 1)
    return heartbeat.at if heartbeat else None


def silent(beat: datetime | None, now: datetime) -> bool:
    """Whether no worker is at work, as far as its last beat tells."""
    return beat is None or now - beat >= SILENT_FOR


def _claim(model: type[Row], *criteria: ColumnElement[bool]) -> Row | None:
    with transaction() as session:
        return due.claim(session, model, *criteria, now=clock.now())


def _claim_some(model: type[Row], most: int, *criteria: ColumnElement[bool]) -> Sequence[Row]:
    with transaction() as session:
        return due.claim_some(session, model, most, *criteria, now=clock.now())


def _put_off(rows: Sequence[due.Due], kind: str, error: Exception) -> None:
    wait = error.wait if isinstance(error, due.Away) else None
    if wait is None:
        which = ", ".join(str(row.id) for row in rows)
        log.warning("%s %s will be tried again", kind, which, exc_info=True)
    else:
        log.info("%s wait: %s", kind, error)
    why, now = traceback.format_exc()[-KEPT:], clock.now()
    with transaction() as session:
        again = [due.put_off(session, row, error=why, now=now, wait=wait) for row in rows]
    nudge(kind, delay=(min(again) - now).total_seconds())


def _beat() -> None:
    with transaction() as session:
        heartbeat = session.get(Heartbeat, 1, with_for_update=True)
        if heartbeat:
            heartbeat.at = clock.now()
            return
        with suppress(IntegrityError), session.begin_nested():  # another worker's first, as good
            session.add(Heartbeat(id=1, at=clock.now()))
