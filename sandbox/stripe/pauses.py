"""Pauses that end by themselves: chosen in the portal for some months."""

from sandbox.shelf import Hour
from sandbox.store import Document
from sandbox.stripe import subscriptions
from sandbox.stripe.account import Account
from sandbox.stripe.timed import Timed

KIND = "portal.pause"  # a document of its own: a subscription does not say when it goes on


def until(account: Account, subscription: Document, at: int | None) -> None:
    """Let a paused subscription go on at a moment, or (None) when somebody says so."""
    if at is not None:
        pause = {"id": subscription["id"], "at": at, "test_clock": subscription["test_clock"]}
        account.store.put(KIND, subscription["id"], pause)


def of(account: Account, subscription_id: str) -> int | None:
    """When it goes on by itself."""
    kept = account.store.get(KIND, subscription_id)
    return int(kept["at"]) if kept else None


def end(account: Account, subscription_id: str) -> None:
    """It goes on now, unless it was ended or resumed meanwhile."""
    account.store.remove(KIND, subscription_id)
    subscription = account.find("subscription", subscription_id)
    if subscription and subscription["status"] == "paused":
        subscriptions.resume(account, subscription)


def _when(pause: Document) -> Hour:
    return pause["test_clock"], pause["at"]


TIMED = Timed(KIND, _when, lambda account, pause: end(account, pause["id"]))
