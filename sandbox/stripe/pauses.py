"""Pauses that end by themselves: chosen in the portal for some months."""

from sandbox.shelf import Hour
from sandbox.store import Document
from sandbox.stripe import subscriptions
from sandbox.stripe.account import Account
from sandbox.stripe.timed import Timed

KIND = "portal.pause"  # a document of its own: a subscription does not say when it goes on


def until(account: Account, paused: Document, at: int) -> None:
    """Let a subscription that has just been paused go on at a moment."""
    pause = {
        "id": paused["id"],
        "at": at,
        "since": _since(paused),
        "test_clock": paused["test_clock"],
    }
    account.store.put(KIND, paused["id"], pause)


def of(account: Account, subscription: Document) -> int | None:
    """When it goes on by itself; None when somebody has to say so."""
    kept = account.store.get(KIND, subscription["id"])
    return int(kept["at"]) if kept and kept["since"] == _since(subscription) else None


def _since(subscription: Document) -> int | None:
    """When it was paused; None when it is not."""
    paused = (subscription["status_details"] or {}).get("paused")
    return int(paused["transitioned_at"]) if paused else None


def _end(account: Account, pause: Document) -> None:
    """It goes on now, unless that pause has ended already; a later one is another matter."""
    account.store.remove(KIND, pause["id"])
    subscription = account.find("subscription", pause["id"])
    if subscription and _since(subscription) == pause["since"]:
        subscriptions.resume(account, subscription)


def _when(pause: Document) -> Hour:
    return pause["test_clock"], pause["at"]


TIMED = Timed(KIND, _when, _end)
