"""`flask paywall-check`: the site as it comes keeps what is locked; a cloner's leaks are named."""

import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest
from flask import Blueprint, Flask, Response, jsonify, redirect, request, send_file
from flask.typing import ResponseReturnValue
from jinja2 import ChoiceLoader, DictLoader
from sqlalchemy.orm import Session

from membership.billing.access import may_use, requires
from membership.commands import create_app
from membership.library import locked, writing
from membership.library.locked import Locked
from membership.library.posts import library
from membership.paywall_check import check, trial
from tests.support.databases import close
from tests.support.settings import settings
from tests.support.signed_in import everything_stored

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

POSTS = {
    "lamps": "access: premium\n---\nTeaser.\n\n<!-- more -->\n\nNine of her lamps “stammer” blue.",
    "notes": "access: members\n---\nTeaser.\n\n<!-- more -->\n\nWho joins may read about the owls.",
    "doors": "access: public\n---\nEverybody may read about doors.",
    "unready": "access: public\ndraft: true\n---\nNobody reads of the bridge before it is done.",
}
# What is found once is not looked for again in another test process.
together = pytest.mark.xdist_group("a cloned site")
TEXT = "Quicksilver is kept in the third drawer from the left."


def given_in(folder: Path) -> dict[str, str]:
    """Settings of a site with these posts; its database is never asked."""
    (folder / "content" / "posts").mkdir(parents=True)
    for slug, text in POSTS.items():
        head = f"---\ntitle: About {slug}\ndate: 2026-11-07\n"
        (folder / "content" / "posts" / f"{slug}.md").write_text(head + text)
    return settings(CONTENT_DIR=str(folder / "content"), DATABASE_URL=f"sqlite:///{folder}/site.db")


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    return given_in(tmp_path)


