"""Settings that start the site, and should not stay as they are."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.support.checkup import SITE, level, said

MakeApp = Callable[..., Flask]
REAL = {"STRIPE_API_BASE": "https://api.stripe.com"}  # nobody is called: only settings are read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "0" * 40),
        ("SECRET_KEY", "changeme-changeme-changeme-changeme"),
        ("STRIPE_SECRET_KEY", "sk_test_…"),
        ("STRIPE_SECRET_KEY", "sk_live_your_key_here"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_1,whsec_..."),
        ("MAIL_PASSWORD", "placeholder"),
    ],
)
def test_a_secret_out_of_an_example_is_found(make_app: MakeApp, name: str, value: str) -> None:
    found = said(make_app(**{**REAL, name: value}), "secrets")
    assert (found.level, found.what) == ("broken", f"{name} looks like an example.")
    assert value not in repr(found)


def test_real_ones_are_well(make_app: MakeApp) -> None:
    app = make_app(
        **REAL,
        SECRET_KEY="3f1c9be07d52a8c64f1e0b7d5a90e6c2",
        STRIPE_SECRET_KEY="sk_live_51NqT0aKx8rJ2",
        STRIPE_WEBHOOK_SECRET="whsec_b9Zr3",
    )
    assert level(app, "secrets") == "well"


@pytest.mark.parametrize(("secret", "is_so"), [("", "broken"), ("whsec_1", "well")])
def test_a_webhook_without_a_secret_takes_nothing(
    make_app: MakeApp, secret: str, is_so: str
) -> None:
    assert level(make_app(STRIPE_WEBHOOK_SECRET=secret), "webhook-secret") == is_so


@pytest.mark.parametrize(
    ("site", "key", "is_so"),
    [
        (SITE, "sk_live_1", "well"),
        (SITE, "rk_test_1", "look"),
        ("http://127.0.0.1:8000", "sk_test_1", "well"),
        ("http://127.0.0.1:8000", "rk_live_1", "look"),
    ],
)
def test_the_key_fits_the_site(make_app: MakeApp, site: str, key: str, is_so: str) -> None:
    assert level(make_app(**REAL, SITE_URL=site, STRIPE_SECRET_KEY=key), "stripe-mode") == is_so


@pytest.mark.parametrize(
    ("site", "proxies", "is_so"),
    [(SITE, "0", "look"), (SITE, "1", "well"), ("http://127.0.0.1:8000", "0", "well")],
)
def test_https_means_that_somebody_stands_in_front(
    make_app: MakeApp, site: str, proxies: str, is_so: str
) -> None:
    assert level(make_app(SITE_URL=site, TRUSTED_PROXIES=proxies), "proxies") == is_so


@pytest.mark.parametrize(
    ("site", "contact", "is_so"),
    [
        (SITE, "", "look"),
        (SITE, "letters@example.com", "well"),
        ("http://127.0.0.1:8000", "", "well"),
    ],
)
def test_people_who_are_told_to_write_know_where(
    make_app: MakeApp, site: str, contact: str, is_so: str
) -> None:
    assert level(make_app(SITE_URL=site, CONTACT_EMAIL=contact), "contact") == is_so
