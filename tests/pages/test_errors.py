"""Errors are pages too: a sentence, a way on, and never a traceback."""

import re
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import pytest
from flask import Flask, abort

from membership import logs
from membership.db import db
from tests.support.browser import Browser
from tests.support.clock import MovableClock


def test_a_page_that_is_not_there_leads_on(visitor: Browser) -> None:
    answer = visitor.get("/no-such-page")
    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert 'href="/"' in answer.text


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 429, 500, 503])
def test_every_error_is_a_page_with_a_way_on(app: Flask, site_url: str, status: int) -> None:
    app.add_url_rule("/refuses", view_func=lambda: abort(status))
    answer = Browser(app, site_url).get("/refuses")
    assert answer.status_code == status
    assert f"Error {status}" in answer.text
    assert '<a class="button" href="/">' in answer.text
    assert answer.text.count("<h1>") == 1


def test_what_is_too_large_is_refused_with_a_page(visitor: Browser) -> None:
    answer = visitor.submit("/login", action="/login", email="a" * 300_000, password="x")
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert "larger than this page accepts" in answer.text


def test_when_the_database_is_away_pages_say_so_and_are_not_broken(
    app: Flask, grace: Browser, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.configure(app.config["LATCHKEY"])
    with app.app_context():
        goes_away(db.engine.url.database)
        db.engine.dispose()
    for path in ("/account", "/posts", "/plans"):  # the last two only ask who is reading
        answer = grace.get(path)
        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE, path
        assert "Back in a moment" in answer.text
        assert answer.headers["Retry-After"] == "60"
        (error_id,) = re.findall(r"<code>([0-9a-f]{8})</code>", answer.text)
        assert f"error {error_id} at GET {path}" in capfd.readouterr().err
    assert grace.get("/healthz").status_code == HTTPStatus.OK


def goes_away(database: str | None) -> None:
    """Its file is there no more, and a folder has its name."""
    assert database
    for name in (database, f"{database}-wal", f"{database}-shm"):
        Path(name).unlink(missing_ok=True)
    Path(database).mkdir()


def test_a_site_that_is_closed_for_a_while_says_so(
    app: Flask, visitor: Browser, tmp_path: Path, clock: MovableClock
) -> None:
    app.instance_path = str(tmp_path)
    sign = tmp_path / "maintenance"
    assert visitor.get("/").status_code == HTTPStatus.OK
    sign.touch()
    clock.passes(timedelta(seconds=1))
    for answer in (visitor.get("/"), visitor.get("/no-such-page"), visitor.post("/theme", {})):
        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert answer.headers["Retry-After"] == "300"
        assert "The site is being worked on" in answer.text
    event = app.test_client().post("/webhooks/stripe", data=b"{}")
    assert event.status_code == HTTPStatus.SERVICE_UNAVAILABLE  # and Stripe sends it again
    for path in ("/healthz", "/static/app.css", "/favicon.svg"):
        with closing(visitor.get(path)) as answer:
            assert answer.status_code == HTTPStatus.OK
    sign.unlink()
    clock.passes(timedelta(seconds=1))
    assert visitor.get("/").status_code == HTTPStatus.OK


def test_a_form_that_was_open_too_long_says_so(visitor: Browser) -> None:
    answer = visitor.post("/subscribe", {"email": "ada@example.com"})
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "reload it" in answer.text


def test_a_broken_page_has_an_id_and_keeps_its_traceback_for_the_owner(
    app: Flask, site_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.configure(app.config["LATCHKEY"])  # to the standard error that is listened to now
    app.add_url_rule("/breaks", view_func=_breaks)
    answer = Browser(app, site_url).get("/breaks")
    assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "secret" not in answer.text
    told = capfd.readouterr().err
    assert "ValueError: a secret in the works" in told
    (error_id,) = re.findall(r"error ([0-9a-f]{8}) at GET /breaks", told)
    assert error_id in answer.text


def test_no_log_holds_the_address_of_a_page_that_is_a_key(
    app: Flask, site_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A link that was not used yet would work for whoever reads the log."""
    logs.configure(app.config["LATCHKEY"])
    app.view_functions["reset.page"] = _breaks
    visitor = Browser(app, site_url)
    answer = visitor.get("/reset/the-key")
    assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    fields = {"csrf_token": visitor.token_on("/login")}
    for door in ("/reset", "/join/paid", "/account/email/undo"):
        answer = visitor.client.post(
            f"{door}/the-key",
            data=fields,
            headers={"Sec-Fetch-Site": "cross-site"},
            base_url=site_url,
        )
        assert answer.status_code == HTTPStatus.FORBIDDEN
    told = capfd.readouterr().err
    assert "the-key" not in told
    assert told.count("GET /reset/<token>") == 1
    assert "POST /account/email/undo/<token>" in told


def _breaks(**_: str) -> str:
    raise ValueError("a secret in the works")


def test_too_many_asks_are_told_how_long_to_wait(
    make_app: Callable[..., Flask], site_url: str
) -> None:
    visitor = Browser(make_app(RATELIMIT_ENABLED="true"), site_url)
    answers = [visitor.submit("/", action="/subscribe", email="ada@example.com") for _ in range(21)]
    assert [a.status_code for a in answers[:20]] == [303] * 20
    assert answers[20].status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert int(answers[20].headers["Retry-After"]) > 0
