"""Give a code to MailerLite, and look what became of it there."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import current_app
from sqlalchemy import select

from membership import clock, config
from membership.db import db, transaction
from membership.due import Away
from membership.newsletter import consents, mailerlite, subscribers
from membership.newsletter.codes import challenges
from membership.newsletter.mailerlite import ListedSubscriber, MailerLite, MailerLiteError
from membership.newsletter.models import Challenge

# Nobody else waits for a MailerLite that has just kept one waiting.
AWAY_FOR = timedelta(seconds=30)
BELIEVED_FOR = timedelta(minutes=1)  # that its automation is on
APART = timedelta(minutes=5)  # our clock and MailerLite's may be
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class NotActive(MailerLiteError):
    """MailerLite mails nothing to this address: whoever has it has unsubscribed, or it waits for a
    confirmation of its own."""

    def __init__(self, listed: ListedSubscriber) -> None:
        self.listed = listed
        super().__init__(f"MailerLite has this address as {listed.status}")


class NoAutomation(MailerLiteError):
    pass


class Outdated(MailerLiteError):
    """Meanwhile the code was used, or there is a newer one: this one must not be mailed."""


@dataclass
class _Known:
    """What this process has seen of MailerLite a moment ago."""

    away_until: datetime = _LONG_AGO
    away_why: str = ""
    works_until: datetime = _LONG_AGO


def hand_over(challenge: Challenge) -> ListedSubscriber:
    """MailerLite has the code, and is to mail it. Raises MailerLiteError."""
    known, now = _known(), clock.now()
    if now < known.away_until:
        raise mailerlite.Unavailable(f"it was away a moment ago: {known.away_why}")
    try:
        return _hand_over(challenge, known)
    except MailerLiteError as error:
        _leave_out(challenges.code_of(challenge), error)
        if isinstance(error, Away):
            known.away_until, known.away_why = clock.now() + AWAY_FOR, str(error)
        raise


def _leave_out(code: str, error: MailerLiteError) -> None:
    """What it says may repeat what it was given, and is kept for the owner: a code is kept
    nowhere."""
    error.args = tuple(str(each).replace(code, "[code]") for each in error.args)


def outcome(email: str, *, since: datetime) -> tuple[bool, str] | None:
    """What MailerLite says of the mail it was to send since then: that it was sent, or not, and
    why. None while it says nothing."""
    try:
        client = mailerlite.client()
        group = client.group_id(config.current().mailerlite_code_group)
        found = client.automations(group)
        for status in ("completed", "failed", "canceled"):
            for automation in found:
                for run in client.automation_runs(automation.id, status, email=email):
                    if run.email == email and run.at and run.at >= since - APART:
                        why = f"MailerLite’s automation {status}"
                        return status == "completed", f"{why}: {run.reason}" if run.reason else why
    except MailerLiteError:
        return None
    return None


def _hand_over(challenge: Challenge, known: _Known) -> ListedSubscriber:
    """Field first, group second: the automation reads the field when the group is joined."""
    settings, client = config.current(), mailerlite.client(urgent=True)
    group = client.group_id(settings.mailerlite_code_group)
    _refuse_without_automation(client, group, known)
    fields = {settings.mailerlite_code_field: challenges.code_of(challenge)}
    _note_that_it_may_be_there(challenge.email)
    listed = _active(client, challenge.email, fields)
    _refuse_outdated(challenge)
    client.leave_group(listed.id, group)  # only joining anew starts the automation
    client.join_group(listed.id, group)
    return listed


def _note_that_it_may_be_there(email: str) -> None:
    """Before MailerLite has it: whatever breaks off from here on, who never proves the address is
    taken off the list, and not taken for a reader whom the owner put on it."""
    now = clock.now()
    with transaction() as session:
        subscribers.give_code_there(session, email, until=now + consents.UNPROVEN_FOR, now=now)


def _active(client: MailerLite, email: str, fields: dict[str, str]) -> ListedSubscriber:
    try:
        listed = client.upsert(email, fields=fields)
    except mailerlite.Rejected as error:
        found = client.subscriber(email) if error.status == 422 else None
        if found is None or found.status == "active":
            raise
        listed = found
    if listed.status != "active":
        raise NotActive(listed)
    return listed


def _refuse_without_automation(client: MailerLite, group: str, known: _Known) -> None:
    if clock.now() < known.works_until:
        return
    found = client.automations(group)
    if not any(each.enabled and each.complete and not each.broken for each in found):
        raise NoAutomation("no automation that is switched on and whole mails the code")
    known.works_until = clock.now() + BELIEVED_FOR


def _refuse_outdated(challenge: Challenge) -> None:
    newest = select(Challenge.id).where(
        Challenge.email == challenge.email,
        Challenge.purpose == challenge.purpose,
        Challenge.decoy.is_(False),
    )
    db.session.refresh(challenge)
    is_newest = db.session.scalar(newest.order_by(Challenge.id.desc()).limit(1)) == challenge.id
    if not is_newest or not challenges.usable(challenge, clock.now()):
        raise Outdated("the code was used, or there is a newer one")


def _known() -> _Known:
    found: _Known = current_app.extensions.setdefault("codes at MailerLite", _Known())
    return found
