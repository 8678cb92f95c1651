"""Who reads what: one table, four people."""

from dataclasses import dataclass, field

import pytest

from membership.library.paywall import may_read


@dataclass
class Person:
    is_authenticated: bool
    features: set[str] = field(default_factory=set)

    def may_use(self, feature: str) -> bool:
        return feature in self.features


VISITOR = Person(is_authenticated=False)
GRACE = Person(is_authenticated=True)
ADA = Person(is_authenticated=True, features={"premium"})
ENDED = Person(is_authenticated=False, features={"premium"})  # signed out, whatever else is true


@pytest.mark.parametrize(
    ("access", "readers"),
    [
        ("public", [VISITOR, GRACE, ADA, ENDED]),
        ("members", [GRACE, ADA]),
        ("premium", [ADA]),
        ("guide", []),
        ("premum", []),
    ],
)
def test_who_reads_the_whole_post(access: str, readers: list[Person]) -> None:
    everybody = [VISITOR, GRACE, ADA, ENDED]
    assert [person for person in everybody if may_read(access, person)] == readers
