"""Hand codes to MailerLite, and see to it that somebody it fails still gets theirs."""

import logging
from datetime import timedelta

from sqlalchemy import delete, select

from membership import clock, config, due, jobs
from membership.db import changed, db, transaction
from membership.newsletter import mailerlite, subscribers
from membership.newsletter.codes import challenges, channels, sends
from membership.newsletter.models import Challenge, CodeSend, SendState
from membership.outbox import OutboxMessage

log = logging.getLogger(__name__)
SILENCE = timedelta(minutes=3)
SETTLED_AFTER = timedelta(seconds=20)
PATIENCE = timedelta(minutes=2)
UNPROVEN_FOR = timedelta(days=7)


def drain() -> None:
    """Every code that waits for MailerLite, and every one it has kept for too long."""
    jobs.work(CodeSend, _attend_to, kind="codes")
    _forget_decoys()


def state_of_last(email: str) -> str | None:
    """What a visitor may be told of the last code for joining with this address; alike for every
    address.

    By the time since it was asked for first: one way is quicker than the other, and which one was
    taken says whether there is an account.
    """
    last: tuple[CodeSend, OutboxMessage | None, Challenge] | None = db.session.execute(
        select(CodeSend, OutboxMessage, Challenge)
        .join(Challenge, Challenge.id == CodeSend.challenge_id)
        .outerjoin(OutboxMessage, OutboxMessage.id == CodeSend.outbox_id)
        .where(CodeSend.email == email, Challenge.purpose == challenges.JOIN)
        .order_by(CodeSend.id.desc())
        .limit(1)
    ).first()
    if last is None:
        return None
    send, mail, challenge = last
    now = clock.now()
    if not challenges.usable(challenge, now):
        return "used up"
    if now - send.created_at < SETTLED_AFTER:
        return "not handed over yet"
    if send.state is SendState.HANDED_OVER or (mail is not None and mail.sent_at):
        return "on its way"
    return "try again" if now - send.created_at > PATIENCE else "not handed over yet"


def _attend_to(send: CodeSend) -> None:
    challenge = db.session.get_one(Challenge, send.challenge_id)
    if not challenges.usable(challenge, clock.now()) or _mailed_since(send):
        with transaction() as session:
            due.finish(session, send)
    elif send.state is SendState.HANDED_OVER:  # and nothing has come of it
        _send_by_smtp(send, challenge, "three minutes without an answer")
    else:
        _hand_over(send, challenge)


def _mailed_since(send: CodeSend) -> bool:
    """Whether the visitor pressed resend meanwhile, so that the code has gone by SMTP already."""
    later = select(CodeSend.id).where(
        CodeSend.challenge_id == send.challenge_id,
        CodeSend.id > send.id,
        CodeSend.channel == channels.Channel.SMTP,
    )
    return db.session.scalars(later.limit(1)).first() is not None


def _hand_over(send: CodeSend, challenge: Challenge) -> None:
    try:
        listed = _to_mailerlite(challenge)
    except Exception as error:
        if _may_fall_back():
            log.warning("a code goes by SMTP: %s", error, exc_info=True)
            _send_by_smtp(send, challenge, str(error) or type(error).__name__, failed=True)
        elif isinstance(error, mailerlite.Rejected | mailerlite.NotSetUp):
            _give_up(send, str(error))
        else:
            raise
    else:
        _note_handed_over(send, listed)


def _to_mailerlite(challenge: Challenge) -> mailerlite.ListedSubscriber:
    """Field first, group second: the automation reads the field when the group is joined."""
    settings, client = config.current(), mailerlite.client()
    group = client.group_id(settings.mailerlite_code_group)
    fields = {settings.mailerlite_code_field: challenges.code_of(challenge)}
    listed = client.upsert(challenge.email, fields=fields)
    if listed.status != "active":
        raise mailerlite.Rejected(200, f"MailerLite has this address as {listed.status}")
    client.leave_group(listed.id, group)  # only joining anew starts the automation
    client.join_group(listed.id, group)
    return listed


def _note_handed_over(send: CodeSend, listed: mailerlite.ListedSubscriber) -> None:
    now = clock.now()
    with transaction() as session:
        send.state = SendState.HANDED_OVER
        send.due_at = now + SILENCE if _may_fall_back() else None
        send.attempts = 0
        session.add(send)
        subscriber = subscribers.of(session, send.email, now=now)
        session.refresh(subscriber, with_for_update=True)  # it may be confirmed this very moment
        subscriber.mailerlite_id, subscriber.status = listed.id, listed.status
        subscriber.code_group_joined_at = now
        if subscriber.confirmed_at is None:
            subscriber.due_at = now + UNPROVEN_FOR
    jobs.nudge("codes", delay=SILENCE.total_seconds())


def _send_by_smtp(send: CodeSend, challenge: Challenge, why: str, *, failed: bool = False) -> None:
    with transaction() as session:
        send.due_at = None
        if failed:
            send.state, send.last_error = SendState.FAILED, why
        session.add(send)
        sends.begin(session, challenge, channels.Channel.SMTP, why, now=clock.now(), automatic=True)
    jobs.nudge("outbox")


def _give_up(send: CodeSend, why: str) -> None:
    with transaction() as session:
        send.state, send.last_error, send.due_at = SendState.FAILED, why, None
        session.add(send)


def _forget_decoys() -> None:
    """They have done their work once they expired; guessing must not fill the database."""
    yesterday = clock.now() - timedelta(days=1)
    with transaction() as session:
        old = delete(Challenge).where(Challenge.decoy, Challenge.expires_at < yesterday)
        changed(session, old)


def _may_fall_back() -> bool:
    return channels.may_fall_back(config.current().code_delivery)
