"""A person's browser, without a window: cookies are kept, forms are read off the page."""

import re
from http import HTTPStatus

import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.forms import form_on

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Test"


class Browser:
    """One person's browser on the application. Answers are not followed until told to."""

    def __init__(self, app: Flask, site_url: str, *, address: str = "127.0.0.1") -> None:
        self.client: FlaskClient = app.test_client()
        self.client.environ_base["REMOTE_ADDR"] = address
        self.client.environ_base["HTTP_USER_AGENT"] = BROWSER
        self.site_url = site_url

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, base_url=self.site_url)

    def submit(
        self,
        path: str,
        *,
        action: str | None = None,
        having: dict[str, str] | None = None,
        **typed: str,
    ) -> TestResponse:
        """Open the page, fill its form (the one with this action) and send it, token and all."""
        page = self.get(path)
        if page.status_code >= HTTPStatus.MULTIPLE_CHOICES and not page.text.strip():
            raise LookupError(f"{path} is no page: {page.status}")
        form = form_on(page.text, path=path, action=action, **(having or {}))
        return self.post(form.action, form.filled(typed))

    def token_on(self, path: str) -> str:
        """The token that the forms of this page send, for a request made by hand."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(path).text)
        if not found:
            raise LookupError(f"{path} has no form")
        return found[1]

    def post(self, path: str, fields: dict[str, str]) -> TestResponse:
        """Send what no page offered: forged, or by hand."""
        return self.client.post(path, data=fields, base_url=self.site_url)

    def follow(self, answer: TestResponse) -> TestResponse:
        """Go where this answer leads, as long as it leads somewhere on the site."""
        while answer.location and HTTPStatus.MULTIPLE_CHOICES <= answer.status_code < 400:
            answer = self.get(answer.location.removeprefix(self.site_url))
        return answer


class Elsewhere:
    """The same person on another server: Stripe's pages, as the sandbox shows them."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.trust_env = False

    def __enter__(self) -> "Elsewhere":
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def get(self, url: str) -> requests.Response:
        return self.session.get(url, timeout=20)

    def submit(
        self,
        url: str,
        *,
        action: str | None = None,
        having: dict[str, str] | None = None,
        **typed: str,
    ) -> requests.Response:
        """Open the page, send its form; the answer is not followed."""
        page = self.get(url)
        form = form_on(page.text, path=url, action=action, **(having or {}))
        return self.session.post(
            requests.compat.urljoin(url, form.action),
            data=form.filled(typed),
            allow_redirects=False,
            timeout=20,
        )
