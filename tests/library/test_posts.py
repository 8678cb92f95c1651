"""Posts from a folder: which are shown, in what order, and what an author hears at the start."""

from datetime import date
from pathlib import Path

import pytest

from membership.config import ROOT
from membership.library.posts import Library, LibraryError
from tests.support.writing import draws, offers, opens_library, writes


def problems(folder: Path) -> list[str]:
    with pytest.raises(LibraryError) as refused:
        opens_library(folder)
    return refused.value.problems


def test_the_newest_comes_first(tmp_path: Path) -> None:
    writes(tmp_path, "old", date="2025-01-01")
    writes(tmp_path, "new", date="2026-11-20")
    writes(tmp_path, "b-same-day")
    writes(tmp_path, "a-same-day")
    slugs = [post.slug for post in opens_library(tmp_path).posts()]
    assert slugs == ["new", "a-same-day", "b-same-day", "old"]


def test_a_post_carries_no_more_than_its_teaser(tmp_path: Path) -> None:
    writes(tmp_path, "p", "Open.\n\n<!-- more -->\n\nSecret.", access="premium")
    library = opens_library(tmp_path)
    (post,) = library.posts()
    assert "Secret" not in repr(post)
    assert "Secret" in library.body(post)


def test_a_draft_is_neither_listed_nor_found(tmp_path: Path) -> None:
    writes(tmp_path, "unready", draft="true")
    library = opens_library(tmp_path)
    assert library.posts() == []
    assert library.find("unready") is None


def test_what_editors_leave_beside_a_post_is_no_post(tmp_path: Path) -> None:
    writes(tmp_path, "p")
    (tmp_path / "posts" / ".#p.md").symlink_to("somebody@machine.1234")  # open in Emacs
    (tmp_path / "posts" / "._p.md").write_bytes(b"\0\5\x16\7")  # copied from a Mac
    library = opens_library(tmp_path, reread=True)
    assert [post.slug for post in library.posts()] == ["p"]


def test_a_folder_is_no_download(tmp_path: Path) -> None:
    offers(tmp_path, "paper.pdf")
    (tmp_path / "downloads" / "paper.pdf").unlink()
    (tmp_path / "downloads" / "paper.pdf").mkdir()
    (problem,) = problems(tmp_path)
    assert problem.endswith("downloads: paper.pdf: there is no such file in that folder")


def test_a_download_that_is_told_of_twice_is_offered_to_nobody(tmp_path: Path) -> None:
    offers(tmp_path, "paper.pdf", access="premium")
    offers(tmp_path, "paper.pdf", access="public")
    (problem,) = problems(tmp_path)
    assert problem.endswith("the file is not YAML")


def test_an_unknown_address_finds_nothing(tmp_path: Path) -> None:
    writes(tmp_path, "p")
    assert opens_library(tmp_path).find("../p") is None


def test_reading_takes_about_as_long_as_the_text(tmp_path: Path) -> None:
    writes(tmp_path, "short", "word " * 20)
    writes(tmp_path, "long", "word " * 1150)
    library = opens_library(tmp_path)
    minutes = {post.slug: post.minutes for post in library.posts()}
    assert minutes == {"short": 1, "long": 5}


def test_everything_wrong_is_said_at_once_with_its_file(tmp_path: Path) -> None:
    writes(tmp_path, "a", athor="Ines")
    writes(tmp_path, "b", "")
    writes(tmp_path, "c", "Only this.", access="members")
    writes(tmp_path, "Bad Name")
    (tmp_path / "posts" / "d.md").write_bytes("---\ntitle: Türen\n---\n".encode("latin-1"))
    bad_name, a, b, c, d = problems(tmp_path)
    assert "a.md: athor is not a field" in a
    assert "b.md: the text is missing" in b
    assert "c.md: the text is all teaser" in c
    assert "d.md: the file must be saved as UTF-8" in d
    assert "Bad Name.md: the file's name becomes the address" in bad_name


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="CONTENT_DIR has no folder posts"):
        Library(tmp_path, reread=False, cache=None, today=date.today)


