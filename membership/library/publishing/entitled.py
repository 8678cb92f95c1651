"""Whether everybody in the Paid group may read a post: a campaign cannot leave anybody out.

Who has paid for something else is in that group as well; and who no longer pays is still in it
until our rows, and then MailerLite, have heard of that.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from membership.accounts.models import User
from membership.billing.grants import live
from membership.billing.models import Grant
from membership.library.post import MEMBERS, PUBLIC, Post
from membership.newsletter.models import Standing, Subscriber


class StillMoving(Exception):
    """Somebody who pays no longer is still among those who do; `str()` is for the owner."""


def paying_without(session: Session, post: Post, *, now: datetime) -> int:
    """How many who pay for something have not paid for what opens this post."""
    if post.access in (PUBLIC, MEMBERS):
        return 0
    something, this = _may_use(now), _may_use(now, Grant.feature == post.access)
    return _paid(session, Subscriber.email.in_(something), Subscriber.email.not_in(this))


def refuse_while_moving(session: Session, paid_group: str, *, now: datetime) -> None:
    """Raises StillMoving as long as somebody is in the group, or may be, who pays no more."""
    over = _paid(session, Subscriber.email.not_in(_may_use(now)))
    to_be_told = select(Subscriber).where(
        Subscriber.due_at.is_not(None),
        Subscriber.mailerlite_id.is_not(None),
        or_(Subscriber.standing != Standing.PAID, Subscriber.left_at.is_not(None)),
    )
    inside = sum(_may_be_in(row, paid_group) for row in session.scalars(to_be_told))
    if over or inside:
        raise StillMoving(f"MailerLite has yet to hear that {over + inside} pay no longer")


def _paid(session: Session, *criteria: ColumnElement[bool]) -> int:
    """How many of those who are, or should be, in the Paid group."""
    counted = select(func.count(Subscriber.id)).where(Subscriber.standing == Standing.PAID)
    return session.scalars(counted.where(*criteria)).one()


def _may_use(now: datetime, *criteria: ColumnElement[bool]) -> Select[str]:
    """Addresses of members with a live grant."""
    return (
        select(User.email).join(Grant, Grant.user_id == User.id).where(live(now)).where(*criteria)
    )


def _may_be_in(row: Subscriber, group: str) -> bool:
    return row.held is None or group in row.held["groups"]
