"""Every mail, seen by whoever changes how they look; and what every mail has to be."""

import re
from http import HTTPStatus

import pytest
from flask import Flask
from jinja2 import StrictUndefined

from membership import clock
from membership.config import ROOT
from membership.previews import samples
from tests.conftest import MakeApp
from tests.support.browser import Browser

TEMPLATES = ROOT / "templates"
NAMES = sorted(
    f"{path.parent.parent.name}/{path.stem}"
    for path in TEMPLATES.glob("*/email/*.txt")
    if not path.name.startswith("_")
)
# Whoever is not known, or not any more, has nothing there.
FOR_READERS = {name for name in NAMES if name.startswith("newsletter/")} - {
    "newsletter/reader_unknown",
    "newsletter/reader_forgotten",
}


@pytest.fixture
def mail(app: Flask) -> "Drawn":
    app.jinja_env.undefined = StrictUndefined  # a sample that lacks something is no sample
    return Drawn(app)


class Drawn:
    def __init__(self, app: Flask) -> None:
        self.app = app

    def __call__(self, name: str, kind: str) -> str:
        package, _, file = name.partition("/")
        with self.app.test_request_context():
            context = samples.samples(clock.now())[name]
            template = self.app.jinja_env.get_template(f"{package}/email/{file}.{kind}")
            self.app.update_template_context(context)
            return template.render(context)


def test_every_mail_has_a_sample(app: Flask) -> None:
    with app.test_request_context():
        assert sorted(samples.samples(clock.now())) == NAMES
    assert len(NAMES) > 20


@pytest.mark.parametrize("name", NAMES)
def test_what_every_mail_has(mail: Drawn, name: str) -> None:
    html, text = mail(name, "html"), mail(name, "txt")
    assert html.startswith("<!doctype html>")
    preheader = re.search(r'<div style="display:none[^>]*>(.*?)</div>', html, re.DOTALL)
    assert preheader
    assert preheader[1].strip()
    assert "max-width:600px" in html
    assert "prefers-color-scheme: dark" in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert not re.search(r"<img|<script|<link|url\(|@import|@font-face", html)
    assert html.count('class="mail-button"') <= 1
    for address in re.findall(r'class="mail-button" href="([^"]+)"', html):
        assert f">{address}</a>" in html  # bare, for whom the button does not work
        assert address in text
    because = re.search(r"Sent by Latchkey, because ([^.]{5,})\.\n", text)
    assert because
    assert because[1] in html.replace("&#39;", "'")
    assert "<" not in text
    assert "\n\n\n" not in text
    assert not re.search(r"unsubscribe", text + html, re.IGNORECASE)
    assert ("/newsletter\n" in f"{text}\n") == (name in FOR_READERS)


def test_a_page_shows_all_of_them(visitor: Browser) -> None:
    page = visitor.get("/dev/mails")
    assert page.status_code == HTTPStatus.OK
    for name in NAMES:
        assert f'src="/dev/mails/{name}/light"' in page.text
        assert f'src="/dev/mails/{name}/dark"' in page.text
    assert "Sent by Latchkey, because" in page.text
    dark = visitor.get("/dev/mails/accounts/password_reset/dark")
    assert "@media all" in dark.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    (policy,) = dark.headers.getlist("Content-Security-Policy")
    assert "frame-ancestors 'self'" in policy
    assert dark.headers.getlist("X-Frame-Options") == ["SAMEORIGIN"]
    assert visitor.get("/dev/mails/accounts/nothing/dark").status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    "settings",
    [
        {"SITE_URL": "https://letters.example"},
        {"STRIPE_API_BASE": "https://api.stripe.com"},
    ],
)
def test_there_is_no_such_page_on_a_site_that_is_in_use(
    make_app: MakeApp, settings: dict[str, str]
) -> None:
    """Where the sandbox's clock is not set; where it must not be, the start is refused."""
    client = make_app(**settings).test_client()
    base = settings.get("SITE_URL")
    for path in ("/dev/mails", "/dev/mails/accounts/password_reset/light"):
        assert client.get(path, base_url=base).status_code == HTTPStatus.NOT_FOUND
