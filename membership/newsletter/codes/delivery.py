"""See to it that every code arrives: by the way it was to go, or by the other when that fails."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from membership import clock, config, due, jobs, outbox
from membership.db import changed, db, transaction
from membership.due import Away
from membership.newsletter import consents, subscribers
from membership.newsletter.codes import challenges, channels, handing, sends
from membership.newsletter.codes.channels import Channel
from membership.newsletter.consents import Place
from membership.newsletter.mailerlite import OPTED_OUT, ListedSubscriber, MailerLiteError
from membership.newsletter.models import Challenge, CodeSend, SendState
from membership.outbox import OutboxMessage

log = logging.getLogger(__name__)
LOOK_AFTER = timedelta(seconds=45)
SILENCE = timedelta(minutes=3)
AGAIN_AFTER = timedelta(seconds=15)  # and later and later, while MailerLite is away
ASKERS_KEPT = timedelta(days=28)


def drain() -> None:
    """Every send that there is something to do about."""
    jobs.work(CodeSend, _attend_to, kind="codes")
    _forget_old()


def mail_went(mail_id: int, state: outbox.State, error: str | None) -> None:
    """For the outbox: how far the mail is that carries a code. Its send is looked at at once."""
    carries = CodeSend.outbox_id == mail_id, CodeSend.state == SendState.QUEUED
    values = {"due_at": clock.now(), "last_error": error}
    if state is outbox.State.SENT:
        values = {"due_at": None, "state": SendState.SENT, "last_error": None}
    with transaction() as session:
        changed(session, update(CodeSend).where(*carries).values(values))
    if state is not outbox.State.SENT:
        jobs.nudge("codes")


def _attend_to(send: CodeSend) -> None:
    challenge = db.session.get_one(Challenge, send.challenge_id)
    if not challenges.usable(challenge, clock.now()):
        _let_rest(send)
    elif send.channel == Channel.SMTP:
        _look_after_mail(send, challenge)
    elif send.state is SendState.BOUNCED:
        _leave_to_the_other(send, challenge, "MailerLite’s mail bounced")
    elif send.handed_over_at is None:
        _hand_over(send, challenge)
    else:
        _look_after_handed_over(send, challenge, send.handed_over_at)


def _let_rest(send: CodeSend) -> None:
    """The code was used, or cannot be any more: nothing needs to come."""
    with transaction() as session:
        became = SendState.NOT_NEEDED if send.state is SendState.QUEUED else send.state
        _settle(session, send, became, last_error=send.last_error)


# By our own mail


def _look_after_mail(send: CodeSend, challenge: Challenge) -> None:
    mail = db.session.get(OutboxMessage, send.outbox_id) if send.outbox_id else None
    match mail.state if mail else outbox.State.WITHDRAWN:
        case outbox.State.SENT:
            _rest(send, SendState.SENT)
        case outbox.State.WITHDRAWN:
            _rest(send, SendState.NOT_NEEDED)
        case outbox.State.REFUSED:
            _fail(send, challenge, (mail and mail.last_error) or "refused")
        case outbox.State.WAITING:
            _look_after_waiting(send, challenge, mail)


def _look_after_waiting(send: CodeSend, challenge: Challenge, mail: OutboxMessage | None) -> None:
    """The outbox goes on trying; if it has failed once, the other way is quicker perhaps."""
    error = send.last_error or (mail.last_error if mail and mail.attempts else None)
    later = clock.now() + sends.LOOKED_AFTER
    with transaction() as session:
        if error:
            _other_way(session, send, challenge, due.in_a_line(error))
        _settle(session, send, SendState.QUEUED, due_at=later, last_error=error)
    if error:
        _hurry()


def _rest(send: CodeSend, state: SendState) -> None:
    with transaction() as session:
        why = send.last_error if state is SendState.FAILED else None
        _settle(session, send, state, last_error=why)


# By MailerLite


def _hand_over(send: CodeSend, challenge: Challenge) -> None:
    if send.state is SendState.FAILED and sends.sent_by_mail(db.session(), challenge):
        _rest(send, SendState.FAILED)  # it went the other way while MailerLite was away
    elif sends.mailed_today(db.session(), send.email, now=clock.now()):
        _fail(send, challenge, "MailerLite mails a person once a day")
    else:
        _try_mailerlite(send, challenge)


def _try_mailerlite(send: CodeSend, challenge: Challenge) -> None:
    try:
        listed = handing.hand_over(challenge)
    except handing.Outdated:
        _let_rest(send)
    except MailerLiteError as error:
        log.warning("MailerLite did not take a code: %s", error)
        if isinstance(error, handing.NotActive):
            _note_status(send, error.listed)
        away = isinstance(error, Away)
        if away and config.current().code_delivery == "mailerlite":
            raise
        _fail(send, challenge, str(error), again=away)
    except Exception as error:
        log.exception("a code could not be given to MailerLite")
        _fail(send, challenge, str(error) or type(error).__name__)
    else:
        _note_handed_over(send, listed)


def _look_after_handed_over(send: CodeSend, challenge: Challenge, at: datetime) -> None:
    silent_at = at + SILENCE
    if clock.now() >= silent_at:
        _leave_to_the_other(send, challenge, "three minutes without an answer")
        return
    said = handing.outcome(send.email, since=at)
    if said and not said[0]:
        _fail(send, challenge, said[1])
        return
    with transaction() as session:
        _settle(session, send, SendState.SENT if said else send.state, due_at=silent_at)
    _hurry_at(silent_at)


def _note_handed_over(send: CodeSend, listed: ListedSubscriber) -> None:
    now = clock.now()
    with transaction() as session:
        send.handed_over_at, send.state = now, SendState.HANDED_OVER
        _settle(session, send, SendState.HANDED_OVER, due_at=now + LOOK_AFTER)
        subscriber = subscribers.give_code_there(
            session, send.email, until=now + consents.UNPROVEN_FOR, now=now
        )
        subscriber.mailerlite_id, subscriber.status = listed.id, listed.status
    _hurry_at(now + LOOK_AFTER)


def _note_status(send: CodeSend, listed: ListedSubscriber) -> None:
    with transaction() as session:
        subscriber = subscribers.of(session, send.email, now=clock.now())
        session.refresh(subscriber, with_for_update=True)
        subscriber.mailerlite_id, subscriber.status = listed.id, listed.status
        if listed.status in OPTED_OUT and subscriber.resubscribe_at is None:
            said_no_at = listed.unsubscribed_at or clock.now()
            if subscriber.stopped_at is None and subscriber.letters:
                consents.withdrew(session, send.email, Place.MAILERLITE, now=said_no_at)
            subscriber.stopped_at = subscriber.stopped_at or said_no_at


# Whichever it was


def _fail(send: CodeSend, challenge: Challenge, why: str, *, again: bool = False) -> None:
    """This way does not work: the other one now. `again`: this one too, a little later, in case
    that neither does."""
    now = clock.now()
    due_at = now + max(AGAIN_AFTER, (now - send.created_at) / 4) if again else None
    with transaction() as session:
        _other_way(session, send, challenge, why)
        _settle(session, send, SendState.FAILED, due_at=due_at, last_error=why)
    _hurry()


def _leave_to_the_other(send: CodeSend, challenge: Challenge, why: str) -> None:
    with transaction() as session:
        _other_way(session, send, challenge, why)
        _settle(session, send, send.state, last_error=send.last_error)
    _hurry()


def _other_way(session: Session, send: CodeSend, challenge: Challenge, why: str) -> None:
    """Send it by the channel it has not gone by yet, if there is one that may."""
    session.refresh(
        challenge, with_for_update=True
    )  # two sends that fail at once are one turn each
    now = clock.now()
    wanted = sends.asked_for_letters(session, challenge)
    facts = sends.facts(session, send.email, for_newsletter=wanted, now=now)
    failed = Channel(send.channel)
    channel = channels.other(failed, facts, sends.tried(session, challenge))
    if channel and challenges.usable(challenge, now):
        sends.begin(session, challenge, channel, why, now=now, automatic=True, asker=send.asker)


def _settle(
    session: Session,
    send: CodeSend,
    state: SendState,
    *,
    due_at: datetime | None = None,
    last_error: str | None = None,
) -> None:
    """Unless something else came up meanwhile: then that is looked at."""
    session.flush()
    if due.finish(session, send, again_at=due_at):
        send.state, send.last_error = state, last_error


def _hurry() -> None:
    jobs.nudge("codes")
    jobs.nudge("outbox")


def _hurry_at(at: datetime) -> None:
    jobs.nudge("codes", delay=(at - clock.now()).total_seconds())


def _forget_old() -> None:
    """Decoys have done their work once they expired, and must not fill the database; who asked for
    a code is nobody's business after some weeks. A sweep that finds nothing writes nothing."""
    now = clock.now()
    decoys = Challenge.decoy, Challenge.expires_at < now - timedelta(days=1)
    askers = CodeSend.asker.is_not(None), CodeSend.created_at < now - ASKERS_KEPT
    some_decoy = select(Challenge.id).where(*decoys).limit(1)
    some_asker = select(CodeSend.id).where(*askers).limit(1)
    if db.session.scalar(some_decoy) or db.session.scalar(some_asker):
        with transaction() as session:
            changed(session, delete(Challenge).where(*decoys))
            changed(session, update(CodeSend).where(*askers).values(asker=None))
