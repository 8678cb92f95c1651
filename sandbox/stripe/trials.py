"""`trial_will_end`, three days before. The notice to give is a document of its own."""

from sandbox.shelf import Hour
from sandbox.store import Document
from sandbox.stripe.account import Account
from sandbox.stripe.timed import Timed

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


def _tell(account: Account, notice: Document) -> None:
    subscription = account.get("subscription", notice["id"])
    forget(account, subscription)
    account.emit("customer.subscription.trial_will_end", subscription)


def _when(notice: Document) -> Hour:
    return notice["test_clock"], notice["at"]


TIMED = Timed(KIND, _when, _tell)
