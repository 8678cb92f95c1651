"""Nudges: sent at once, then at most every tenth of a second, and never needed."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from membership import jobs
from membership.jobs import Jobs
from tests.support.clock import MovableClock
from tests.support.site import soon
from tests.support.working import works


@pytest.fixture
def queue(app: Flask) -> Jobs:
    jobs_of_app: Jobs = app.extensions["jobs"]
    return jobs_of_app


def nudge(app: Flask, times: int = 1) -> None:
    with app.app_context():
        for _ in range(times):
            jobs.nudge("inbox")


def test_a_nudge_is_in_the_queue_at_once(app: Flask, queue: Jobs) -> None:
    nudge(app)
    assert queue.huey.pending_count() == 1


def test_many_nudges_are_two_one_now_and_one_after_the_last(app: Flask, queue: Jobs) -> None:
    nudge(app, times=100)
    assert queue.huey.pending_count() == 1
    soon(lambda: queue.huey.pending_count() == 2)
    time.sleep(3 * jobs.PAUSE)
    assert queue.huey.pending_count() == 2


def test_a_queue_that_is_down_loses_nothing_but_the_hurry(
    make_app: Callable[..., Flask], capfd: pytest.CaptureFixture[str]
) -> None:
    app = make_app(QUEUE_URL="redis://127.0.0.1:9")
    nudge(app)  # does not raise
    assert "did not take a nudge" in capfd.readouterr().err


def test_one_kind_of_work_that_breaks_does_not_stop_the_sweep(
    app: Flask, queue: Jobs, clock: MovableClock
) -> None:
    done: list[str] = []

    def breaks() -> None:
        raise ZeroDivisionError

    queue.kinds.clear()
    queue.kinds.update({"broken": breaks, "sound": lambda: done.append("sound")})
    with app.app_context():
        works(app)
        assert jobs.last_beat() == clock()
    assert done == ["sound"]


def test_messages_in_the_queue_are_signed(app: Flask, queue: Jobs) -> None:
    nudge(app)
    (message,) = queue.huey.storage.enqueued_items()
    with pytest.raises(ValueError, match="mismatch"):
        queue.huey.serializer.deserialize(message[:-1] + (b"1" if message.endswith(b"0") else b"0"))


@pytest.fixture
def hanging(queue: Jobs) -> Iterator[threading.Event]:
    """Stripe does not answer until this is set; codes can be sent all the while."""
    answers = threading.Event()

    def hangs() -> None:
        answers.wait(30)

    queue.kinds.update({"inbox": hangs, "codes": lambda: None})
    queue.at_once = 1
    yield answers
    answers.set()


def test_work_that_hangs_keeps_other_work_from_no_thread_however_often_it_is_asked_for(
    queue: Jobs, hanging: threading.Event
) -> None:
    with ThreadPoolExecutor(2) as threads:
        for _ in range(20):
            threads.submit(queue.drain, "inbox")
        try:
            threads.submit(queue.drain, "codes").result(timeout=10)
        finally:
            hanging.set()


def test_what_came_due_while_all_places_were_taken_is_looked_for_once_more(
    queue: Jobs, hanging: threading.Event
) -> None:
    looks: list[int] = []
    begun = threading.Event()

    def look() -> None:
        looks.append(1)
        begun.set()
        hanging.wait(30)

    queue.kinds["inbox"] = look
    at_work = threading.Thread(target=queue.drain, args=("inbox",))
    at_work.start()
    begun.wait(30)
    queue.drain("inbox")  # returns at once
    queue.drain("inbox")
    assert len(looks) == 1
    hanging.set()
    at_work.join()
    assert len(looks) == 2


def test_work_that_breaks_gives_its_place_back(queue: Jobs) -> None:
    queue.at_once, broken = 1, iter([ZeroDivisionError, None])

    def breaks_once() -> None:
        if error := next(broken):
            raise error

    queue.kinds["inbox"] = breaks_once
    with pytest.raises(ZeroDivisionError):
        queue.drain("inbox")
    queue.drain("inbox")
    assert list(broken) == []
