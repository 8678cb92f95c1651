"""Asking for a post to be sent: a row for each audience, once and for all."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership.library.post import PUBLIC, Post
from membership.library.publishing import entitled
from membership.library.publishing.models import OPEN_AGAIN, Audience, Edition, State
from membership.newsletter import mailerlite
from membership.newsletter.mailerlite import Group
from membership.newsletter.mailing_list import known_list
from membership.newsletter.mailing_list.held import Places
from membership.newsletter.models import Standing

STANDINGS = {
    Audience.PAID: (Standing.PAID,),
    Audience.FREE: (Standing.FREE, Standing.LAPSED),
}


@dataclass(frozen=True)
class Plan:
    """What would go to an audience now: `whole`, or the teaser. `groups` as they stand at
    MailerLite; `edition` what has been asked for before. `paying_without`: how many in it pay for
    something that does not open the post, which is why they get the teaser."""

    audience: Audience
    whole: bool
    paying_without: int
    groups: tuple[Group, ...]
    edition: Edition | None

    @property
    def readers(self) -> int:
        return sum(group.active for group in self.groups)

    @property
    def can_be_asked(self) -> bool:
        return self.edition is None or self.edition.state in OPEN_AGAIN


def is_whole(session: Session, post: Post, audience: Audience, *, now: datetime) -> bool:
    """Whether an audience may be sent all of a post: everybody in it may read it."""
    if post.access == PUBLIC:
        return True
    return audience is Audience.PAID and not entitled.paying_without(session, post, now=now)


def groups_of(places: Places, audience: Audience) -> list[str]:
    """Their ids; never none, for that would be everybody."""
    return [places.groups[standing] for standing in STANDINGS[audience]]


def plans(session: Session, post: Post, *, now: datetime) -> list[Plan]:
    """For each audience. Asks MailerLite; raises MailerLiteError."""
    places = known_list.places()
    without = entitled.paying_without(session, post, now=now)
    known = {group.id: group for group in mailerlite.client().groups()}
    found = {each.audience: each for each in of_post(session, post.slug)}
    return [
        Plan(
            audience,
            is_whole(session, post, audience, now=now),
            without if audience is Audience.PAID else 0,
            tuple(known[id_] for id_ in groups_of(places, audience) if id_ in known),
            found.get(audience),
        )
        for audience in Audience
    ]


def of_post(session: Session, slug: str) -> Sequence[Edition]:
    wanted = select(Edition).where(Edition.slug == slug).order_by(Edition.id)
    return session.scalars(wanted.execution_options(populate_existing=True)).all()


def of_posts(session: Session, slugs: Iterable[str]) -> Mapping[str, Sequence[Edition]]:
    """The same of several, by slug."""
    found: dict[str, list[Edition]] = defaultdict(list)
    wanted = select(Edition).where(Edition.slug.in_(list(slugs))).order_by(Edition.id)
    for edition in session.scalars(wanted):
        found[edition.slug].append(edition)
    return found


def ask(session: Session, post: Post, *, now: datetime) -> list[Edition]:
    """What is due from now on; nothing that was asked for before, unless it came to nothing."""
    asked = [_ask(session, post.slug, audience, now) for audience in Audience]
    return [edition for edition in asked if edition]


def _ask(session: Session, slug: str, audience: Audience, now: datetime) -> Edition | None:
    before = session.scalars(
        select(Edition)
        .where(Edition.slug == slug, Edition.audience == audience)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if before is None:
        return _new(session, slug, audience, now)
    if before.state not in OPEN_AGAIN:
        return None
    before.state, before.campaign_id, before.reason = State.ASKED, None, None
    before.asked_at = before.due_at = now
    return before


def _new(session: Session, slug: str, audience: Audience, now: datetime) -> Edition | None:
    edition = Edition(slug=slug, audience=audience, asked_at=now, due_at=now)
    try:
        with session.begin_nested():
            session.add(edition)
    except IntegrityError:  # another owner has pressed the button meanwhile
        return None
    return edition
