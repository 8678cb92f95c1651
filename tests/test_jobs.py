"""Nudges: sent at once, then at most every tenth of a second, and never needed."""

import time
from collections.abc import Callable

import pytest
from flask import Flask

from membership import jobs
from membership.jobs import Jobs
from tests.support.clock import MovableClock
from tests.support.site import soon


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
        jobs.run_due()
        assert jobs.last_beat() == clock()
    assert done == ["sound"]


def test_messages_in_the_queue_are_signed(app: Flask, queue: Jobs) -> None:
    nudge(app)
    (message,) = queue.huey.storage.enqueued_items()
    with pytest.raises(ValueError, match="mismatch"):
        queue.huey.serializer.deserialize(message[:-1] + (b"1" if message.endswith(b"0") else b"0"))
