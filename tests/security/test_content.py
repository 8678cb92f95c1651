"""Names are text, whatever is in them; what is locked stays here; secrets stay out of sight."""

import logging
import re
import socketserver
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from http import HTTPStatus
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import AnyConverter, Rule

from membership import journal, logs
from membership.accounts.models import User
from membership.config import ROOT, ConfigError
from membership.db import db, transaction
from membership.forms import Form
from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.mail import Work, code_for
from tests.support.paying import ask_stripe, chooses, copy_catalogue, pays
from tests.support.people import ADA, GRACE, PASSWORD, is_granted, opens_account, signs_in
from tests.support.settings import WEBHOOK_SECRET, settings
from tests.support.working import works

NASTY = '"><img src=x onerror=alert(1)>{{7*7}}<script>alert(1)</script>'
LOCKED = "heliotrope"


def post(folder: Path, slug: str, head: str, text: str) -> None:
    (folder / "posts").mkdir(parents=True, exist_ok=True)
    page = f"---\ntitle: {slug}\ndate: 2026-11-01\n{head}\n---\n{text}"
    (folder / "posts" / f"{slug}.md").write_text(page)


# S54

PAYLOADS = """
<script>alert(1)</script>
<img src=x onerror=alert(1)>
<svg onload=alert(1)><circle/></svg>
<iframe src="https://evil.test"></iframe>
<style>body{display:none}</style>
<a href="javascript:alert(1)">x</a>
<a href="jAvAsCrIpT:alert(1)">x</a>
<a href="java&#10;script:alert(1)">x</a>
<a href="data:text/html,<script>alert(1)</script>">x</a>
[x](javascript:alert(1))
[x](data:text/html;base64,PHNjcmlwdD4=)
![x](javascript:alert(1))
![x](data:image/svg+xml;base64,PHN2Zz4=)
[x](vbscript:msgbox(1))
[x](data:image/png;base64,iVBORw0KGgo=)
<https://evil.test/"onmouseover="alert(1)>
[x](https://evil.test "onmouseover=alert(1) x=")
<math><mi xlink:href="javascript:alert(1)">x</mi></math>
<object data="x"></object>
<embed src="x">
<form action="https://evil.test"><input name=a></form>
<base href="https://evil.test">
<meta http-equiv="refresh" content="0;url=https://evil.test">
<link rel="stylesheet" href="https://evil.test">
<body onload=alert(1)>
<details open ontoggle=alert(1)>x</details>
<p style="background:url(javascript:alert(1))">x</p>
<div id="csrf_token" class="card">x</div>
<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>
<template><script>alert(1)</script></template>
<<script>alert(1)//<</script>
`<script>alert(1)</script>`
""".strip().split("\n")
QUIET = {"a", "br", "code", "em", "h1", "h2", "h3", "hr", "img", "li", "ol", "p", "pre", "strong"}
QUIET |= {
    "article",
    "blockquote",
    "div",
    "header",
    "section",
    "span",
    "time",
    "ul",
    "del",
    "footer",
}


