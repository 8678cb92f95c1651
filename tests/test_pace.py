"""How often others are asked: so many a second for all processes, and none after a 429."""

from functools import partial
from itertools import chain

import pytest
from flask import Flask

from membership import pace
from membership.db import db, transaction
from membership.pace import Pace
from tests.conftest import MakeApp
from tests.support.databases import on_each_database
from tests.support.threads import at_once

NOON = 1_800_000_000.0  # a moment, in seconds
WHOM = "somebody"


def takes(app: Flask, how_many: int, *, at: float, per_second: int = 20) -> float:
    with app.app_context(), transaction() as session:
        return pace.take(session, WHOM, how_many, 1 / per_second, at)


def is_refused(app: Flask, *, at: float) -> float:
    """They say 429 at this moment; seconds until it may be called again."""
    with app.app_context():
        with transaction() as session:
            pace.refuse(session, WHOM, at)
        row = db.session.get_one(Pace, WHOM)
        return row.closed_until - at


@on_each_database
def test_turns_follow_each_other_and_none_are_saved_up(app: Flask) -> None:
    assert takes(app, 5, at=NOON) == pytest.approx(NOON)
    assert takes(app, 5, at=NOON) == pytest.approx(NOON + 5 / 20)
    assert takes(app, 1, at=NOON + 60) == pytest.approx(NOON + 60)
    assert takes(app, 1, at=NOON + 59) == pytest.approx(NOON + 60 + 1 / 20)  # a clock behind


@on_each_database
def test_no_two_processes_ever_have_the_same_turn(make_app: MakeApp) -> None:
    apps = [make_app(), make_app()]

    def process(app: Flask) -> list[float]:
        return [takes(app, 5, at=NOON) for _ in range(10)]

    taken = at_once(*(partial(process, app) for app in apps * 2))
    assert sorted(chain(*taken)) == pytest.approx([NOON + n * 5 / 20 for n in range(40)])


@on_each_database
def test_a_pause_is_longer_each_time_and_calls_that_were_out_count_once(app: Flask) -> None:
    assert is_refused(app, at=NOON) == pytest.approx(1)
    assert is_refused(app, at=NOON + 0.5) == pytest.approx(0.5)
    pauses, moment = [], NOON + 1
    for _ in range(6):
        pauses.append(is_refused(app, at=moment))
        moment += pauses[-1]
    assert pauses == pytest.approx([2, 4, 8, 16, 30, 30])
    assert is_refused(app, at=moment + 61) == pytest.approx(1)


@on_each_database
def test_who_runs_ahead_of_their_turn_does_so_only_so_far(app: Flask) -> None:
    waits = [runs_ahead(app, 3, at=NOON) for _ in range(5)]
    assert waits == pytest.approx([0, 1, 2, 3, 4])
    assert runs_ahead(app, 3, at=NOON) == pytest.approx(4)  # it was not taken the last time
    assert runs_ahead(app, 3, at=NOON + 2) == pytest.approx(2)


@on_each_database
def test_no_two_processes_run_ahead_by_the_same_turn(make_app: MakeApp) -> None:
    apps = [make_app(), make_app()]

    def process(app: Flask) -> list[float]:
        return [runs_ahead(app, 29, at=NOON) for _ in range(10)]

    taken = at_once(*(partial(process, app) for app in apps * 2))
    assert sorted(chain(*taken))[:30] == pytest.approx(list(range(30)))
    assert sorted(chain(*taken))[30:] == pytest.approx([30] * 10)


@on_each_database
def test_a_pause_that_was_asked_for_is_not_shortened_by_another(app: Flask) -> None:
    with app.app_context():
        with transaction() as session:
            pace.close(session, WHOM, NOON + 60)
            pace.close(session, WHOM, NOON + 30)
            pace.close(session, "another", NOON + 90)
        assert pace.closed_for(WHOM, NOON) == pytest.approx(60)
        assert pace.closed_for(WHOM, NOON + 61) == 0


def runs_ahead(app: Flask, within: float, *, at: float) -> float:
    """A turn a second; how long until it comes."""
    with app.app_context(), transaction() as session:
        return pace.take_within(session, WHOM, 1.0, within, at)