@pytest.fixture
def app(given: dict[str, str]) -> Iterator[Flask]:
    app = create_app(given)
    yield app
    close(app)


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is found when a cloner has added all of these to the site: looked for once."""
    folder = tmp_path_factory.mktemp("cloned")
    given = given_in(folder)
    tools = [shows(), hides(folder), forgets_a_guard(), spoils_a_door(), answers_to_forms()]

    def build(changed: trial.Changed) -> Flask:
        cloned = create_app({**given, **changed})
        for tool in tools:
            cloned.register_blueprint(tool)
        locked.register(cloned, own_texts)
        return cloned

    app = create_app(given)
    trial.init_app(app, build)
    with app.app_context():
        found = "\n".join(str(fault) for fault in check.run(with_forms=True).faults)
    close(app)
    return found


def answers_to_forms() -> Blueprint:
    tool = Blueprint("answers", __name__)

    @tool.get("/ask-me")
    def page() -> str:
        note = '<form method="post" action="/preview?of=owls"><textarea name="note"></textarea>'
        post = '<input name="post" value="notes" data-value="x">'
        return f'{note}</form><form method="post" action="/told">{post}</form>'

    @tool.post("/preview")
    def preview() -> ResponseReturnValue:
        """An error that says more than it should, to whoever has filled it in."""
        note = request.form.get("note") and request.args.get("of")
        return (TEXT if note else "Write a note"), 422

    @tool.post("/told")
    def told() -> ResponseReturnValue:
        return redirect(f"/told/{request.form.get('post', 'nothing')}")

    @tool.get("/told/<path:what>")
    def after(what: str) -> str:
        return TEXT if what == "notes" else "Nothing."

    @tool.post("/nobody-links-here")
    def alone() -> str:
        return TEXT

    @tool.post("/tool/<int:number>")
    @requires("premium")
    def keeps(number: int) -> str:
        return TEXT

    return tool


@together
def test_what_is_answered_to_forms_is_looked_through_too(wrong: str) -> None:
    told = "tells of the drawer: “"
    for address in ("/preview?of=owls", "/told/notes", "/nobody-links-here"):
        assert f"{address}, to a visitor: {told}" in wrong
        assert f"{address}, to a free member: {told}" in wrong
        assert f"{address}, to a member with premium: {told}" not in wrong
    assert "/tool/1, to" not in wrong


@pytest.mark.long
def test_s60_the_site_as_it_comes_keeps_what_is_locked(database_url: str) -> None:
    app = create_app(settings(DATABASE_URL=database_url))
    before = everything_stored(app)
    answer = app.test_cli_runner().invoke(args=["paywall-check", "--forms"])
    assert answer.exit_code == 0, answer.output
    assert "Nothing locked is where it must not be" in answer.output
    assert everything_stored(app) == before
    close(app)


def shows() -> Blueprint:
    tool = Blueprint("shows", __name__)

    @tool.get("/latest.json")
    def latest() -> Response:
        return jsonify([library().body(post) for post in library().posts()])

    @tool.get("/<any(small, large):size>/<uuid:key>/<float:part>")
    def whichever(size: str, key: str, part: float) -> str:
        return "".join(library().body(post) for post in library().posts())

    @tool.get("/coming")
    def coming() -> str:
        return "".join(library().body(post) for post in library().unpublished())

    @tool.get("/find")
    def find() -> str:
        form = '<form action="/find"><input type="search" name="q"></form>'
        return form + '<a href="/posts/lamps">1 post has it</a>'

    return tool


@together
def test_a_cloners_leaks_are_named_with_who_and_the_words(wrong: str) -> None:
    assert "/latest.json, to a visitor: tells of the post lamps: “" in wrong
    assert "of her lamps stammer blue" in wrong
    assert "/latest.json, to a visitor: tells of the post notes" in wrong
    assert "/latest.json, to a member whose time is over: tells of the post lamps" in wrong
    assert "to a free member: tells of the post notes" not in wrong
    assert "to a member with premium: tells of the post lamps" not in wrong
    assert "Cache-Control is not no-store or private" in wrong
    assert re.search(r"/large/0{8}-\S+/1.0, to a visitor: tells of the post lamps", wrong)
    assert "/coming, to a member with premium: tells of the unpublished post unready" in wrong
    assert "to a visitor: finds the post lamps by words of it that are locked" in wrong


def hides(folder: Path) -> Blueprint:
    (folder / "static").mkdir()
    (folder / "static" / "index.js").write_text(f"const found = [{POSTS['lamps']!r}]")
    tool = Blueprint(
        "hides", __name__, static_folder=str(folder / "static"), static_url_path="/built"
    )

    def text() -> str:
        return writing.plain("".join(library().body(post) for post in library().posts()))

    @tool.get("/header")
    def header() -> Response:
        return Response("", headers={"X-Excerpt": quote(text())})

    @tool.get("/leads-on")
    def leads_on() -> ResponseReturnValue:
        return redirect(f"https://share.example/?{urlencode({'text': text()})}")

    @tool.get("/takes-away")
    def takes_away() -> ResponseReturnValue:
        return send_file(BytesIO(text().upper().encode()), mimetype="application/epub")

    @tool.get("/loads")
    def loads() -> str:
        return "<script>const from = '/pieces/lamps?whole=1'</script>"

    @tool.get("/pieces/<slug>")
    def piece(slug: str) -> str:
        return text() if slug == "lamps" and "whole" in request.args else ""

    def cloaks(answer: Response) -> Response:
        if "Googlebot" in request.user_agent.string and request.path == "/posts/lamps":
            answer.set_data(text())
        return answer

    tool.after_app_request(cloaks)
    return tool


@together
def test_a_leak_that_no_page_shows_is_named_all_the_same(wrong: str) -> None:
    """In a header, a redirect, a file, at an address that a script knows, to a search engine."""
    for address in ("/header", "/leads-on", "/takes-away", "/pieces/lamps?whole=1"):
        assert f"{address}, to a visitor: tells of the post lamps: “" in wrong, address
    assert "/built/index.js, to a visitor: tells of the post lamps: “" in wrong
    assert "/posts/lamps, to a visitor: tells of the post lamps: “" in wrong


def forgets_a_guard() -> Blueprint:
    tool = Blueprint("forgets", __name__)

    @requires("premium")  # above the route, it guards nothing: the mistake of many
    @tool.get("/drawer/<int:number>")
    def drawer(number: int) -> str:
        return f"<p>{TEXT}</p>" if number == 7 else ""

    @tool.get("/file")
    def file() -> ResponseReturnValue:
        return "" if may_use("premium") else ("", 200)

    return tool


def own_texts(_: Session) -> Iterable[Locked]:
    yield Locked("the drawer", "premium", TEXT, "/drawer/7")
    yield Locked("the file", "premium", None, "/file")
    yield Locked("what was forgotten", "premium", "It is shown on no page at all.", "/posts")


@together
def test_a_cloners_own_texts_are_looked_for_too(wrong: str) -> None:
    assert "/drawer/7, to a visitor: tells of the drawer: “" in wrong
    assert "/file, to a free member: the file is open to who may not have it" in wrong
    assert "/posts, to a member with premium: what was forgotten is not whole" in wrong
    assert "to a member with premium: tells of the drawer" not in wrong


def spoils_a_door() -> Blueprint:
    tool = Blueprint("spoils", __name__)

    @tool.get("/kept")
    @requires("premium")
    def kept() -> str:
        return TEXT

    @tool.after_request
    def keep(answer: Response) -> Response:
        if answer.status_code == 402:
            answer.status_code = 200
        return answer

    return tool


@together
def test_a_door_that_does_not_say_402_is_named(wrong: str) -> None:
    assert "/kept, to a free member: needs premium, and answers 200 instead of 402" in wrong
    assert "/kept, to a member with premium" not in wrong


def test_what_is_put_around_the_site_can_spoil_it(app: Flask, given: dict[str, str]) -> None:
    """A cache that keeps everything, errors that show what broke, a mail that has it all."""

    def build(changed: trial.Changed) -> Flask:
        cloned = create_app({**given, **changed})
        cloned.wsgi_app = KeepsEverything(cloned.wsgi_app)  # type: ignore[assignment]
        cloned.jinja_env.loader = ChoiceLoader([LETTER, cloned.create_global_jinja_loader()])
        cloned.jinja_env.globals["whole_text"] = lambda post: library().body(post)
        cloned.register_error_handler(500, lambda error: str(error.original_exception))
        return cloned

    trial.init_app(app, build)
    with app.app_context():
        wrong = "\n".join(str(fault) for fault in check.run().faults)
    lamps = "/posts/lamps, to a member with premium: "
    assert f"{lamps}has locked text, and Cache-Control is not no-store or private" in wrong
    assert f"{lamps}differs from a visitor’s, and Cache-Control lets others keep it" in wrong
    assert "/posts/lamps, to a visitor: differs from a member’s, and has no Vary: Cookie" in wrong
    assert "/posts/lamps, to a visitor: confirms that it is what a member was given" in wrong
    assert "/posts/lamps, to a visitor: HEAD answers 304, and GET 200" in wrong
    broken = re.search(
        r"^/[0-9a-f]{16}, to a visitor: tells of the post lamps", wrong, re.MULTILINE
    )
    assert broken
    assert "the letter of the post lamps, to who does not pay: tells of the post lamps" in wrong


# Everything, to everybody.
LETTER = DictLoader({"library/email/post.html": "{{ whole_text(post) }}"})


class KeepsEverything:
    """As somebody might put before a site to make it quick."""

    def __init__(self, site: "WSGIApplication") -> None:
        self.site = site

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        def answer(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            kept = [pair for pair in headers if pair[0] not in ("Cache-Control", "Vary")]
            kept += [("Cache-Control", "public, max-age=60"), ("ETag", '"kept"')]
            known = environ.get("HTTP_IF_NONE_MATCH") or environ["REQUEST_METHOD"] == "HEAD"
            return start("304 Not Modified" if known else status, kept, *more)

        return self.site(environ, answer)


def test_a_copy_has_nobody_to_write_to_and_nothing_to_charge(
    app: Flask, given: dict[str, str]
) -> None:
    with app.app_context(), trial.site(app.extensions["trial"]) as copy:
        settings_of_copy = copy.config["LATCHKEY"]
        assert settings_of_copy.database_url != given["DATABASE_URL"]
        assert settings_of_copy.mailerlite_api_key is None
        assert settings_of_copy.stripe_secret_key == "sk_test_nobody"
        for address in (settings_of_copy.stripe_api_base, settings_of_copy.mailerlite_api_base):
            assert address.startswith("http://127.0.0.1:9/")
        assert (settings_of_copy.mail_server, settings_of_copy.mail_port) == ("127.0.0.1", 9)
        assert not copy.debug
