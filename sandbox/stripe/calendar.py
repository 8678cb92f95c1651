"""What happens next, of everything that happens by the clock."""

from collections.abc import Callable, Iterable

from sandbox.stripe import checkout, delayed, disputes, dunning, pauses, renewals, trials
from sandbox.stripe.account import Account
from sandbox.stripe.occurrence import Occurrence

Upcoming = Callable[[Account], Iterable[Occurrence]]

# In this order when they are due at the same moment.
BY_TEST_CLOCK: tuple[Upcoming, ...] = (
    checkout.upcoming,
    delayed.upcoming,
    pauses.upcoming,
    trials.upcoming,
    renewals.upcoming,
    dunning.upcoming,
)
ALL: tuple[Upcoming, ...] = (disputes.upcoming, *BY_TEST_CLOCK)


def prepare(account: Account) -> None:
    """Tell the store what is due when, so that nobody has to look through all of it."""
    timed = (checkout, delayed, disputes, pauses, trials, renewals, dunning)
    for kind, when in (each for module in timed for each in module.TIMES):
        account.store.time(kind, when)


def soonest(account: Account) -> Occurrence | None:
    """By the sandbox's clock, or by the test clock that is being followed."""
    sources = BY_TEST_CLOCK if account.clock.test_clock else ALL
    every = (occurrence for upcoming in sources for occurrence in upcoming(account))
    return min(every, key=lambda occurrence: occurrence.at, default=None)
