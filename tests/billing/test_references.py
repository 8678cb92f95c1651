"""A client_reference_id counts only when we signed it."""

from datetime import UTC, datetime

import pytest

from membership.billing import references

KEY = "k" * 32
OPENED = datetime(2026, 11, 21, 12, tzinfo=UTC)
OURS = references.make(KEY, 42, OPENED)


def test_ours_is_read_back_and_fits_what_stripe_allows() -> None:
    assert references.read(KEY, OURS) == (42, int(OPENED.timestamp()))
    assert all(c.isalnum() or c in "-_" for c in OURS)
    assert len(OURS) <= 200


@pytest.mark.parametrize(
    "forged",
    [
        None,
        "",
        "42",
        "member-42",
        "member-42-1-",
        OURS.replace("-42-", "-43-"),
        OURS[:-1],
        references.make("another key" * 4, 42, OPENED),
        "é-é-é-é",
    ],
)
def test_anything_else_names_nobody(forged: str | None) -> None:
    assert references.read(KEY, forged) is None
