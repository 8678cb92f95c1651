"""Headers of every kind of answer."""

from contextlib import closing

import pytest

from tests.support.browser import Browser

ANSWERS = [
    "/",
    "/posts",
    "/login",
    "/premium",
    "/no-such-page",
    "/healthz",
    "/static/app.css",
    "/feed.xml",
]


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_says_what_a_browser_may_do(visitor: Browser, path: str) -> None:
    with closing(visitor.get(path)) as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"]


def test_forms_may_lead_to_stripes_pages_and_the_sandboxs(visitor: Browser) -> None:
    policy = visitor.get("/").headers["Content-Security-Policy"]
    forms = next(part for part in policy.split("; ") if part.startswith("form-action"))
    assert "https://checkout.stripe.com https://billing.stripe.com" in forms
    assert "http://127.0.0.1:" in forms


def test_a_members_page_is_kept_by_nobody(grace: Browser) -> None:
    for path in ("/", "/account", "/posts"):
        headers = grace.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert "Cookie" in headers["Vary"]


def test_a_page_without_a_form_sets_no_cookie(visitor: Browser) -> None:
    assert "Set-Cookie" not in visitor.get("/posts").headers
    assert "Set-Cookie" not in visitor.get("/feed.xml").headers


def test_another_host_is_not_answered(visitor: Browser) -> None:
    for path in ("/", "/login", "/feed.xml", "/healthz"):
        answer = visitor.client.get(path, headers={"Host": "evil.test"})
        assert answer.status_code == 400
        assert "evil.test" not in answer.text
