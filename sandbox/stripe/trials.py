"""`trial_will_end`, three days before. The notice to give is a document of its own."""

from collections.abc import Iterator

from sandbox.shelf import Hour
from sandbox.store import Document
from sandbox.stripe.account import Account
from sandbox.stripe.occurrence import Occurrence

KIND = "trial.notice"
AHEAD = 3 * 24 * 60 * 60


def give_notice(account: Account, subscription: Document) -> None:
    """Plan the notice of a trial's end, or none; at once when the trial is shorter than that."""
    end = subscription["trial_end"]
    if subscription["status"] != "trialing" or end is None:
        forget(account, subscription)
        return
    at = max(end - AHEAD, account.now())
    notice = {"id": subscription["id"], "at": at, "test_clock": subscription["test_clock"]}
    account.store.put(KIND, subscription["id"], notice)


def forget(account: Account, subscription: Document) -> None:
    account.store.remove(KIND, subscription["id"])


def upcoming(account: Account) -> Iterator[Occurrence]:
    soonest = account.soonest(KIND)
    if soonest:
        at, notice = soonest
        yield Occurrence(at, lambda: _tell(account, notice["id"]))


def _tell(account: Account, subscription_id: str) -> None:
    subscription = account.get("subscription", subscription_id)
    forget(account, subscription)
    account.emit("customer.subscription.trial_will_end", subscription)


def _when(notice: Document) -> Hour:
    return notice["test_clock"], notice["at"]


TIMES = ((KIND, _when),)
