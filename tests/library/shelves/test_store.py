"""The library's file: made once, shared by whoever starts, and nothing that would be missed."""

import sqlite3
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from membership.library.posts import Library, LibraryError
from membership.library.shelves import store
from tests.support.writing import draws, offers, opens_library, writes


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def files(cache: Path) -> list[Path]:
    return sorted(cache.iterdir())


def everything(library: Library) -> list[tuple[object, str]]:
    return [(post, library.body(post)) for post in [*library.posts(), *library.unpublished()]]


def test_what_is_kept_is_what_was_read(tmp_path: Path, cache: Path) -> None:
    draws(tmp_path, "lamp.png")
    writes(tmp_path, "a", image="/images/lamp.png", image_alt="A lamp", updated="2026-11-15")
    writes(tmp_path, "b", tags="[night, 'long reads']", access="premium", draft="true")
    fresh = opens_library(tmp_path, cache=cache)
    (made,) = files(cache)
    before = made.stat().st_ino
    again = opens_library(tmp_path, cache=cache)
    assert everything(again) == everything(fresh) == everything(opens_library(tmp_path))
    assert files(cache) == [made]
    assert made.stat().st_ino == before  # it was read, not made anew
    assert (made.stat().st_mode & 0o777, cache.stat().st_mode & 0o777) == (0o600, 0o700)


def test_what_is_kept_is_used(tmp_path: Path, cache: Path) -> None:
    """Or else a start with many posts takes as long as the first."""
    writes(tmp_path, "p")
    index = opens_library(tmp_path, cache=cache).index
    assert index
    with sqlite3.connect(index) as rows:
        rows.execute("UPDATE entries SET packed = ?", (zlib.compress(b"as it was kept"),))
    rows.close()
    library = opens_library(tmp_path, cache=cache)
    assert library.body(library.posts()[0]) == "as it was kept"


def test_what_other_code_has_made_is_not_used() -> None:
    """Or else a paywall that was mended stays as it was, for every post that did not change."""
    read_by = {"post", "reading", "store", "front_matter", "markdown", "notation", "source"}
    assert {path.stem for path in store.code()} >= read_by


def test_a_change_is_seen_and_the_rest_is_not_read_again(tmp_path: Path, cache: Path) -> None:
    writes(tmp_path, "stays", "Stays.")
    writes(tmp_path, "goes", "Goes.", access="members", summary="S")
    writes(tmp_path, "changes", "Before.")
    first = opens_library(tmp_path, cache=cache).index
    (tmp_path / "posts" / "goes.md").unlink()
    writes(tmp_path, "changes", "Afterwards.")
    library = opens_library(tmp_path, cache=cache)
    assert library.index
    assert library.index != first
    with store.opened(library.index) as rows:
        found = rows.execute('SELECT text FROM "whole public" ORDER BY text').fetchall()
        assert found == [("Afterwards.",), ("Stays.",)]
        assert rows.execute('SELECT count(*) FROM "whole members"').fetchone() == (0,)


def test_a_picture_that_changed_is_measured_again(tmp_path: Path, cache: Path) -> None:
    draws(tmp_path, "lamp.png", 40, 30)
    writes(tmp_path, "p", "![A lamp](/images/lamp.png)\n\nText.")
    opens_library(tmp_path, cache=cache)
    draws(tmp_path, "lamp.png", 80, 60)
    writes(tmp_path, "q")
    made = set()
    for _ in range(2):
        library = opens_library(tmp_path, cache=cache)
        assert 'width="80" height="60"' in library.body(library.posts()[0])
        assert library.index
        made.add(library.index.stat().st_ino)
    assert len(made) == 1  # the second start found it kept so


def test_what_is_gone_since_stops_the_start_as_ever(tmp_path: Path, cache: Path) -> None:
    draws(tmp_path, "lamp.png")
    offers(tmp_path, "map.pdf")
    writes(tmp_path, "a", "![A lamp](/images/lamp.png)\n\nText.")
    writes(tmp_path, "b", "[A map](/downloads/map.pdf)\n\nText.")
    opens_library(tmp_path, cache=cache)
    (tmp_path / "images" / "lamp.png").unlink()
    (tmp_path / "downloads" / "map.pdf").unlink()
    (tmp_path / "downloads" / "index.yml").unlink()
    with pytest.raises(LibraryError) as refused:
        opens_library(tmp_path, cache=cache)
    assert len(refused.value.problems) == 2


def test_a_broken_file_is_made_anew(tmp_path: Path, cache: Path) -> None:
    writes(tmp_path, "p")
    opens_library(tmp_path, cache=cache)
    (made,) = files(cache)
    for rubbish in (b"", b"not a database", made.read_bytes()[:5000]):
        made.write_bytes(rubbish)
        library = opens_library(tmp_path, cache=cache)
        assert library.find("p")
        assert library.index == made
        with store.opened(made) as rows:
            assert rows.execute('SELECT text FROM "whole public"').fetchall() == [("Hello. More.",)]


def test_a_broken_file_of_another_day_is_not_built_upon(tmp_path: Path, cache: Path) -> None:
    writes(tmp_path, "p")
    opens_library(tmp_path, cache=cache)
    files(cache)[0].write_bytes(b"not a database")
    writes(tmp_path, "q")
    library = opens_library(tmp_path, cache=cache)
    assert library.index
    with store.opened(library.index) as rows:
        assert rows.execute("SELECT count(*) FROM entries").fetchone() == (2,)


def test_many_starts_at_once_make_one_file(tmp_path: Path, cache: Path) -> None:
    for number in range(5):
        writes(tmp_path, f"p{number}")
    with ThreadPoolExecutor(4) as several:
        libraries = list(several.map(lambda _: opens_library(tmp_path, cache=cache), range(4)))
    assert len({library.index for library in libraries}) == 1
    assert len(files(cache)) == 1
    assert len({len(everything(library)) for library in libraries}) == 1


def test_old_files_are_cleared_away(tmp_path: Path, cache: Path) -> None:
    for number in range(store.KEPT + 3):
        writes(tmp_path, "p", f"Text {number}.")
        opens_library(tmp_path, cache=cache)
    assert len(files(cache)) == store.KEPT + 1


def test_without_a_place_for_it_there_is_no_search_and_all_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writes(tmp_path, "p")
    in_the_way = tmp_path / "a-file"
    in_the_way.write_bytes(b"")
    library = opens_library(tmp_path, cache=in_the_way / "cache")
    assert library.index is None
    assert library.find("p")
    assert "Search is away" in caplog.text
