"""Posts from a folder: which are shown, in what order, and what an author hears at the start."""

from pathlib import Path

import pytest

from membership.config import ROOT
from membership.library.posts import Library, LibraryError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(
    folder: Path,
    slug: str,
    text: str = "Hello.\n\nMore.",
    *,
    date: str = "2026-11-14",
    more: str = "",
) -> Path:
    """A post, public unless `more` says otherwise."""
    access = "" if "access:" in more else "access: public\n"
    path = folder / f"{slug}.md"
    path.write_text(f"---\ntitle: T\ndate: {date}\n{access}{more}---\n{text}", encoding="utf-8")
    return path


def problems(folder: Path) -> list[str]:
    with pytest.raises(LibraryError) as refused:
        Library(folder, reread=False)
    return refused.value.problems


def test_the_newest_comes_first(folder: Path) -> None:
    write(folder, "old", date="2025-01-01")
    write(folder, "new", date="2026-11-20")
    write(folder, "b-same-day")
    write(folder, "a-same-day")
    slugs = [post.slug for post in Library(folder, reread=False).posts()]
    assert slugs == ["new", "a-same-day", "b-same-day", "old"]


def test_a_post_carries_no_more_than_its_teaser(folder: Path) -> None:
    write(folder, "p", "Open.\n\n<!-- more -->\n\nSecret.", more="access: premium\n")
    library = Library(folder, reread=False)
    (post,) = library.posts()
    assert "Secret" not in repr(post)
    assert "Secret" in library.body(post)


def test_a_draft_is_neither_listed_nor_found(folder: Path) -> None:
    write(folder, "unready", more="draft: true\n")
    library = Library(folder, reread=False)
    assert library.posts() == []
    assert library.find("unready") is None


def test_an_unknown_address_finds_nothing(folder: Path) -> None:
    write(folder, "p")
    assert Library(folder, reread=False).find("../p") is None


def test_reading_takes_about_as_long_as_the_text(folder: Path) -> None:
    write(folder, "short", "word " * 20)
    write(folder, "long", "word " * 1150)
    library = Library(folder, reread=False)
    minutes = {post.slug: post.minutes for post in library.posts()}
    assert minutes == {"short": 1, "long": 5}


def test_everything_wrong_is_said_at_once_with_its_file(folder: Path) -> None:
    write(folder, "a", more="athor: Ines\n")
    write(folder, "b", "")
    write(folder, "c", "Only this.", more="access: members\n")
    write(folder, "Bad Name")
    (folder / "d.md").write_bytes("---\ntitle: Türen\n---\n".encode("latin-1"))
    bad_name, a, b, c, d = problems(folder)
    assert "a.md: athor is not a field" in a
    assert "b.md: the text is missing" in b
    assert "c.md: the text is all teaser" in c
    assert "d.md: the file must be saved as UTF-8" in d
    assert "Bad Name.md: the file's name becomes the address" in bad_name


def test_a_folder_that_is_not_there_is_said(folder: Path) -> None:
    (problem,) = problems(folder / "posts")
    assert problem.startswith("CONTENT_DIR has no folder posts")


def test_a_changed_file_is_read_again_only_when_asked_to(folder: Path) -> None:
    path = write(folder, "p", "Before.")
    watching, still = Library(folder, reread=True), Library(folder, reread=False)
    path.write_text(path.read_text().replace("Before.", "Afterwards."))
    for library, word in ((watching, "Afterwards"), (still, "Before")):
        post = library.find("p")
        assert post is not None
        assert word in library.body(post)


def test_the_posts_that_come_with_the_project_can_be_read() -> None:
    posts = Library(ROOT / "content" / "posts", reread=False).posts()
    assert {"public", "members", "premium"} <= {post.access for post in posts}
