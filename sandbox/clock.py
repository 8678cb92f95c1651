"""The sandbox's time. Everything that is billed, dated or expires asks here."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from sandbox.store import Store

log = logging.getLogger(__name__)

KIND = "clock"
TICK = 0.5  # seconds of real time between two looks at what has become due


@dataclass(frozen=True)
class Occurrence:
    """`at` is in unix seconds of the clock, which stands there while `act` is done."""

    at: int
    act: Callable[[], object]


@dataclass(frozen=True)
class Standing:
    """Where time stands for what is being done: at a moment, by a test clock or (None) by ours."""

    moment: int
    test_clock: str | None


STANDING: ContextVar[Standing | None] = ContextVar("STANDING", default=None)


class Clock:
    """Real time and how far ahead of it we are; kept in the store, and in a file for others.

    The file holds `{"ahead": seconds}`. `soonest` is set by whoever knows what happens next,
    `moved` by whoever wants to hear that time was moved.
    """

    def __init__(self, store: Store, file: Path | None = None) -> None:
        self.soonest: Callable[[], Occurrence | None] = lambda: None
        self.moved: Callable[[], object] = lambda: None
        self._store = store
        self._lock = store.lock
        self._file = file
        kept = store.get(KIND, KIND)
        self._ahead = self._target = int(kept["ahead"]) if kept else 0
        self._tell()

    @property
    def ahead(self) -> int:
        """Seconds."""
        return self._ahead

    @property
    def test_clock(self) -> str | None:
        """The id of the test clock by which things are being done at the moment."""
        standing = STANDING.get()
        return standing.test_clock if standing else None

    @property
    def moving(self) -> bool:
        """Whether somebody is moving it on at the moment."""
        return self._ahead < self._target

    def now(self) -> int:
        """Unix seconds; the moment of an occurrence while it is being done."""
        standing = STANDING.get()
        return standing.moment if standing else int(time.time()) + self._ahead

    def advance(self, seconds: int) -> None:
        """Move on, and do everything that becomes due on the way, in its order."""
        if seconds < 0:
            raise ValueError("time does not go back: what has happened has happened")
        with self._lock:
            self._target += seconds
        try:
            self.catch_up()
        except BaseException:
            with self._lock:
                self._target = self._ahead  # it has come so far, and no further
            raise
        with self._lock:
            self._move(self._target)

    def advance_to(self, moment: int) -> None:
        """The same, to a moment in unix seconds."""
        self.advance(moment - self.now())

    def catch_up(self) -> None:
        """Do what is due. Each act is one act to everybody else, who may come in between."""
        while True:
            with self._lock:
                due = self.soonest()
                real = int(time.time())
                if due is None or due.at > real + self._target:
                    return
                self._move(due.at - real)
                with self.standing_at(due.at):
                    due.act()

    @contextmanager
    def standing_at(self, moment: int, test_clock: str | None = None) -> Iterator[None]:
        token = STANDING.set(Standing(moment, test_clock))
        try:
            yield
        finally:
            STANDING.reset(token)

    def _move(self, ahead: int) -> None:
        if ahead > self._ahead:
            self._ahead = ahead
            self._store.put(KIND, KIND, {"ahead": ahead})
            self._tell()
            self.moved()

    def _tell(self) -> None:
        """Whole or not at all: who reads it meanwhile sees the old one."""
        if self._file:
            draft = self._file.with_name(f".{self._file.name}.new")
            draft.write_text(json.dumps({"ahead": self._ahead}), encoding="utf-8")
            draft.replace(self._file)


class Ticker:
    """Does what becomes due as real time passes, in a thread of its own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._over = Event()
        self._thread = Thread(target=self._run, name="sandbox-clock", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(TICK):
            if self._clock.moving:
                continue  # who moves it does what is due
            try:
                self._clock.catch_up()
            except Exception:  # one act that fails must not stop the clock
                log.exception("something that was due could not be done")
