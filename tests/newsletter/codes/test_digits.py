"""Codes are six digits, derived, and sent sparingly."""

from datetime import UTC, datetime, timedelta

import pytest

from membership.newsletter.codes import digits

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def code(nonce: str = "a", purpose: str = "join", email: str = "ada@example.com") -> str:
    return digits.derive("k" * 32, purpose=purpose, email=email, nonce=nonce)


def test_the_same_challenge_always_has_the_same_code() -> None:
    assert code() == code()


@pytest.mark.parametrize(
    "other", [code(nonce="b"), code(purpose="claim"), code(email="grace@example.com")]
)
def test_a_code_is_bound_to_its_challenge_purpose_and_address(other: str) -> None:
    assert code() != other


def test_codes_are_six_digits_and_some_begin_with_zero() -> None:
    many = {code(nonce=str(n)) for n in range(500)}
    assert all(digits.well_formed(found) for found in many)
    assert any(found.startswith("0") for found in many)
    assert len(many) > 490


@pytest.mark.parametrize(
    "typed", ["123 456", "123-456", " 123456\n", "123\u00a0456", "1 2 3 4 5 6"]
)
def test_a_code_may_be_typed_as_it_is_written(typed: str) -> None:
    assert digits.normalise(typed) == "123456"


@pytest.mark.parametrize("typed", ["12345", "1234567", "12345a", "", "１２３４５６", "²²²²²²"])
def test_anything_else_is_not_a_code(typed: str) -> None:
    assert not digits.well_formed(digits.normalise(typed))


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


@pytest.mark.parametrize(
    ("sent", "wait"),
    [
        ([], 0),
        ([ago(seconds=10)], 50),
        ([ago(seconds=60)], 0),
        ([ago(minutes=m) for m in (50, 40, 30, 20)], 0),
        ([ago(minutes=m) for m in (50, 40, 30, 20, 10)], 10 * 60),
        ([ago(hours=h) for h in range(2, 12)], 13 * 3600),
        ([ago(hours=h) for h in range(15, 25)], 0),
    ],
)
def test_five_codes_an_hour_ten_a_day_and_a_minute_between(sent: list[datetime], wait: int) -> None:
    assert digits.wait(sent, now=NOW) == timedelta(seconds=wait)
