"""What happens next at MailerLite by the sandbox's clock: a mail of an automation, a campaign."""

from functools import partial

from sandbox.clock import Occurrence
from sandbox.mailerlite import campaigns, runs, sending
from sandbox.mailerlite.lists import Lists
from sandbox.shelf import Hour
from sandbox.store import Document

ACTS = {runs.KIND: runs.go_on, campaigns.KIND: sending.send}


def prepare(lists: Lists) -> None:
    """Tell the store what is due when."""
    for kind in ACTS:
        lists.store.time(kind, _hour)


def _hour(document: Document) -> Hour:
    return None, document["due"]


def soonest(lists: Lists) -> Occurrence | None:
    found = [(act, lists.store.soonest(kind)) for kind, act in ACTS.items()]
    due = [Occurrence(first[0], partial(act, lists, first[1])) for act, first in found if first]
    return min(due, key=lambda occurrence: occurrence.at, default=None)
