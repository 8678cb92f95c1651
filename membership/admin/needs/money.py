"""What about money needs the owner, by our own rows: nobody is asked."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import and_, func, or_, select

from membership import clock
from membership.admin.needs.need import Need, Severity
from membership.billing import attention, doubles
from membership.billing.models import UnclaimedPayment
from membership.billing.repair import findings
from membership.billing.repair.findings import Finding, Kind, Reconciliation, State
from membership.billing.unclaimed import Reason
from membership.db import db
from membership.journal import Entry

PAYMENTS = "desk_payments.waiting"
TIME_TO_JOIN = timedelta(hours=1)  # whoever paid first was written to, and most come by themselves
LATELY = timedelta(days=7)
UNKNOWN = "billing.unknown_status"


def found() -> Iterator[Need]:
    yield from _unclaimed()
    yield from _twice()
    yield from _half_done()
    yield from _comparison()
    yield from _not_understood()


def _unclaimed() -> Iterator[Need]:
    may_come = and_(UnclaimedPayment.reason == Reason.NOBODY, UnclaimedPayment.told_at.is_not(None))
    young = UnclaimedPayment.found_at > clock.billing_now() - TIME_TO_JOIN
    at = UnclaimedPayment.found_at
    waiting = select(func.count(), func.min(at), func.max(at)).where(
        UnclaimedPayment.settled_at.is_(None), UnclaimedPayment.reason != Reason.OWNER
    )
    hopeless = db.session.execute(waiting.where(~may_come)).one()
    late = db.session.execute(waiting.where(may_come, ~young)).one()
    coming = db.session.execute(waiting.where(may_come, young)).one()
    count = hopeless[0] + late[0]
    if count:
        came = [hopeless[2], late[2] + TIME_TO_JOIN if late[0] else None]
        yield Need(
            name="unclaimed-payments",
            severity=Severity.NOW,
            title=f"{_many(count, 'payment has', 'payments have')} not found a member",
            sentence="Somebody paid, and reads nothing for it. Say whose it is, or that it is "
            "nobody’s.",
            endpoint=PAYMENTS,
            since=min(filter(None, (hopeless[1], late[1]))),
            newest=max(filter(None, came)),
        )
    if coming[0]:
        yield Need(
            name="payers-to-join",
            severity=Severity.LATER,
            title=f"{_many(coming[0], 'payer has', 'payers have')} no account yet",
            sentence="They paid a moment ago, and were mailed how to get in. Most do by "
            "themselves.",
            endpoint=PAYMENTS,
            since=coming[1],
        )


def _twice() -> Iterator[Need]:
    members = attention.pays_twice()
    if not members:
        return
    noticed = select(func.min(Entry.at), func.max(Entry.at)).where(
        Entry.kind == attention.TWICE, Entry.user_id.in_([each.user_id for each in members])
    )
    first, last = db.session.execute(noticed).one()
    yield Need(
        name="pays-twice",
        severity=Severity.SOON,
        title=f"{_many(len(members), 'member has', 'members have')} two subscriptions",
        sentence="One of them is probably a mistake. You can end it and give its latest payment "
        "back.",
        endpoint=PAYMENTS,
        since=first,
        newest=last,
    )


def _half_done() -> Iterator[Need]:
    endings = doubles.half_done(db.session())
    if endings:
        yield Need(
            name="refund-half-done",
            severity=Severity.NOW,
            title=f"{_many(len(endings), 'refund is', 'refunds are')} not finished",
            sentence="The subscription has ended, and its payment has not been given back yet. "
            "Open it and press once more.",
            endpoint=PAYMENTS,
            since=endings[0].asked_at,
            newest=endings[-1].asked_at,
        )


def _comparison() -> Iterator[Need]:
    run = findings.latest(db.session())
    if run is None:
        return
    if run.braked:
        yield Need(
            name="comparison-brake",
            severity=Severity.NOW,
            title="The comparison with Stripe was stopped",
            sentence=f"It would close {run.closing} of {run.live_grants} grants at once, which is "
            "more than is likely, so nothing was closed. Run flask billing findings and look at "
            "some of them at Stripe. If it is right: flask billing reconcile --force.",
            since=run.ended_at,
        )
    elif run.error or _left(run):
        yield Need(
            name="comparison-left",
            severity=Severity.SOON,
            title="The comparison with Stripe left something for you",
            sentence="Something could not be read or mended. flask billing findings says what.",
            since=run.ended_at,
        )


def _left(run: Reconciliation) -> bool:
    """Payments without a member are told of by themselves."""
    asked = select(Finding.id).where(
        Finding.run_id == run.id,
        Finding.state == State.ASKED,
        or_(Finding.kind.is_(None), Finding.kind != Kind.UNMATCHED),
    )
    return db.session.scalar(asked.limit(1)) is not None


def _not_understood() -> Iterator[Need]:
    lately = clock.billing_now() - LATELY
    told = select(func.count(), func.min(Entry.at), func.max(Entry.at)).where(
        Entry.kind == UNKNOWN, Entry.at > lately
    )
    count, first, last = db.session.execute(told).one()
    if count:
        yield Need(
            name="unknown-status",
            severity=Severity.SOON,
            title="Stripe said something this site does not understand",
            sentence="Whoever it is about keeps what they had until it ends. A newer version of "
            "this program may know it; flask why says whom it is about.",
            since=first,
            newest=last,
        )


def _many(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"
