"""When fewer codes are used than is usual: a table."""

import pytest

from membership.newsletter.codes.shares import Share, fallen

WELL = Share(60, 100)


@pytest.mark.parametrize(
    ("lately", "before", "alarm"),
    [
        (Share(0, 30), WELL, True),
        (Share(5, 30), WELL, True),
        (Share(12, 30), WELL, False),  # fewer, and it may be chance
        (Share(17, 30), WELL, False),
        (Share(0, 3), WELL, False),  # three strangers, however many addresses they type
        (Share(0, 19), WELL, False),
        (Share(0, 20), WELL, True),
        (Share(0, 30), Share(0, 0), True),  # a young site whose automation was never on
        (Share(6, 30), Share(0, 0), False),
        (Share(0, 30), Share(1, 2), True),  # two say little
        (Share(0, 30), Share(2, 100), False),  # it was hardly ever otherwise
        (Share(30, 30), Share(0, 100), False),
        (Share(0, 0), Share(0, 0), False),
    ],
)
def test_a_fall_is_one_that_is_not_chance(lately: Share, before: Share, alarm: bool) -> None:
    assert fallen(lately, before) is alarm
