import pytest

from membership import comparisons


@pytest.mark.parametrize(
    ("ending", "of_all", "stopped"),
    [
        (0, 0, False),
        (5, 5, False),
        (6, 6, True),
        (6, 119, True),
        (6, 120, False),
        (50, 1000, False),
        (51, 1000, True),
    ],
)
def test_more_than_five_and_more_than_five_percent(ending: int, of_all: int, stopped: bool) -> None:
    assert comparisons.too_many(ending, of_all) is stopped