class Acting(HTMLParser):
    """Whatever in a post could act on the reader's page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in QUIET:
            self.found.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "srcdoc", "action"):
                self.found.append(f"{tag} {name}")
            if name in ("href", "src") and not re.match(r"^(/|https?:|mailto:|#)", value or ""):
                self.found.append(f"{tag} {name}={value}")


def test_s54_nothing_in_a_post_acts_on_its_reader(
    make_app: Callable[..., Flask], site_url: str, tmp_path: Path
) -> None:
    assert len(PAYLOADS) >= 30
    post(tmp_path, "nasty", "access: public", "\n\n".join(PAYLOADS))
    visitor = Browser(make_app(CONTENT_DIR=str(tmp_path)), site_url)
    page = visitor.get("/posts/nasty").text
    article = page.split("<article")[1].split("</article>")[0]
    assert "alert(1)" in article  # it is all there, as text
    assert Acting("<article" + article).found == []
    feed = visitor.get("/feed.xml").text
    assert "<script" not in feed


# S55


@pytest.mark.usefixtures("listening")
def test_s55_a_nasty_name_is_a_name_wherever_it_stands(
    make_app: Callable[..., Flask],
    site_url: str,
    sandbox: Sandbox,
    elsewhere: Elsewhere,
) -> None:
    app = make_app(SITE_NAME=NASTY, CODE_DELIVERY="smtp")
    product = ask_stripe(sandbox, "products", {"name": NASTY, "metadata[plan]": NASTY})
    ask_stripe(
        sandbox,
        "prices",
        {"product": str(product["id"]), "currency": "eur", "unit_amount": "900"},
    )
    copy_catalogue(app)
    user_id = opens_account(app, ADA)
    is_granted(app, user_id, NASTY, ends_at=None)
    with app.app_context(), transaction() as rows:
        user = rows.get_one(User, user_id)
        user.name, user.is_owner = NASTY, True
    ada = signs_in(Browser(app, site_url), ADA)
    ada.client.environ_base["HTTP_USER_AGENT"] = NASTY
    ada.get("/account")
    grace = Browser(app, site_url)
    grace.submit("/", action="/subscribe", email=GRACE)
    works(app)
    mail = sandbox.mailbox.latest(to=GRACE)
    assert "<img src=x" not in (mail.html or "")
    assert "\n" not in mail.subject
    pages = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments and "static" not in rule.rule
    ]
    assert len(pages) > 15
    shown = 0
    for path in pages:
        answer = ada.get(path)
        assert answer.status_code != HTTPStatus.INTERNAL_SERVER_ERROR, path
        if answer.mimetype in ("text/html", "application/atom+xml"):
            assert "<img src=x" not in answer.text, path
            assert "<script>alert" not in answer.text, path
            shown += answer.text.count("{{7*7}}")
    assert shown > 20
    pays(elsewhere, chooses(ada, app))


# S58


def test_s58_fields_nobody_asked_for_change_nothing(
    app: Flask, visitor: Browser, sandbox: Sandbox, work: Work
) -> None:
    adas = str(opens_account(app, ADA))
    extra = {
        "is_owner": "1",
        "is_admin": "true",
        "role": "owner",
        "plan": "premium",
        "id": adas,
        "user_id": adas,
        "created_at": "2000-01-01",
        "disabled_at": "2000-01-01",
        "email_verified": "1",
        "features": "premium",
        "feature": "premium",
    }
    visitor.submit("/", action="/subscribe", email=GRACE)
    work()
    fields = {"csrf_token": visitor.token_on("/join"), "email": GRACE, "password": PASSWORD}
    answer = visitor.post("/join", {**extra, **fields, "code": code_for(sandbox, GRACE)})
    assert answer.status_code == HTTPStatus.SEE_OTHER
    before = accounts(app)
    assert [(user["email"], user["is_owner"]) for user in before] == [(ADA, False), (GRACE, False)]
    doors = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and not rule.arguments and "webhooks" not in rule.rule
    ]
    for path in set(doors) - {"/logout"}:
        fields = {"csrf_token": visitor.token_on("/account"), "password": PASSWORD}
        answer = visitor.post(path, {**extra, **fields, "email": "new@example.com"})
        assert answer.status_code != HTTPStatus.BAD_REQUEST or path == "/checkout", path
    assert accounts(app) == before
    assert visitor.get("/premium").status_code == HTTPStatus.PAYMENT_REQUIRED
    assert visitor.get("/admin").status_code == HTTPStatus.NOT_FOUND


def accounts(app: Flask) -> list[dict[str, object]]:
    with app.app_context():
        users = db.session.query(User).order_by(User.email)
        return [
            {k: v for k, v in vars(user).items() if k != "_sa_instance_state"} for user in users
        ]


# S60


def test_s60_locked_words_reach_nobody_who_may_not_read_them(
    make_app: Callable[..., Flask], site_url: str, tmp_path: Path, sandbox: Sandbox
) -> None:
    for slug, head in (("paid", "access: premium"), ("unready", "access: public\ndraft: true")):
        post(tmp_path, slug, head, f"Teaser.\n\n<!-- more -->\n\n{LOCKED}")
    app = make_app(CONTENT_DIR=str(tmp_path))
    opens_account(app, GRACE)
    grace, visitor = signs_in(Browser(app, site_url), GRACE), Browser(app, site_url)
    paths = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments
    ]
    paths += ["/posts/paid", "/posts/unready", f"/posts?q={LOCKED}", "/sitemap.xml", "/search?q=x"]
    for person in (grace, visitor):
        for path in paths:
            answer = person.get(path)
            assert LOCKED not in answer.text.replace(f"q={LOCKED}", ""), path
    user_id = opens_account(app, ADA)
    is_granted(app, user_id, ends_at=None)
    assert LOCKED in signs_in(Browser(app, site_url), ADA).get("/posts/paid").text
    assert not [mail for mail in sandbox.mailbox.messages if LOCKED in str(mail)]


# S63


@contextmanager
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """A server inside that nobody may be made to call; its address, and what it heard."""
    heard: list[bytes] = []

    class Hears(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            heard.append(self.rfile.readline())

    with socketserver.TCPServer(("127.0.0.1", 0), Hears) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/inside", heard
        finally:
            server.shutdown()
            thread.join()


def every(kind: type[Form]) -> Iterator[type[Form]]:
    """The class, and all that are made from it."""
    yield kind
    for made in kind.__subclasses__():
        yield from every(made)


def filled(rule: Rule) -> dict[str, str]:
    """Something for every part of a route's address: the first of what it may be chosen from."""
    parts = dict.fromkeys(rule.arguments, "1")
    for name, converter in rule._converters.items():
        if isinstance(converter, AnyConverter):
            parts[name] = min(converter.items)
    return parts


