"""Files for those who may have them, whole or in part, and for nobody else in any way."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests.support.browser import Browser
from tests.support.writing import draws, offers, writes

PAID = b"%PDF the paid file, byte for byte"


@pytest.fixture
def app(make_app: Callable[..., Flask], tmp_path: Path) -> Flask:
    writes(
        tmp_path, "p", "[The plan](/downloads/paid.pdf) and [Wörter](/downloads/W%C3%B6rter.csv)"
    )
    offers(tmp_path, "open.txt", b"open")
    offers(tmp_path, "members.txt", b"for members", access="members")
    offers(tmp_path, "paid.pdf", PAID, access="premium")
    offers(tmp_path, "Wo\u0308rter.csv", b"a;b")  # as some systems write it
    draws(tmp_path, "lamp.png")
    return make_app(CONTENT_DIR=str(tmp_path))


def test_who_has_paid_gets_the_file(ada: Browser) -> None:
    answer = ada.get("/downloads/paid.pdf")
    assert (answer.status_code, answer.data) == (200, PAID)
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == "attachment; filename=paid.pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.cache_control.no_store
    answer.close()


def test_who_has_not_gets_nothing_of_it(visitor: Browser, grace: Browser, edsger: Browser) -> None:
    for person, status in ((visitor, 302), (grace, 402), (edsger, 402)):
        for headers in ({}, {"Range": "bytes=0-3"}, {"If-None-Match": "*"}):
            for method in ("GET", "HEAD"):
                answer = person.client.open(
                    "/downloads/paid.pdf", method=method, base_url=person.site_url, headers=headers
                )
                assert answer.status_code == status
                assert b"%PDF" not in answer.data
                assert {"ETag", "Last-Modified", "Accept-Ranges"} & set(
                    answer.headers.keys()
                ) == set()
    sent_to = visitor.get("/downloads/paid.pdf").location
    assert sent_to == "/login?next=/downloads"


def test_members_files_are_for_everybody_with_an_account(visitor: Browser, grace: Browser) -> None:
    assert visitor.get("/downloads/members.txt").status_code == 302
    answer = grace.get("/downloads/members.txt")
    assert answer.data == b"for members"
    answer.close()


def test_the_list_says_what_is_locked_to_whom(visitor: Browser, ada: Browser) -> None:
    page = visitor.get("/downloads").text
    assert page.count('class="tag"') == 2
    assert "members.txt" in page
    assert ada.get("/downloads").text.count('class="tag"') == 0


def test_a_download_broken_off_goes_on(ada: Browser) -> None:
    rest = ada.client.get(
        "/downloads/paid.pdf", base_url=ada.site_url, headers={"Range": "bytes=5-"}
    )
    assert (rest.status_code, rest.data) == (206, PAID[5:])
    etag = rest.headers["ETag"]
    again = ada.client.get(
        "/downloads/paid.pdf", base_url=ada.site_url, headers={"If-None-Match": etag}
    )
    assert (again.status_code, again.data) == (304, b"")
    beyond = ada.client.get(
        "/downloads/paid.pdf", base_url=ada.site_url, headers={"Range": "bytes=999-"}
    )
    assert beyond.status_code == 416
    head = ada.client.head("/downloads/paid.pdf", base_url=ada.site_url)
    assert (head.status_code, head.data, head.content_length) == (200, b"", len(PAID))
    for answer in (rest, again, beyond, head):
        answer.close()


def test_a_name_with_other_letters_arrives_whole(visitor: Browser) -> None:
    for spelt in ("W%C3%B6rter.csv", "Wo%CC%88rter.csv"):
        answer = visitor.get(f"/downloads/{spelt}")
        assert answer.data == b"a;b"
        assert "filename*=UTF-8''W%C3%B6rter.csv" in answer.headers["Content-Disposition"]
        answer.close()


def test_nothing_else_is_given_out(ada: Browser, visitor: Browser) -> None:
    for name in (
        *("index.yml", "../posts/p.md", "..%2Fposts%2Fp.md", "%2e%2e/posts/p.md", "....//p.md"),
        *("paid.pdf%00", "%00", "PAID.PDF", "..", "paid.pdf/", "C:%5Cwindows", "x"),
    ):
        for room in ("downloads", "images"):
            for person in (ada, visitor):
                answer = person.follow(person.get(f"/{room}/{name}"))
                assert answer.status_code == 404, (room, name)
                answer.close()


def test_pictures_are_for_everybody_and_kept_a_day(visitor: Browser, ada: Browser) -> None:
    for person in (visitor, ada):
        answer = person.get("/images/lamp.png")
        assert (answer.status_code, answer.mimetype) == (200, "image/png")
        assert answer.cache_control.max_age == 24 * 3600
        assert not answer.cache_control.no_store
        answer.close()


def test_a_big_file_is_sent_in_pieces(app: Flask, ada: Browser, tmp_path: Path) -> None:
    """Read whole, a few members at once would fill the machine's memory."""
    with (tmp_path / "downloads" / "paid.pdf").open("wb") as file:
        file.truncate(64 * 2**20)
    answer = ada.client.get("/downloads/paid.pdf", base_url=ada.site_url, buffered=False)
    first = next(iter(answer.response))
    assert len(first) < 2**20
    answer.close()
