"""What happens by the clock.

Every module with such things exports what is TIMED, and `calendar` does it in order of time.
Nothing is a timer: what is due is read off documents, and a restart loses none of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.shelf import Hour
from sandbox.store import Document
from sandbox.stripe.account import Account


@dataclass(frozen=True)
class Timed:
    """Documents of a kind, each due at an hour.

    `act` is done when that has come, with the clock standing exactly there; it moves its own cause
    away.
    """

    kind: str
    when: Callable[[Document], Hour]
    act: Callable[[Account, Document], object]
