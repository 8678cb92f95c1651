"""A round: one seed, one policy, one database; and when it goes wrong, the shortest way there."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.support.databases import PostgresServer, SqliteTemplate
from tests.torture import torment
from tests.torture.facts import Policy
from tests.torture.histories import History, history
from tests.torture.places import city, village
from tests.torture.shrink import shrink
from tests.torture.torment import Record
from tests.torture.town import Town

Database = Callable[[Path], AbstractContextManager[str]]  # a fresh one; a folder it may use


@dataclass(frozen=True)
class Round:
    seed: int
    members: int
    steps: int

    @property
    def policy(self) -> Policy:
        chance = Random(self.seed)  # noqa: S311 - to be repeated, not to be secret
        return Policy(
            grace_days=chance.choice([7, 7, 3]),
            on_refund=chance.choice(["purchase", "purchase", "always", "never"]),
            on_dispute=chance.choice(["suspend", "suspend", "keep"]),
        )

    @property
    def history(self) -> History:
        return history(self.seed, members=self.members, steps=self.steps)

    def live(self, database: Database) -> Record:
        return self._live(city, database, self.history, torment.EVERY)

    def explain(self, record: Record, database: Database, *, seconds: float) -> str:
        """The shortest history that goes wrong in this way: without processes if that suffices."""
        kinds = {wrong.kind for wrong in record.wrong}
        last: dict[Place, Record] = {}

        def goes_wrong(place: Place) -> Callable[[History], bool]:
            def tried(steps: History) -> bool:
                lived = self._live(place, database, steps, len(steps))
                found = bool(kinds & {wrong.kind for wrong in lived.wrong})
                if found:
                    last[place] = lived
                return found

            return tried

        for place in (village, city):
            until_then = self.history[: record.steps]
            if goes_wrong(place)(until_then):
                shrink(until_then, goes_wrong(place), seconds=seconds)
                return in_words(last[place])
        return f"It did not go wrong again: somebody was quicker. It was:\n{in_words(record)}"

    def _live(self, place: "Place", database: Database, steps: History, every: int) -> Record:
        with tempfile.TemporaryDirectory(prefix="torture-") as name:
            folder = Path(name)
            with database(folder) as url, place(folder, url, self.policy) as town:
                town.sandbox.seed_random(self.seed)
                return torment.live(town, steps, every=every)


def in_words(record: Record) -> str:
    return "\n".join([*record.story, *(wrong.text for wrong in record.wrong)])


Place = Callable[[Path, str, Policy], AbstractContextManager[Town]]


def on_sqlite(template: SqliteTemplate) -> Database:
    @contextmanager
    def fresh(folder: Path) -> Iterator[str]:
        yield template.copy_to(folder / "site.db")

    return fresh


def on_postgres(server: PostgresServer, template: str) -> Database:
    @contextmanager
    def fresh(_folder: Path) -> Iterator[str]:
        name = server.create(template=template)
        yield server.address(name)
        server.drop(name)

    return fresh
