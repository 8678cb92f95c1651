"""What is written by several at one moment is one commit, and each hears only of their own."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy.exc import OperationalError

from membership.group_commit import GroupCommit, NotCommitted


class Book:
    """What was written, commit by commit. A slow disk: the first commit waits for `disk`."""

    def __init__(self) -> None:
        self.commits: list[list[str]] = []
        self.disk = threading.Event()
        self.refuses: Callable[[list[str]], BaseException | None] = lambda _: None
        self.group = GroupCommit(self._write)

    def _write(self, items: list[str]) -> None:
        if items == ["first"]:
            self.disk.wait()
        if error := self.refuses(items):
            raise error
        self.commits.append(items)

    def at_once(self, *items: str) -> dict[str, BaseException | None]:
        """These come while "first" is being written, and how each of them fared."""
        fared: dict[str, BaseException | None] = {}

        def come(item: str) -> None:
            try:
                self.group.commit(item)
            except BaseException as error:  # noqa: BLE001 - the test asks which
                fared[item] = error
            else:
                fared[item] = None

        callers = [
            threading.Thread(target=come, args=(item,), daemon=True) for item in ("first", *items)
        ]
        for waiting, caller in enumerate(callers):
            caller.start()
            while not self.group._writing or len(self.group._line) != waiting:
                pass
        assert fared == {}  # nobody is answered before their row is committed
        self.disk.set()
        for caller in callers:
            caller.join(timeout=10)
        return fared


@pytest.fixture
def book() -> Book:
    return Book()


def test_alone_one_is_written_at_once(book: Book) -> None:
    book.group.commit("Ada")
    book.group.commit("Grace")
    assert book.commits == [["Ada"], ["Grace"]]


def test_those_who_wait_are_one_commit(book: Book) -> None:
    assert book.at_once("Ada", "Grace", "Edsger") == dict.fromkeys(
        ["first", "Ada", "Grace", "Edsger"]
    )
    assert book.commits == [["first"], ["Ada", "Grace", "Edsger"]]


def test_one_that_cannot_be_written_takes_nobody_down(book: Book) -> None:
    book.refuses = lambda items: ValueError("bad") if "bad" in items else None
    fared = book.at_once("Ada", "bad", "Grace")
    assert isinstance(fared.pop("bad"), NotCommitted)
    assert fared == {"first": None, "Ada": None, "Grace": None}
    assert book.commits == [["first"], ["Ada"], ["Grace"]]


def test_a_database_that_is_away_is_asked_once_for_all(book: Book) -> None:
    asked = []

    def away(items: list[str]) -> BaseException | None:
        asked.append(items)
        return OperationalError("INSERT", {}, Exception("away")) if len(asked) > 1 else None

    book.refuses = away
    fared = book.at_once("Ada", "Grace")
    assert [type(fared[name]) for name in ("Ada", "Grace")] == [NotCommitted] * 2
    assert asked == [["first"], ["Ada", "Grace"]]


def test_a_writer_who_is_stopped_leaves_nobody_waiting_and_the_next_is_served(book: Book) -> None:
    book.refuses = lambda items: SystemExit() if "Ada" in items else None
    fared = book.at_once("Ada", "Grace")
    assert isinstance(fared["Ada"], SystemExit)
    assert isinstance(fared["Grace"], NotCommitted)
    book.group.commit("Edsger")
    assert book.commits == [["first"], ["Edsger"]]


def test_many_at_once_are_each_written_once(book: Book) -> None:
    def come(number: int) -> None:
        for turn in range(50):
            book.group.commit(f"{number}.{turn}")

    callers = [threading.Thread(target=come, args=(number,)) for number in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    written = [item for commit in book.commits for item in commit]
    assert len(written) == len(set(written)) == 400
