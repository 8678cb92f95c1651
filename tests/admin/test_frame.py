"""Who sits at the desk: the owner, and nobody else, on whatever page and with whatever verb."""

from collections.abc import Iterator
from http import HTTPStatus

from flask import Flask
from werkzeug.routing import IntegerConverter
from werkzeug.test import TestResponse

from membership.accounts.models import User
from membership.db import db, transaction
from tests.support.browser import Browser
from tests.support.people import OLIVE, signs_in

NOWHERE = "/admin/no/such/room"


def doors(app: Flask) -> Iterator[tuple[str, str]]:
    """Every address of the desk with every verb it takes; ids are the first there could be."""
    adapter = app.url_map.bind("")
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/admin"):
            known = {
                name: 1 if isinstance(kind, IntegerConverter) else "x"
                for name, kind in rule._converters.items()
            }
            for method in sorted(rule.methods or ()):
                yield method, adapter.build(rule.endpoint, known, method)


def tries(person: Browser, token: str, method: str, path: str) -> TestResponse:
    """With a token of their own, so that nothing but who they are is in the way."""
    sent = {"csrf_token": token} if method not in ("GET", "HEAD", "OPTIONS") else None
    return person.client.open(path, method=method, data=sent, base_url=person.site_url)


def said_by(answer: TestResponse) -> str:
    """What a person reads on it: below that is the way back to its own address."""
    return answer.text.partition("<main")[2].partition("</main>")[0]


def test_s59_no_page_of_the_desk_opens_to_a_member(
    app: Flask, grace: Browser, ada: Browser, edsger: Browser
) -> None:
    found = list(doors(app))
    assert ("GET", "/admin") in found
    missing = grace.get(NOWHERE)
    members = [(member, member.token_on("/account")) for member in (grace, ada, edsger)]
    for method, path in found:
        for member, token in members:
            answer = tries(member, token, method, path)
            assert answer.status_code == HTTPStatus.NOT_FOUND, (method, path)
        if method == "GET":
            assert said_by(grace.get(path)) == said_by(missing), path


def test_s59_a_visitor_is_asked_to_sign_in(app: Flask, visitor: Browser) -> None:
    token = visitor.token_on("/login")
    for method, path in doors(app):
        answer = tries(visitor, token, method, path)
        assert answer.status_code == HTTPStatus.SEE_OTHER, (method, path)
        assert answer.location.startswith("/login"), (method, path)


def test_the_owner_comes_in_and_no_other_finds_the_way(owner: Browser, grace: Browser) -> None:
    page = owner.get("/admin")
    assert page.status_code == HTTPStatus.OK
    assert page.headers["Cache-Control"] == "no-store"
    assert 'href="/admin"' in owner.get("/account").text
    assert "/admin" not in grace.get("/account").text


def test_who_is_no_longer_an_owner_is_out_at_once(app: Flask, owner: Browser) -> None:
    with app.app_context(), transaction():
        db.session.query(User).one().is_owner = False
    assert owner.get("/admin").status_code == HTTPStatus.NOT_FOUND


def test_who_is_an_owner_no_more_is_signed_out_and_finds_no_desk(
    app: Flask, owner: Browser
) -> None:
    typed = app.test_cli_runner().invoke(args=["owner", "remove", OLIVE])
    assert typed.output == f"{OLIVE} is an owner no more.\n"
    assert owner.get("/account").location == "/login?next=/account"
    assert signs_in(owner, OLIVE).get("/admin").status_code == HTTPStatus.NOT_FOUND
    again = app.test_cli_runner().invoke(args=["owner", "remove", OLIVE])
    assert (again.exit_code, again.output) == (1, f"Error: {OLIVE} is no owner.\n")
