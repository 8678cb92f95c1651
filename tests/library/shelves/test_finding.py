"""What is found by whom: never a word of what they may not read."""

from pathlib import Path

import pytest

from membership.library.shelves import finding
from membership.library.shelves.finding import Hits, SearchAway
from tests.support.writing import TODAY, opens_library, writes

VISITOR = {"public": True, "members": False, "premium": False}
OPEN = {"public": True}
GRACE = {**VISITOR, "members": True}
ADA = {**GRACE, "premium": True}


@pytest.fixture
def index(tmp_path: Path) -> Path:
    marked = "Of gardens.\n\n<!-- more -->\n\nThe heliotrope, and a heliotrope."
    writes(tmp_path, "open", "All of the heliotrope & its <leaves>, quite openly.", title="Open")
    writes(tmp_path, "paid", marked, title="Paid", access="premium")
    writes(tmp_path, "free", marked, title="Free", access="members", date="2026-11-13")
    writes(tmp_path, "draft", "A heliotrope.", draft="true")
    writes(tmp_path, "later", "A heliotrope.", date="2026-11-22")
    writes(tmp_path, "noted", "Word^[Note one.] after. Benches, café.", title="Walks by night")
    found = opens_library(tmp_path, cache=tmp_path / "cache").index
    assert found
    return found


def find(index: Path, asked: str, levels: dict[str, bool] = VISITOR) -> Hits:
    return finding.find(index, asked, levels=levels, today=TODAY, limit=10)


def slugs(hits: Hits) -> set[str]:
    assert hits.count == len(hits.hits)
    return {hit.slug for hit in hits.hits}


@pytest.mark.parametrize(
    ("levels", "found"),
    [(VISITOR, {"open"}), (GRACE, {"open", "free"}), (ADA, {"open", "free", "paid"})],
)
def test_locked_words_are_found_by_who_may_read_them(
    index: Path, levels: dict[str, bool], found: set[str]
) -> None:
    for asked in ("heliotrope", "helio", '"a heliotrope"', "OPEN heliotrope", "the"):
        assert slugs(find(index, asked, levels)) <= found
    assert slugs(find(index, "heliotrope", levels)) == found


def test_what_anybody_may_know_of_a_locked_post_is_found_by_all(index: Path) -> None:
    assert slugs(find(index, "gardens")) == {"paid", "free"}
    assert slugs(find(index, "Paid")) == {"paid"}


def test_drafts_and_what_is_to_come_are_found_by_nobody(index: Path) -> None:
    assert {"draft", "later"} & slugs(find(index, "heliotrope", ADA)) == set()


def test_a_locked_word_changes_nothing_of_an_answer(tmp_path: Path) -> None:
    """Neither the order nor the count: what is locked is not looked at."""
    answers = []
    for hidden in ("nothing", "lamp lamp lamp lamp"):
        for slug, words in (("a", "lamp and door"), ("b", "lamp"), ("c", "door")):
            text = f"{words}\n\n<!-- more -->\n\n{hidden if slug == 'c' else 'more'}"
            writes(tmp_path, slug, text, access="premium")
        index = opens_library(tmp_path, cache=tmp_path / "cache").index
        assert index
        levels = {"premium": False}
        answers.append(finding.find(index, "lamp", levels=levels, today=TODAY, limit=10))
    assert answers[0] == answers[1]


def test_a_snippet_marks_what_was_found_and_obeys_nothing(index: Path) -> None:
    (hit,) = find(index, "heliotrope").hits
    assert (
        hit.snippet == "All of the <mark>heliotrope</mark> &amp; its &lt;leaves&gt;, quite openly."
    )
    (only_in_title,) = find(index, "walks").hits
    assert only_in_title.snippet is None


def test_words_are_found_in_their_forms(index: Path) -> None:
    for asked in ("bench", "cafe", "CAFÉ", "night walk", "word", "note one"):
        assert slugs(find(index, asked)) == {"noted"}, asked


@pytest.mark.parametrize(
    "asked",
    [
        *("", " ", '"', '""', "🙂", "*", "-", "'", ";", "\0", "()", "\x02\x03"),
        *("AND", "NOT", "OR heliotrope", "heliotrope AND", "NEAR(a b)", "title:x", "^x", "a + b"),
        *('"heliotrope', 'heliotrope"', "heliotrope*", "a" * 10_000, "a " * 5_000, '"' * 10_000),
        *("'; DROP TABLE entries; --", "{title} : x", "ह\u0951", "日本語", "%00", "\ud7ff"),
    ],
)
def test_nothing_that_can_be_typed_breaks_it(index: Path, asked: str) -> None:
    assert find(index, asked, ADA).count <= 4
    assert slugs(find(index, "heliotrope")) == {"open"}


def test_operators_are_words(index: Path) -> None:
    assert slugs(find(index, "gardens OR heliotrope")) == set()
    assert slugs(find(index, "gardens NOT heliotrope")) == set()


def test_a_title_counts_more_than_the_text(tmp_path: Path) -> None:
    for number in range(9):
        writes(tmp_path, f"other-{number}", "Of benches.")
    writes(tmp_path, "by-text", "lamp " * 5, summary="In short.")
    writes(tmp_path, "by-title", "Of something else, at some length.", title="The lamp")
    index = opens_library(tmp_path, cache=tmp_path / "cache").index
    assert index
    hits = finding.find(index, "lamp", levels=OPEN, today=TODAY, limit=10).hits
    assert [hit.slug for hit in hits] == ["by-title", "by-text"]


def test_pages_of_it_do_not_overlap(tmp_path: Path) -> None:
    for number in range(7):
        writes(tmp_path, f"p{number}", "lamp")
    index = opens_library(tmp_path, cache=tmp_path / "cache").index
    assert index
    pages = [
        finding.find(index, "lamp", levels=OPEN, today=TODAY, limit=3, offset=offset)
        for offset in (0, 3, 6)
    ]
    assert [page.count for page in pages] == [7, 7, 7]
    found = [hit.slug for page in pages for hit in page.hits]
    assert sorted(found) == [f"p{number}" for number in range(7)]


def test_a_file_that_went_away_is_said(index: Path) -> None:
    index.unlink()
    with pytest.raises(SearchAway):
        find(index, "heliotrope")