def test_s63_no_address_in_a_field_is_ever_called(
    make_app: Callable[..., Flask], site_url: str, tmp_path: Path
) -> None:
    with listener() as (inside, heard):
        post(tmp_path, "calls", f"access: public\nsummary: '{inside}'", f"[x]({inside}) {inside}")
        app = make_app(CONTENT_DIR=str(tmp_path))
        user_id = opens_account(app, ADA)
        with app.app_context(), transaction() as rows:
            rows.get_one(User, user_id).is_owner = True  # the desk has fields, too
        ada = signs_in(Browser(app, site_url), ADA)
        token = ada.token_on("/account")
        names = {"price", "customer", "task", "next", "session_id", "looked", "after", "change"}
        names |= {name for form in every(Form) for name in vars(form) if name[0] != "_"}
        assert {"email", "code", "password", "because", "candidate"} <= names
        for rule in app.url_map.iter_rules():
            path = app.url_map.bind("x").build(rule.endpoint, filled(rule))
            if "POST" in (rule.methods or ()) and rule.endpoint != "accounts.logout":
                ada.post(path, {"csrf_token": token, **dict.fromkeys(names, inside)})
            if "GET" in (rule.methods or ()):
                ada.get(f"{path}?{'&'.join(f'{name}={inside}' for name in names)}").close()
        ada.get("/posts/calls")
        ada.get("/feed.xml")
    assert heard == []


# S64


@pytest.mark.parametrize("key", ["", "changeme", "secret", "k" * 31])
def test_s64_no_start_without_a_key_of_its_own(make_app: Callable[..., Flask], key: str) -> None:
    with pytest.raises(ConfigError, match="SECRET_KEY"):
        make_app(SECRET_KEY=key)


def test_s64_no_key_is_written_in_the_example() -> None:
    written = re.findall(r"^(\w*(?:KEY|SECRET|PASSWORD)\w*)=(.*)$", example(), re.MULTILINE)
    assert len(written) >= 2
    assert [name for name, value in written if value] == []


def example() -> str:
    return (ROOT / ".env.example").read_text()


