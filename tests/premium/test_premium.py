"""The example of a paid area: who gets in, and what it costs."""

from http import HTTPStatus

import pytest
from flask import Flask

from tests.support.asked import asked_of_the_driver
from tests.support.browser import Browser


def test_a_visitor_is_asked_to_sign_in_and_comes_back(visitor: Browser) -> None:
    answer = visitor.get("/premium")
    assert answer.location == "/login?next=/premium"


def test_grace_and_edsger_are_shown_the_way_in(grace: Browser, edsger: Browser) -> None:
    for person in (grace, edsger):
        answer = person.get("/premium")
        assert answer.status_code == HTTPStatus.PAYMENT_REQUIRED
        assert "/plans" in answer.text


def test_ada_gets_in_and_nothing_of_it_is_kept_by_a_cache(ada: Browser) -> None:
    answer = ada.get("/premium")
    assert answer.status_code == HTTPStatus.OK
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Cookie" in answer.headers["Vary"]


def test_a_premium_page_costs_one_query(ada: Browser, app: Flask) -> None:
    ada.get("/premium")  # what is read once a process is read
    with asked_of_the_driver(app) as asked:
        assert ada.get("/premium").status_code == HTTPStatus.OK
    assert [statement.split()[0] for statement in asked] == ["SELECT"]


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_only_reading_is_possible(ada: Browser, method: str) -> None:
    answer = getattr(ada.client, method)("/premium", base_url=ada.site_url)
    assert answer.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.METHOD_NOT_ALLOWED)
