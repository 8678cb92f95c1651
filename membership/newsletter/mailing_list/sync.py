"""Bring MailerLite's list to what our rows say it should hold."""

from membership import config, due, jobs
from membership.config import Config
from membership.db import transaction
from membership.newsletter import mailerlite
from membership.newsletter.mailerlite import OPTED_OUT, ListedSubscriber, MailerLite
from membership.newsletter.models import Standing, Subscriber


def drain() -> None:
    """Every subscriber about whom MailerLite should hold something else."""
    settings = config.current()
    if settings.mailerlite_api_key is None:
        return  # the rows wait until there is a list
    jobs.work(Subscriber, _bring_up_to_date, kind="subscribers")


def _bring_up_to_date(subscriber: Subscriber) -> None:
    if subscriber.left_at:
        _forget(subscriber)
    elif subscriber.confirmed_at and subscriber.letters:
        _put_on(subscriber)
    else:
        _take_off(subscriber)


def _take_off(subscriber: Subscriber) -> None:
    """Never proven, or proven for the way in alone: its owner did not ask for the list."""
    if subscriber.mailerlite_id:
        mailerlite.client().delete_subscriber(subscriber.mailerlite_id)
    with transaction() as session:
        if due.finish(session, subscriber):
            subscriber.mailerlite_id = subscriber.status = subscriber.moved_from = None
            session.add(subscriber)


def _forget(subscriber: Subscriber) -> None:
    """They have said goodbye: nothing of them stays there, then nothing here."""
    client = mailerlite.client()
    names = subscriber.mailerlite_id, subscriber.email, subscriber.moved_from
    for known_as in filter(None, names):
        if listed := client.subscriber(known_as):
            client.forget(listed.id)
    with transaction() as session:
        if due.finish(session, subscriber):
            session.delete(subscriber)


def _put_on(subscriber: Subscriber) -> None:
    settings = config.current()
    client, standing = mailerlite.client(), subscriber.standing
    listed = _left_alone(client, subscriber) or _listed(
        client, subscriber, client.group_id(_group(settings, standing))
    )
    if subscriber.code_group_joined_at:
        client.leave_group(listed.id, client.group_id(settings.mailerlite_code_group))
        client.update(listed.id, fields={settings.mailerlite_code_field: None})
    for other in set(Standing) - {standing}:
        client.leave_group(listed.id, client.group_id(_group(settings, other)))
    with transaction() as session:
        due.finish(session, subscriber)
        subscriber.mailerlite_id, subscriber.status = listed.id, listed.status
        subscriber.code_group_joined_at = None
        if listed.email.lower() == subscriber.email:
            subscriber.moved_from = None
        session.add(subscriber)


def _left_alone(client: MailerLite, subscriber: Subscriber) -> ListedSubscriber | None:
    """Take who has moved along to their new address. One who unsubscribed, and cannot be, stays
    where they are: under a new address they would be on the list again."""
    known_as = subscriber.mailerlite_id or subscriber.moved_from
    listed = client.subscriber(known_as) if subscriber.moved_from and known_as else None
    if listed is None or listed.email.lower() == subscriber.email:
        return None
    try:
        if listed.status != "bounced":  # that was the old address's fault
            client.update(listed.id, email=subscriber.email)
            return None
    except mailerlite.Rejected:
        if listed.status in OPTED_OUT:
            return listed
    client.delete_subscriber(listed.id)
    return None


def _listed(client: MailerLite, subscriber: Subscriber, group_id: str) -> ListedSubscriber:
    """On the list and in the group; or, having unsubscribed there, as they are and left alone."""
    confirmed_at = subscriber.confirmed_at or subscriber.created_at
    try:
        return client.upsert(
            subscriber.email,
            groups=[group_id],
            opted_in_at=confirmed_at,
        )
    except mailerlite.Rejected as error:
        gone = client.subscriber(subscriber.email) if error.status == 422 else None
        if gone is None or gone.status == "active":
            raise
        return gone


def _group(settings: Config, standing: Standing) -> str:
    return {
        Standing.FREE: settings.mailerlite_free_group,
        Standing.PAID: settings.mailerlite_paid_group,
        Standing.LAPSED: settings.mailerlite_lapsed_group,
    }[standing]
