"""Which list our rows are about: the groups that we use, by their ids, and whose they are.

With the key of another account nobody of ours would be on the list, and everybody would seem to
have been deleted. So the groups that were used once are remembered, and one of them has to be
there: where none is, nothing is done.
"""

from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import delete, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership import clock, config
from membership.config import Config
from membership.db import Model, changed, db, transaction
from membership.due import Away
from membership.newsletter import mailerlite
from membership.newsletter.mailerlite import Group, MailerLiteError, Rejected
from membership.newsletter.mailing_list.held import Places
from membership.newsletter.models import Standing, Subscriber

FRESH = timedelta(minutes=10)
WAY_OUT = "put the right key back, or, if it is meant: flask newsletter sync --another-list"


class AnotherList(MailerLiteError, Away):
    """The key is not of the account that our readers are in; `str()` says what to do."""


class NotMade(Rejected, Away):
    """A group of ours is not there: nothing can be done for anybody before it is."""


class KnownList(Model):
    """One row: the ids of the groups that our readers were put into."""

    __tablename__ = "known_list"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    group_ids: Mapped[list[str]]
    since: Mapped[datetime]


def places() -> Places:
    """Where our readers are at MailerLite; asked there every few minutes. Raises AnotherList,
    NotMade, Unavailable. No transaction may be open."""
    kept: dict[str, tuple[datetime, Places]] = current_app.extensions.setdefault("known_list", {})
    now = clock.now()
    if "places" in kept and abs(now - kept["places"][0]) < FRESH:
        return kept["places"][1]
    found = _places(config.current(), mailerlite.client().groups())
    _check(found)
    kept["places"] = now, found
    return found


def look_again() -> None:
    """Something there is not where it was."""
    current_app.extensions.setdefault("known_list", {}).clear()


def accept(session: Session) -> None:
    """Whatever list the key is of is ours from now on: nobody was seen on it yet, and whoever wants
    letters is to be put on it. Who said no has said it to us."""
    changed(session, delete(KnownList))
    unseen = {"mailerlite_id": None, "held": None, "status": None, "seen_in": None}
    anew = {**unseen, "moved_from": None, "code_group_joined_at": None, "due_at": clock.now()}
    changed(session, update(Subscriber).where(Subscriber.left_at.is_(None)).values(anew))
    look_again()


def _places(settings: Config, groups: list[Group]) -> Places:
    by_name = mailerlite.ids_by_name(groups)

    def id_of(name: str) -> str:
        if name not in by_name:
            raise NotMade(404, f"there is no group {name!r}: run flask newsletter setup")
        return by_name[name]

    return Places(
        groups={
            Standing.FREE: id_of(settings.mailerlite_free_group),
            Standing.PAID: id_of(settings.mailerlite_paid_group),
            Standing.LAPSED: id_of(settings.mailerlite_lapsed_group),
        },
        code_group=id_of(settings.mailerlite_code_group),
        code_field=settings.mailerlite_code_field,
    )


def _check(found: Places) -> None:
    known = db.session.get(KnownList, 1)
    ids = sorted(found.ours)
    if known is None or (known.group_ids != ids and set(known.group_ids) & set(ids)):
        with transaction() as session:
            session.merge(KnownList(id=1, group_ids=ids, since=clock.now()))
    elif known.group_ids != ids:
        raise AnotherList(f"the key is not of the list that our readers are on; {WAY_OUT}")