def test_s64_nothing_secret_is_in_a_log_or_on_an_error_page(
    make_app: Callable[..., Flask],
    site_url: str,
    sandbox: Sandbox,
    capfd: pytest.CaptureFixture[str],
) -> None:
    app = make_app(CODE_DELIVERY="smtp", LOG_LEVEL="DEBUG")
    logs.configure(app.config["LATCHKEY"])  # to the standard error that is listened to now
    secret = settings()["SECRET_KEY"]

    def breaks() -> str:
        raise ValueError("something with the request")

    app.add_url_rule("/breaks", view_func=breaks, methods=["GET", "POST"])
    opens_account(app, ADA)
    ada = Browser(app, site_url)
    ada.submit("/", action="/subscribe", email=GRACE)
    works(app)
    code = code_for(sandbox, GRACE)
    signs_in(ada, ADA)
    ada.submit("/account", action="/logout")
    ada.submit("/login", action="/login", email=ADA, password="a wrong guess of mine")
    answer = ada.get("/breaks?password=typed-in-the-address")
    assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert re.search(r"<code>[0-9a-f]{8}</code>", answer.text)
    assert "Traceback" not in answer.text
    told = capfd.readouterr().err
    assert "ValueError" in told
    cookie = ada.client.get_cookie("session", domain="127.0.0.1")
    assert cookie is not None
    for what in (secret, PASSWORD, "a wrong guess", cookie.value, WEBHOOK_SECRET, code):
        assert what not in told
        assert what not in answer.text
    assert secret not in repr(app.config["LATCHKEY"])
    assert not app.debug


def test_s64_a_line_break_in_what_was_typed_forges_no_line_of_the_log(
    make_app: Callable[..., Flask], capfd: pytest.CaptureFixture[str]
) -> None:
    forged = "x\n2026-11-21 12:00:00,000 INFO membership: the owner signed in\r\x1b[2Jy\u2028z"
    for form in ("text", "json"):
        app = make_app(LOG_FORMAT=form)
        logs.configure(app.config["LATCHKEY"])
        app.logger.warning("somebody called %s", forged)
        try:
            raise ValueError(forged)
        except ValueError:
            app.logger.exception("it broke")
        lines = capfd.readouterr().err.splitlines()
        mine = [line for line in lines if not line.startswith("    ")]
        assert len(mine) == 2, lines
        assert not [line for line in mine if line.startswith("2026-11-21 12:00:00")]
        assert "\x1b" not in "".join(lines)
    logging.getLogger("membership").handlers.clear()


# S66


@pytest.mark.parametrize(
    "path",
    [
        "/.git/config",
        "/.env",
        "/instance/latchkey.db",
        "/backup",
        "/backup.db",
        "/static/../.env",
        "/static/..%2f.env",
        "/static/%2e%2e/membership/config.py",
        "/content/posts/the-field-guide.md",
        "/pyproject.toml",
        "/server-status",
        "/console",
    ],
)
def test_s66_no_file_but_the_static_ones_is_served(visitor: Browser, path: str) -> None:
    assert visitor.get(path).status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("name", ["production", "sandbox", "dev"])
def test_s66_every_package_is_pinned_with_its_hashes(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    packages = re.split(r"\n(?=[a-z0-9])", text.strip(), flags=re.IGNORECASE)
    assert len(packages) > 30
    assert [each for each in packages if "==" not in each or "--hash=sha256:" not in each] == []


def test_s66_a_backup_taken_while_people_write_is_a_whole_site(
    app: Flask, ada: Browser, make_app: Callable[..., Flask], site_url: str, tmp_path: Path
) -> None:
    """As docs/deploy.md takes it: with SQLite's own `.backup`."""
    assert re.findall(r"^sqlite3 \S+ (\S+)", (ROOT / "docs/deploy.md").read_text(), re.M) == [
        '".backup'
    ]
    with app.app_context():
        path = db.engine.url.database or ""
        with transaction() as rows:  # begun, and not in the backup
            journal.record(rows, "session.refused", email=GRACE)
            rows.flush()
            with sqlite3.connect(path) as here, sqlite3.connect(tmp_path / "b.db") as backup:
                here.backup(backup)
    here.close()
    backup.close()
    again = make_app(DATABASE_URL=f"sqlite:///{tmp_path / 'b.db'}")
    with again.app_context():
        assert db.session.execute(db.text("PRAGMA integrity_check")).scalar() == "ok"
        assert db.session.query(journal.Entry).filter_by(email=GRACE).count() == 0
    assert signs_in(Browser(again, site_url), ADA).get("/premium").status_code == HTTPStatus.OK
