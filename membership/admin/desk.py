"""The owner's desk: who is let in, and under whose name is written down what was done there."""

import logging
from datetime import datetime
from typing import Any

from babel.dates import format_timedelta
from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import NotFound

from membership import clock, journal
from membership.extensions import login_manager

log = logging.getLogger(__name__)


def room(name: str, import_name: str, path: str = "") -> Blueprint:
    """A part of the desk, at /admin and this path: whatever is routed in it is for owners only."""
    bp = Blueprint(name, import_name, url_prefix=f"/admin{path}")
    bp.before_request(owners_only)
    return bp


def owners_only() -> ResponseReturnValue | None:
    """A visitor is asked to sign in; to a member there is no such page."""
    if not current_user.is_authenticated:
        answer: ResponseReturnValue = login_manager.unauthorized()
        return answer
    if not current_user.is_owner:
        log.warning("member %s was refused %s", current_user.user_id, request.path)
        raise NotFound
    journal.at_the_desk(current_user.user_id)
    return None


def by_me(whom: int | None = None) -> dict[str, Any]:
    """For the journal's line about an act at the desk: to whom it was done, if to a member, and
    which owner did it, from where. `journal.record(rows, "owner.<act>", **desk.by_me(user.id), …)`
    """
    return {"user_id": whom, "by": current_user.user_id, "by_ip": request.remote_addr}


def ago(moment: datetime) -> str:
    """5 minutes ago; in 5 minutes."""
    return format_timedelta(moment - clock.now(), add_direction=True, locale="en")
