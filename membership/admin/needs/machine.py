"""What about the site itself needs the owner, by our own rows and settings: nobody is asked."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select

from membership import clock, dead_letters
from membership.admin import deliveries
from membership.admin.needs import standing
from membership.admin.needs.need import Need, Severity
from membership.db import db
from membership.doctor import on_settings, on_work
from membership.doctor.findings import Level
from membership.doctor.visit import Visit
from membership.due import LAST_RETRY, LEASE
from membership.inbox import InboxEvent
from membership.outbox import OutboxMessage
from membership.smtp import Refusal

EVENTS = "desk_events.newest"
LATELY = timedelta(days=1)
NEWEST_MAILS = 200
MANY_REFUSED = 3
# Those of the doctor's checks that cost next to nothing, and what each says in a few words.
TITLES = {
    "secrets": "A secret looks like an example",
    "webhook-secret": "Stripe’s events are refused: there is no secret to verify them with",
    "stripe-mode": "The Stripe key is of the wrong mode",
    "proxies": "Visitors cannot be told apart: nothing is said of the proxy in front",
    "worker": standing.SILENT,
    "due-work": "Work is late",
}
CHECKS = [each for each in (*on_settings.CHECKS, *on_work.CHECKS) if each.name in TITLES]
SEVERITIES = {Level.BROKEN: Severity.NOW, Level.LOOK: Severity.SOON}


def found() -> Iterator[Need]:
    yield from _webhooks()
    yield from _events()
    yield from _mail()
    yield from _settings_and_work()


def _webhooks() -> Iterator[Need]:
    untold, missed_at = deliveries.untold(), deliveries.missed_at()
    if untold or missed_at:
        since = [each.paid_at for each in untold] + ([missed_at] if missed_at else [])
        yield Need(
            name="webhooks-missing",
            severity=Severity.NOW,
            title="Payments happen, and no webhook comes",
            sentence="What is paid is found by asking Stripe, minutes late; renewals and refunds "
            "are heard of late, too. Run flask doctor: it says why.",
            endpoint=EVENTS,
            since=min(since),
        )
    refusal = deliveries.refused_lately()
    if refusal:
        yield Need(
            name="webhooks-refused",
            severity=Severity.SOON,
            title="A webhook was refused",
            sentence=f"It was said to be Stripe’s: {refusal.reason}. Compare STRIPE_WEBHOOK_SECRET "
            "with the secret of your endpoint at Stripe. If they are the same, somebody only "
            "pretended.",
            endpoint=EVENTS,
            since=refusal.at,
        )


def _events() -> Iterator[Need]:
    given_up = dead_letters.how_many()
    if given_up:
        at = select(func.min(InboxEvent.given_up_at), func.max(InboxEvent.given_up_at))
        first, last = db.session.execute(at).one()
        yield _about_events(
            "events-given-up",
            Severity.NOW,
            f"{given_up} {'event is' if given_up == 1 else 'events are'} no longer tried",
            "What they told of may not have been seen. Each says why; replay it when that is "
            "mended.",
            first,
            last,
        )
    failing = deliveries.failing()
    if failing:
        yield _about_events(
            "events-failing",
            Severity.SOON,
            f"{failing} {'event fails' if failing == 1 else 'events fail'} again and again",
            "Each is tried later and later, and says why it fails.",
        )


def _about_events(
    name: str,
    severity: Severity,
    title: str,
    sentence: str,
    since: datetime | None = None,
    newest: datetime | None = None,
) -> Need:
    return Need(name, severity, title, sentence, EVENTS, since, newest)


def _mail() -> Iterator[Need]:
    stuck = select(func.count(), func.min(OutboxMessage.created_at)).where(
        OutboxMessage.due_at <= clock.now() + LAST_RETRY + LEASE,  # by a time: else by every row
        OutboxMessage.attempts >= on_work.MANY_TRIES,
    )
    count, since = db.session.execute(stuck).one()
    if count:
        yield Need(
            name="mail-stuck",
            severity=Severity.NOW,
            title="The mail server does not take our mail",
            sentence="Nobody gets a code, so nobody can join or reset a password. What is to be "
            "sent waits. flask doctor says what the server answers.",
            since=since,
        )
    refused = _refused()
    if len(refused) >= MANY_REFUSED:
        yield Need(
            name="mail-refused",
            severity=Severity.SOON,
            title=f"{len(refused)} mails were refused for good today",
            sentence=_because(refused),
            since=min(at for at, _ in refused),
        )


def _refused() -> list[tuple[datetime, Refusal | None]]:
    """Of the newest mails those that were refused for good within a day: when, and what was."""
    newest = (
        select(OutboxMessage.refused_at, OutboxMessage.refusal)
        .order_by(OutboxMessage.id.desc())
        .limit(NEWEST_MAILS)
    )
    lately = clock.now() - LATELY
    return [(at, what) for at, what in db.session.execute(newest) if at and at > lately]


def _because(refused: list[tuple[datetime, Refusal | None]]) -> str:
    if any(what is Refusal.LETTER for _, what in refused):
        return (
            "Mail servers refuse the letter, whoever it is for: they do not believe that it is "
            "yours, or take it for spam. Look at SPF, DKIM and DMARC of MAIL_DEFAULT_SENDER’s "
            "domain (docs/email.md)."
        )
    return (
        "The addresses do not exist, or take no mail. Several in a day are strangers who try the "
        "form, or a form that many mistype: each person’s page says what the server answered."
    )


def _settings_and_work() -> Iterator[Need]:
    visit = Visit()
    for check in CHECKS:
        said = check.ask(visit)
        if severity := SEVERITIES.get(said.level):
            sentence = f"{said.what} {said.do}"
            yield Need(check.name, severity, TITLES[check.name], sentence)
