"""Addresses in templates: written into them where they are always the same."""

import tracemalloc

import pytest
from flask import Flask
from jinja2 import TemplateSyntaxError
from werkzeug.routing import BuildError

PLANS = '{{ url_for("billing.plans") }}'


def drawn(app: Flask, source: str, **values: object) -> str:
    return app.jinja_env.from_string(source).render(**values)


def test_an_address_that_is_always_the_same_stands_in_the_template_as_text(app: Flask) -> None:
    compiled = app.jinja_env.compile(PLANS, "billing/plans.html", raw=True)
    assert "'/plans'" in compiled
    assert "url_for" not in compiled


def test_one_with_a_value_of_the_moment_is_built_then(app: Flask) -> None:
    with app.test_request_context("/"):
        assert drawn(app, '{{ url_for("library.post", slug=slug) }}', slug="a b") == "/posts/a%20b"
        assert drawn(app, '{{ url_for("claim.page", change=1) }}') == "/claim?change=1"


def test_an_address_is_escaped_where_it_stands_in_markup(app: Flask) -> None:
    source = '<a href="{{ url_for("claim.page", change=1, next="/x") }}">'
    compiled = app.jinja_env.compile(source, "billing/claim.html", raw=True)
    assert "/claim?change=1&amp;next=/x" in compiled


def test_a_letter_has_the_whole_address(app: Flask, site_url: str) -> None:
    for name in ("billing/email/thanks.txt", "_mail.html"):
        letter = app.jinja_env.compile(PLANS, name, raw=True)
        assert "url_for" in letter  # Flask's own word for outside a request: with the host
    with app.app_context():
        assert drawn(app, '{{ url_for("billing.plans", _external=true) }}') == f"{site_url}/plans"


def test_an_endpoint_that_is_nowhere_is_missed_where_it_is_asked_for(app: Flask) -> None:
    source = '{% if asked %}{{ url_for("nowhere.page") }}{% endif %}'
    with app.test_request_context("/"):
        assert drawn(app, source, asked=False) == ""
        with pytest.raises(BuildError):
            drawn(app, source, asked=True)


def test_with_url_defaults_of_the_developers_own_nothing_is_built_beforehand(app: Flask) -> None:
    app.url_default_functions[None] = [lambda _, values: values.setdefault("lang", "nl")]
    assert "url_for" in app.jinja_env.compile(PLANS, "billing/plans.html", raw=True)
    with app.test_request_context("/"):
        assert drawn(app, PLANS) == "/plans?lang=nl"


def test_a_template_that_cannot_be_read_is_named(app: Flask) -> None:
    with pytest.raises(TemplateSyntaxError) as told:
        app.jinja_env.compile("{% if %}", "library/post.html", "templates/library/post.html")
    assert told.value.filename == "templates/library/post.html"


def test_what_visitors_make_up_is_not_kept_in_memory(app: Flask) -> None:
    source = '{{ url_for("accounts.login", next=next) }}'
    with app.test_request_context("/"):
        page = app.jinja_env.from_string(source)
        page.render(next="/")
        tracemalloc.start()
        for number in range(500):
            page.render(next=f"/{number:x<1000}")
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert kept < 250_000
