"""Errors are pages too: a sentence, a way on, and never a traceback."""

import re
from collections.abc import Callable
from http import HTTPStatus

import pytest
from flask import Flask

from membership import logs
from tests.support.browser import Browser


def test_a_page_that_is_not_there_leads_on(visitor: Browser) -> None:
    answer = visitor.get("/no-such-page")
    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert 'href="/"' in answer.text


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
