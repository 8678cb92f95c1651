"""What is sent to whom, and how far it has come, as the owner reads it."""

from membership.library.publishing.asking import Plan
from membership.library.publishing.models import Audience, Edition, State

AUDIENCES = {
    Audience.PAID: "Those who pay",
    Audience.FREE: "Those who do not pay",
}


def of_plan(plan: Plan) -> str:
    """“Those who pay: the whole post, to 12 readers in Paid.”"""
    groups = " and ".join(group.name for group in plan.groups)
    who = AUDIENCES[plan.audience]
    if plan.edition and not plan.can_be_asked:
        return f"{who}: {of_edition(plan.edition)}"
    return f"{who}: {what(whole=plan.whole)}, to {readers(plan.readers)} in {groups}."


def what(*, whole: bool) -> str:
    return "the whole post" if whole else "its teaser, with a way to the rest"


def readers(number: int) -> str:
    return "1 reader" if number == 1 else f"{number:,} readers"


def of_edition(edition: Edition) -> str:
    """How far it has come, as a sentence."""
    if edition.state is State.SENT:
        return f"Sent to {readers(edition.recipients or 0)}: {what(whole=bool(edition.whole))}."
    if edition.state is State.SCHEDULED:
        return edition.reason or f"It is leaving, to {readers(edition.recipients or 0)}."
    if edition.state is State.EMPTY:
        return "Not sent: nobody was there to get it."
    if edition.state is State.REFUSED:
        return edition.reason or "Not sent."
    if edition.why:
        return f"It waits, and is tried again by itself: {edition.why.rstrip('.')}."
    return "It is on its way."
