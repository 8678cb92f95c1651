"""Every form that is filled in wrongly comes back with what was typed, and says what is wrong."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import pytest
from flask import Flask

from tests.support.browser import Browser
from tests.support.forms import form_on
from tests.support.people import GRACE, OLIVE, PASSWORD, opens_account, signs_in

VISITOR = None


@dataclass(frozen=True)
class Filled:
    """A form as somebody sent it, with something wrong in it."""

    path: str
    who: str | None = VISITOR
    typed: Mapping[str, str] = field(default_factory=dict)
    action: str | None = None

    def __str__(self) -> str:
        return self.action or self.path


FORMS = [
    Filled("/", action="/subscribe", typed={"email": "ada at example"}),
    Filled("/login", action="/login", typed={"email": "nobody@example.com", "password": "wrong"}),
    Filled("/forgot", action="/forgot", typed={"email": "ada at example"}),
    Filled("/claim", GRACE, action="/claim", typed={"email": "ada at example"}),
    Filled(
        "/account/email",
        GRACE,
        action="/account/email",
        typed={"email": "ada at example", "password": "wrong"},
    ),
    Filled(
        "/account/password",
        GRACE,
        action="/account/password",
        typed={"password": "wrong", "new_password": "short"},
    ),
    Filled("/account/goodbye", GRACE, action="/account/goodbye", typed={"password": PASSWORD}),
    Filled("/newsletter", action="/newsletter", typed={"email": "ada at example"}),
    Filled(
        "/admin/people/1/give",
        OLIVE,
        action="/admin/people/1/give",
        typed={"days": "many", "because": "a friend", "password": "wrong"},
    ),
]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_form_filled_in_wrongly_says_so_and_forgets_nothing(
    app: Flask, site_url: str, form: Filled
) -> None:
    person = Browser(app, site_url)
    if form.who:
        opens_account(app, form.who)
        if form.who == OLIVE:
            app.test_cli_runner().invoke(args=["owner", "add", OLIVE])
        signs_in(person, form.who)
    empty = form_on(person.get(form.path).text, path=form.path, action=form.action)
    answer = person.post(empty.action, empty.filled(dict(form.typed)))
    page = answer.text
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY, page
    assert re.search(r"<title>Error: ", page)
    assert page.count('role="alert" tabindex="-1"') == 1  # the summary, which takes the focus
    lines = re.findall(r'<li>(?:<a href="#([^"]+)">)?([^<]+)', page.partition('"problem"')[2])
    (first, words), *_ = lines
    assert not first or f'id="{first}"' in page
    if first:
        assert f'id="{first}-error"' in page
        assert page.count(words) >= 2  # in the summary, and beside its field
    again = form_on(page, path=form.path, action=form.action)
    for name, value in form.typed.items():
        kept = again.fields.get(name, "")
        assert kept == ("" if "password" in name else value), name
