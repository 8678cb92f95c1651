"""Random lives through everything that can go wrong, in their short form.

Another history: TORTURE_SEED=7 make test TESTS=tests/torture. Longer ones: make torture.
"""

import os

import pytest

from tests.torture.rounds import Database, Round, in_words, on_postgres, on_sqlite

SEED = int(os.environ.get("TORTURE_SEED", "790"))
SECONDS = 60.0  # to look for the shortest history that goes wrong


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    if request.param == "sqlite":
        return on_sqlite(request.getfixturevalue("sqlite_template"))
    return on_postgres(
        request.getfixturevalue("postgres"), request.getfixturevalue("postgres_template")
    )


@pytest.mark.long
def test_everybody_gets_what_is_theirs(database: Database) -> None:
    """Twenty people, two web and two worker processes, kills and faults: nobody is locked out, and
    nobody gets in. What is right is said by `model.py`, which knows nothing of our code."""
    lived = Round(SEED, members=20, steps=70)
    record = lived.live(database)
    if record.wrong:
        why = lived.explain(record, database, seconds=SECONDS)
        pytest.fail(f"seed {SEED}: {record}\n{in_words(record)}\nThe shortest way there:\n{why}")
    assert record.events > 200
    assert record.kills
    assert record.drops
    assert 0 < record.open < record.asked
