"""The sandbox's memory: found by id, by field, in order, and by the hour; the same in its file."""

from collections.abc import Callable
from pathlib import Path
from threading import Condition, Thread
from typing import Any

import pytest

from sandbox.store import Store

Make = Callable[[], Store]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """The same store again, read anew from its file."""
    return lambda: Store(tmp_path / "state.db")


def filled(store: Store, *names: str) -> Store:
    for place, name in enumerate(names):
        store.put("thing", name, {"id": name, "at": place, "of": "ada"})
    return store


def names(found: list[dict[str, Any]]) -> list[str]:
    return [document["id"] for document in found]


def test_what_is_found_by_a_field_follows_what_is_written(make: Make) -> None:
    store = filled(make(), "a", "b", "c")
    assert names(store.having("thing", "of", "ada")) == ["a", "b", "c"]

    store.put("thing", "a", {"id": "a", "of": "grace"})
    store.remove("thing", "b")
    store.put("thing", "d", {"id": "d", "of": "ada"})

    for each in (store, make()):
        assert names(each.having("thing", "of", "ada")) == ["c", "d"]
        assert names(each.having("thing", "of", "grace")) == ["a"]
        assert names(each.having("thing", "of", "nobody")) == []
        assert (each.last("thing", "of", "ada", lambda d: d["id"] != "d") or {})["id"] == "c"


def test_a_page_begins_beside_any_document(make: Make) -> None:
    store = filled(make(), "a", "b", "c", "d")
    store.remove("thing", "b")

    def beside(id_: str | None, *, newer: bool) -> list[str]:
        return names(store.beyond("thing", id_, newer=newer, most=2, wanted=lambda _: True))

    assert beside(None, newer=False) == ["d", "c"]
    assert beside("c", newer=False) == ["a"]
    assert beside("a", newer=True) == ["c", "d"]
    assert beside("d", newer=True) == []


def test_the_soonest_is_the_soonest_whatever_was_written_in_between(make: Make) -> None:
    store = filled(make(), "a", "b", "c")
    store.time("thing", lambda d: (d.get("clock"), d.get("at")))

    def soonest(clock: str | None = None) -> tuple[int, str] | None:
        found = store.soonest("thing", clock)
        return found and (found[0], found[1]["id"])

    assert soonest() == (0, "a")
    store.put("thing", "a", {"id": "a", "at": 9})
    assert soonest() == (1, "b")
    store.put("thing", "b", {"id": "b", "at": None})
    store.put("thing", "c", {"id": "c", "at": 20})
    assert soonest() == (9, "a")
    store.remove("thing", "a")
    assert soonest() == (20, "c")
    store.put("thing", "c", {"id": "c", "at": 20, "clock": "clock_1"})
    assert soonest() is None
    assert soonest("clock_1") == (20, "c")


def test_nobody_holds_the_stores_own(make: Make) -> None:
    store = make()
    mine = {"id": "a", "list": [{"deep": 1}]}
    store.put("thing", "a", mine)

    mine["list"][0]["deep"] = 2  # type: ignore[index]
    found = store.get("thing", "a")
    assert found is not None
    found["list"].append(3)

    assert store.get("thing", "a") == {"id": "a", "list": [{"deep": 1}]}


def test_an_act_is_in_the_file_whole_or_not_at_all(make: Make) -> None:
    """Whoever reads the file meanwhile sees what a process killed at that moment would leave."""
    store = filled(make(), "paid")

    with store.lock:
        store.remove("thing", "paid")
        with store.lock:
            filled(store, "subscribed")
        assert names(make().find("thing")) == ["paid"]

    assert names(make().find("thing")) == ["subscribed"]


def test_who_waits_in_the_middle_of_an_act_holds_nobody_up(make: Make) -> None:
    store = make()
    changed = Condition(store.lock)  # type: ignore[arg-type]
    written: list[bool] = []

    def write() -> None:
        with changed:
            filled(store, "grace")
            changed.notify_all()

    with changed, store.lock:
        filled(store, "ada")
        Thread(target=write).start()
        written.append(changed.wait(timeout=10))
        assert names(make().find("thing")) == ["ada", "grace"]
        filled(store, "edsger")

    assert written == [True]
    assert names(make().find("thing")) == ["ada", "grace", "edsger"]
