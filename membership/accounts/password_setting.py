"""An account gets another password, and its owner is told of it."""

from datetime import datetime

from flask import request
from sqlalchemy import delete
from sqlalchemy.orm import Session

from membership import outbox
from membership.accounts import feed_keys, sessions, user_agents
from membership.accounts.models import PasswordReset, User
from membership.db import changed

LETTER = "password_changed"


def replace(rows: Session, user: User, password_hash: str, *, now: datetime) -> str:
    """Every session of the account ends, and so do the key of its feed and a link for a new
    password that is under way.

    Returns the token of the one session there is now: this browser's.
    """
    user.password_hash = password_hash
    feed_keys.end(rows, user)
    changed(rows, delete(PasswordReset).where(PasswordReset.user_id == user.id))
    outbox.send_later(
        rows,
        LETTER,
        user.email,
        at=now.isoformat(),
        device=user_agents.in_words(request.user_agent.string),
        ip=request.remote_addr,
    )
    return sessions.begin_afresh(rows, user.id, now=now)
