"""The link in a letter names a payment, and only when we signed it."""

from datetime import UTC, datetime

import pytest

from membership.billing import references
from membership.billing.claiming import way_in

KEY = "k" * 32
OPENED = datetime(2026, 11, 21, tzinfo=UTC)
OURS = way_in.make(KEY, "cus_1")


def test_ours_is_read_back() -> None:
    assert way_in.read(KEY, OURS) == "cus_1"
    assert all(c.isalnum() or c in "-_." for c in OURS)


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "cus_1",
        "cus_1.",
        OURS[:-1],
        OURS.replace("cus_1", "cus_2"),
        way_in.make("another key" * 4, "cus_1"),
        "é.é",
        f"cus_1.{references.make(KEY, 1, OPENED)[-32:]}",
    ],
)
def test_anything_else_names_nothing(forged: str) -> None:
    assert way_in.read(KEY, forged) is None
