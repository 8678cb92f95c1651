"""Torture at length: one round after another, each with another seed, until the minutes are over.

python -m tests.torture --seed 1 --members 20 --minutes 10 --db both
"""

import argparse
import logging
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count, cycle
from pathlib import Path

from tests.support import databases
from tests.torture.rounds import Database, Round, on_postgres, on_sqlite

STEPS_FOR_A_MEMBER = 15
SECONDS = 300.0  # to look for the shortest history that goes wrong


def main() -> int:
    asked = _asked()
    logging.disable(logging.CRITICAL)  # what the site says of faults is not what is asked here
    seed = asked.seed if asked.seed is not None else random.randrange(1_000_000)  # noqa: S311
    over = time.monotonic() + asked.minutes * 60
    events = drops = kills = answers = wrong = unaccounted = 0
    with ExitStack() as stack:
        kinds = cycle(_databases(stack, asked.db))
        for number in count(seed):
            name, database = next(kinds)
            lived = Round(number, asked.members, asked.members * STEPS_FOR_A_MEMBER)
            record = lived.live(database)
            events += record.events
            drops += record.drops
            kills += record.kills
            answers += record.asked
            wrong += len(record.wrong)
            unaccounted += record.unaccounted
            say(f"seed {number} on {name}, {lived.policy}: {record}")
            if record.wrong:
                say("\n".join(one.text for one in record.wrong))
                say("The shortest way there:")
                say(lived.explain(record, database, seconds=SECONDS))
            if time.monotonic() > over:
                break
    say(
        f"{number - seed + 1} rounds: {events} events, {drops} dropped, {kills} kills, "
        f"{answers} answers, {wrong} wrong, {unaccounted} unaccounted"
    )
    return 1 if wrong or unaccounted else 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="of the first round; any when not said")
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--db", choices=["sqlite", "postgresql", "both"], default="both")
    return parser.parse_args()


def _databases(stack: ExitStack, wanted: str) -> Iterator[tuple[str, Database]]:
    if wanted != "postgresql":
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="torture-")))
        yield "sqlite", on_sqlite(databases.migrated_sqlite(folder))
    if wanted != "sqlite":
        server = stack.enter_context(databases.postgres_server())
        template = server.create()
        databases.migrate(server.address(template))
        yield "postgresql", on_postgres(server, template)


if __name__ == "__main__":
    sys.exit(main())
