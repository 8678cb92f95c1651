"""Begin and end a signed-in session. The rows are the truth; the cookie only points at one."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from flask import request, session
from flask_login import UserMixin, login_user, logout_user
from sqlalchemy import BindParameter, ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from membership import config, journal, keyed
from membership.accounts.models import SignIn, User
from membership.db import changed

SEEN_EVERY = timedelta(hours=1)


class Over(Exception):
    """The session has ended while its request was under way."""


class _Holder(UserMixin):  # type: ignore[misc]
    """What Flask-Login wants to see at sign-in: somebody whose id is the token."""

    def __init__(self, token: str) -> None:
        self.id = token


def begin(rows: Session, user: User, *, now: datetime) -> str:
    """A row for a new session; returns its token, which is stored nowhere here."""
    journal.record(rows, "session.begun", user_id=user.id, email=user.email)
    return _begin(rows, user.id, now)


def begin_afresh(rows: Session, user_id: int, *, now: datetime) -> str:
    """End every session of the account, and put a new one in this browser's place: a copy of its
    cookie is worth nothing then. Returns the new one's token."""
    end_all(rows, user_id, now=now)
    return _begin(rows, user_id, now)


def live(now: datetime) -> ColumnElement[bool]:
    """Whether a row's session still counts."""
    return live_at(now, now - idle())


def live_at(
    now: datetime | BindParameter[datetime], seen_after: datetime | BindParameter[datetime]
) -> ColumnElement[bool]:
    """The same for a prepared question, which is told both times when it is asked."""
    return and_(
        SignIn.ended_at.is_(None), SignIn.expires_at > now, SignIn.last_seen_at > seen_after
    )


def idle() -> timedelta:
    """For so long a session may lie unused."""
    return timedelta(days=config.current().session_idle_days)


def all_of(rows: Session, user_id: int, *, now: datetime) -> Sequence[SignIn]:
    """The account's live sessions, the last seen first."""
    theirs = select(SignIn).where(SignIn.user_id == user_id, live(now))
    return rows.scalars(theirs.order_by(SignIn.last_seen_at.desc(), SignIn.id.desc())).all()


def hold(rows: Session, token: str, *, now: datetime) -> User:
    """The account of this session, locked: nobody ends the session, or changes the password, before
    we commit. Raises Over when somebody was quicker, however right the password was by then.
    """
    mine = select(SignIn.user_id).where(SignIn.token_hash == keyed.hash_token(token), live(now))
    user_id = rows.scalar(mine)
    user = (
        rows.get(User, user_id, with_for_update=True, populate_existing=True) if user_id else None
    )
    if user is None or user.disabled_at or rows.scalar(mine) is None:
        raise Over
    return user


def remember_in_cookie(token: str, *, remember: bool) -> None:
    """Point this browser at the session, on a fresh cookie; call it after the commit."""
    session.clear()
    session.permanent = remember
    login_user(_Holder(token))


def end(rows: Session, token: str, *, now: datetime) -> None:
    """The session is over, wherever its cookie may have been copied to."""
    _end(rows, SignIn.token_hash == keyed.hash_token(token), now=now)


def end_some(rows: Session, user_id: int, ids: Iterable[int], *, now: datetime) -> int:
    """End these sessions, if they are the account's and live; how many there were."""
    return _end(rows, SignIn.user_id == user_id, SignIn.id.in_(ids), now=now)


def end_all(rows: Session, user_id: int, *, but: str | None = None, now: datetime) -> int:
    """End every live session of an account, except the one with this token; how many there were."""
    others = [SignIn.token_hash != keyed.hash_token(but)] if but else []
    return _end(rows, SignIn.user_id == user_id, *others, now=now)


def note_ended(rows: Session, user_id: int, email: str) -> None:
    """For the journal: the member ended sessions of theirs by hand."""
    journal.record(rows, "session.ended", user_id=user_id, email=email)


def forget_cookie() -> None:
    logout_user()
    session.clear()


def _begin(rows: Session, user_id: int, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    rows.add(
        SignIn(
            user_id=user_id,
            token_hash=keyed.hash_token(token),
            created_at=now,
            last_seen_at=now,
            expires_at=now + timedelta(days=config.current().session_lifetime_days),
            user_agent=request.user_agent.string[:200],
            ip=request.remote_addr,
        )
    )
    return token


def _end(rows: Session, *whose: ColumnElement[bool], now: datetime) -> int:
    return changed(rows, update(SignIn).where(*whose, live(now)).values(ended_at=now))
