"""What happens next, of everything that happens by the clock."""

from functools import partial

from sandbox.clock import Occurrence
from sandbox.stripe import checkout, delayed, disputes, dunning, pauses, renewals, trials
from sandbox.stripe.account import Account

# In this order when they are due at the same moment.
EVERYTHING = (
    disputes.TIMED,
    checkout.TIMED,
    delayed.TIMED,
    pauses.TIMED,
    trials.TIMED,
    renewals.TIMED,
    dunning.TIMED,
)


def prepare(account: Account) -> None:
    """Tell the store what is due when, so that nobody has to look through all of it."""
    for timed in EVERYTHING:
        account.store.time(timed.kind, timed.when)


def soonest(account: Account) -> Occurrence | None:
    """By the sandbox's clock, or by the test clock that is being followed."""
    found = [(timed, account.soonest(timed.kind)) for timed in EVERYTHING]
    due = [
        Occurrence(first[0], partial(timed.act, account, first[1]))
        for timed, first in found
        if first
    ]
    return min(due, key=lambda occurrence: occurrence.at, default=None)
