"""Bring every edition that is due to its readers, by a campaign at MailerLite, once.

Whatever happens between two steps is taken up from what MailerLite has: a campaign is found by its
name, a draft is written anew, and one that is no draft any more is never sent again.
"""

from datetime import datetime, timedelta
from http import HTTPStatus

from sqlalchemy import ColumnElement, update

from membership import clock, config, due, jobs
from membership.db import changed, db, transaction
from membership.library.post import PUBLIC
from membership.library.posts import library
from membership.library.publishing import asking, entitled, letters
from membership.library.publishing.models import Audience, Edition, State
from membership.newsletter import mailerlite
from membership.newsletter.mailerlite import Campaign, KeyRefused, MailerLite, NotThere, Rejected
from membership.newsletter.mailing_list import known_list
from membership.newsletter.models import Standing

KIND = "editions"
LOOK_AGAIN = timedelta(minutes=1)
CONTENT = "emails.0.content"  # what MailerLite calls the text of a campaign
PLAN = "MailerLite takes the text of a mail on its Advanced plan alone. Nothing was sent."
GONE = "The post is no longer published. Nothing was sent."
EVERYBODY = "MailerLite would have sent it to everybody. Nothing was sent."
DELETED = "Its campaign was deleted at MailerLite. Nothing was sent."
LOST = "Its campaign is no longer at MailerLite: look there whether it was sent."
FOUND_IN = ("draft", "ready", "sent")


class Elsewhere(Exception):
    """Another worker is at this edition as well, and further."""


def drain() -> None:
    if config.current().mailerlite_api_key is not None:
        jobs.work(Edition, _go_on, kind=KIND)


def _go_on(edition: Edition) -> None:
    client = mailerlite.client()
    try:
        campaign = _find(client, edition)
        if campaign is None or campaign.status == "draft":
            _send(client, edition, campaign)
        else:
            _remember(edition, campaign)
    except KeyRefused:
        raise
    except Rejected as error:
        _refuse(client, edition, _why(error))


def _find(client: MailerLite, edition: Edition) -> Campaign | None:
    """What there is of it at MailerLite: by its id, or by its name, as it may have been made by
    who could not write that down any more."""
    if edition.campaign_id:
        return client.campaign(edition.campaign_id)
    for status in FOUND_IN:
        for campaign in client.campaigns(status):
            if campaign.name == edition.name:
                return campaign
    return None


def _send(client: MailerLite, edition: Edition, draft: Campaign | None) -> None:
    """As the post, its paywall and the groups are now, whatever a draft says."""
    post = library().find(edition.slug)
    if post is None:
        _refuse(client, edition, GONE)
        return
    places, session, now = known_list.places(), db.session(), clock.billing_now()
    whole = asking.is_whole(session, post, edition.audience, now=now)
    if whole and edition.audience is Audience.PAID and post.access != PUBLIC:
        entitled.refuse_while_moving(session, places.groups[Standing.PAID], now=now)
    letter, groups = letters.of(post, whole=whole), asking.groups_of(places, edition.audience)
    if draft is None:
        draft = client.create_campaign(edition.name, letter, groups)
        _keep(client, edition, draft, whole=whole)
    else:
        _keep(client, edition, draft, whole=whole)
        draft = client.update_campaign(draft.id, edition.name, letter, groups)
    if draft.to_everybody:
        _refuse(client, edition, EVERYBODY)
    elif draft.recipients == 0:
        _came_to_nothing(client, edition, draft.id, State.EMPTY, None)
    else:
        _leave(edition, draft)
        _remember(edition, client.schedule_campaign(draft.id))


def _keep(client: MailerLite, edition: Edition, draft: Campaign, *, whole: bool) -> None:
    """Only one campaign is ever an edition's. Raises Elsewhere when another is by now."""
    mine = Edition.campaign_id.is_(None) | (Edition.campaign_id == draft.id)
    if not _write(edition, mine, campaign_id=draft.id, state=State.MADE, whole=whole):
        client.delete_campaign(draft.id)
        raise Elsewhere(f"campaign {draft.id} is one too many")


def _leave(edition: Edition, draft: Campaign) -> None:
    """From here on it may have been sent. Raises Elsewhere when another worker is at that."""
    made = (Edition.campaign_id == draft.id) & (Edition.state == State.MADE)
    if not _write(edition, made, state=State.SCHEDULED):
        raise Elsewhere(f"campaign {draft.id} is being scheduled")


def _remember(edition: Edition, campaign: Campaign) -> None:
    """It is on its way, or was sent: whichever, it is never sent again."""
    sent = campaign.status == "sent"
    now = clock.now()
    _finish(
        edition,
        again_at=None if sent else now + LOOK_AGAIN,
        campaign_id=campaign.id,
        state=State.SENT if sent else State.SCHEDULED,
        recipients=campaign.recipients,
        reason=None,
        sent_at=now if sent else None,
    )


def _refuse(client: MailerLite, edition: Edition, why: str) -> None:
    """Nothing of it stays there, unless it has left all the same."""
    db.session.refresh(edition)
    if edition.campaign_id is None:
        _came_to_nothing(client, edition, None, State.REFUSED, why)
        return
    campaign = _look(client, edition.campaign_id)
    if campaign is None and edition.state is State.SCHEDULED:
        _finish(edition, again_at=None, reason=LOST)
    elif campaign is None:
        _came_to_nothing(client, edition, None, State.REFUSED, DELETED)
    elif campaign.status != "draft":
        _remember(edition, campaign)
    else:
        _came_to_nothing(client, edition, campaign.id, State.REFUSED, why)


def _look(client: MailerLite, campaign_id: str) -> Campaign | None:
    try:
        return client.campaign(campaign_id)
    except NotThere:
        return None


def _came_to_nothing(
    client: MailerLite, edition: Edition, draft_id: str | None, state: State, why: str | None
) -> None:
    """It can be asked for again."""
    if draft_id:
        client.delete_campaign(draft_id)
    _finish(edition, again_at=None, campaign_id=None, state=state, reason=why, recipients=0)


def _write(edition: Edition, expected: ColumnElement[bool], **values: object) -> bool:
    """Whether the row was as expected, and is written."""
    with transaction() as session:
        this = update(Edition).where(Edition.id == edition.id, expected)
        return changed(session, this.values(**values)) == 1


def _finish(edition: Edition, *, again_at: datetime | None, **values: object) -> None:
    """The same whatever it was; the work on it is over for now."""
    with transaction() as session:
        changed(session, update(Edition).where(Edition.id == edition.id).values(**values))
        due.finish(session, edition, again_at=again_at)


def _why(error: Rejected) -> str:
    if CONTENT in error.errors or error.status == HTTPStatus.FORBIDDEN:
        return PLAN
    return f"MailerLite refused it: {error}. Nothing was sent."
