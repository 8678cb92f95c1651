"""Begin and end a signed-in session. The rows are the truth; the cookie only points at one."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from flask import request, session
from flask_login import UserMixin, login_user, logout_user
from sqlalchemy import update
from sqlalchemy.orm import Session

from membership import journal
from membership.accounts.models import SignIn, User
from membership.db import changed

IDLE = timedelta(days=14)
ABSOLUTE = timedelta(days=30)
SEEN_EVERY = timedelta(hours=1)


class _Holder(UserMixin):  # type: ignore[misc]
    """What Flask-Login wants to see at sign-in: somebody whose id is the token."""

    def __init__(self, token: str) -> None:
        self.id = token


def begin(rows: Session, user: User, *, now: datetime) -> str:
    """A row for a new session; returns its token, which is stored nowhere here."""
    token = secrets.token_urlsafe(32)
    rows.add(
        SignIn(
            user_id=user.id,
            token_hash=hash_token(token),
            created_at=now,
            last_seen_at=now,
            expires_at=now + ABSOLUTE,
            user_agent=request.user_agent.string[:200],
            ip=request.remote_addr,
        )
    )
    journal.record(rows, "session.begun", user_id=user.id, email=user.email)
    return token


def remember_in_cookie(token: str, *, remember: bool) -> None:
    """Point this browser at the session, on a fresh cookie; call it after the commit."""
    session.clear()
    session.permanent = remember
    login_user(_Holder(token))


def end(rows: Session, token: str, *, now: datetime) -> None:
    """The session is over, wherever its cookie may have been copied to."""
    live = update(SignIn).where(SignIn.token_hash == hash_token(token), SignIn.ended_at.is_(None))
    changed(rows, live.values(ended_at=now))


def end_all(rows: Session, user_id: int, *, but: str | None = None, now: datetime) -> int:
    """End every live session of an account, except the one with this token; how many there were."""
    live = update(SignIn).where(SignIn.user_id == user_id, SignIn.ended_at.is_(None))
    if but:
        live = live.where(SignIn.token_hash != hash_token(but))
    return changed(rows, live.values(ended_at=now))


def forget_cookie() -> None:
    logout_user()
    session.clear()


def hash_token(token: str) -> str:
    return sha256(token.encode()).hexdigest()