def test_a_changed_file_is_read_again_only_when_asked_to(tmp_path: Path) -> None:
    path = writes(tmp_path, "p", "Before.")
    watching, still = opens_library(tmp_path, reread=True), opens_library(tmp_path)
    path.write_text(path.read_text().replace("Before.", "Afterwards."))
    for library, word in ((watching, "Afterwards"), (still, "Before")):
        post = library.find("p")
        assert post is not None
        assert word in library.body(post)


def test_a_post_comes_on_its_day_and_not_before(tmp_path: Path) -> None:
    writes(tmp_path, "tomorrow", date="2026-11-22")
    library = opens_library(tmp_path)
    assert (library.posts(), library.find("tomorrow")) == ([], None)
    assert [post.slug for post in library.unpublished()] == ["tomorrow"]
    day = opens_library(tmp_path, today=date(2026, 11, 22))
    assert [post.slug for post in day.posts()] == ["tomorrow"]
    assert day.unpublished() == []


def test_while_a_library_is_open_days_go_by(tmp_path: Path) -> None:
    writes(tmp_path, "tomorrow", date="2026-11-22")
    days = iter([date(2026, 11, 21), date(2026, 11, 22)])
    library = Library(tmp_path, reread=False, cache=None, today=lambda: next(days))
    assert [library.find("tomorrow") is not None for _ in range(2)] == [False, True]


def test_a_picture_is_shown_in_the_size_it_has(tmp_path: Path) -> None:
    draws(tmp_path, "lamp.png", 64, 48)
    text = "![A lamp](/images/lamp.png)\n\nText.\n\n![Again](/images/lamp.png)"
    writes(tmp_path, "p", text, image="/images/lamp.png", image_alt="A lamp, lit")
    library = opens_library(tmp_path)
    (post,) = library.posts()
    assert post.image
    assert (post.image.width, post.image.height, post.image.alt) == (64, 48, "A lamp, lit")
    assert library.body(post).count('width="64" height="48" loading="lazy"') == 2


def test_what_a_text_shows_and_links_to_must_be_there(tmp_path: Path) -> None:
    offers(tmp_path, "map.pdf")
    writes(tmp_path, "a", "![A lamp](/images/none.png)\n\nText.")
    writes(tmp_path, "b", "[The map](/downloads/mop.pdf)\n\nText.")
    writes(tmp_path, "c", image="/images/none.png", image_alt="A lamp")
    writes(tmp_path, "d", "![Out](/images/../posts/a.md)\n\nText.")
    writes(tmp_path, "e", "[The map](/downloads/map.pdf) and ![](/images/x.png)")
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "broken.png").write_bytes(b"not a picture")
    writes(tmp_path, "f", "![Broken](/images/broken.png)\n\nText.")
    a, b, c, d, e, f = problems(tmp_path)
    assert "a.md: the text shows the image /images/none.png, and there is no such file" in a
    assert "b.md: the text links to /downloads/mop.pdf, and there is no such download" in b
    assert "c.md: image: the post shows the image /images/none.png" in c
    assert "there is no such file" in d
    assert "without words for who cannot see it" in e
    assert "whose size can be read" in f


def test_a_download_needs_to_be_told_of(tmp_path: Path) -> None:
    offers(tmp_path, "told.pdf")
    offers(tmp_path, "gone.pdf").unlink()
    (tmp_path / "downloads" / "untold.pdf").write_bytes(b"x")
    (tmp_path / "downloads" / ".DS_Store").write_bytes(b"x")
    gone, untold = problems(tmp_path)
    assert "downloads: gone.pdf: there is no such file" in gone
    assert "downloads: untold.pdf: index.yml does not say who may have it" in untold


def test_the_posts_that_come_with_the_project_can_be_read() -> None:
    posts = opens_library(ROOT / "content").posts()
    assert {"public", "members", "premium"} <= {post.access for post in posts}
