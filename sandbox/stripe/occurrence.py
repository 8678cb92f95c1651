"""Something that happens by the clock.

Every module with such things exports `upcoming(account) -> Iterable[Occurrence]`, derived from
documents, and `calendar` does them in order of time. It may give all that is to come, or no more
than the soonest (see `Account.soonest`); an act moves its own cause away.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Occurrence:
    """`at` is in unix seconds of the sandbox's clock, which stands there while `act` is done."""

    at: int
    act: Callable[[], object]
