"""Prices and products in words."""

import pytest

from membership.billing import plans


@pytest.mark.parametrize(
    ("minor", "currency", "words"),
    [
        (500, "eur", "€5.00"),
        (123456, "usd", "$1,234.56"),
        (500, "jpy", "¥500"),
        (12345, "kwd", "KWD\u00a012.345"),
        (0, "gbp", "£0.00"),
    ],
)
def test_amounts_are_in_the_currencys_own_units(minor: int, currency: str, words: str) -> None:
    assert plans.amount(minor, currency) == words


@pytest.mark.parametrize(
    ("interval", "count", "words"),
    [("month", 1, "a month"), ("year", 1, "a year"), ("month", 3, "every 3 months"),
     (None, 1, "once")],
)  # fmt: skip
def test_periods(interval: str | None, count: int, words: str) -> None:
    assert plans.period(interval, count) == words


def test_a_product_opens_what_its_metadata_says_and_premium_when_it_is_silent() -> None:
    assert plans.features({"features": "guide, premium,"}) == {"guide", "premium"}
    assert plans.features({}) == {"premium"}


@pytest.mark.parametrize(
    ("value", "days"),
    [("30", 30), (" 7 ", 7), ("", None), ("soon", None), ("0", None), ("-3", None), ("１", None)],
)
def test_days_in_metadata_are_a_whole_number_or_not_said(value: str, days: int | None) -> None:
    assert plans.days({"access_days": value}, "access_days") == days
