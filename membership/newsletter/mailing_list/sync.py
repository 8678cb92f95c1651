"""Bring MailerLite's list to what our rows say it should hold."""

import logging
from collections.abc import Sequence

from membership import clock, config, due, jobs
from membership.db import db, transaction
from membership.newsletter import mailerlite
from membership.newsletter.mailerlite import Rejected
from membership.newsletter.mailing_list import carrying, known_list, readers
from membership.newsletter.models import Subscriber

log = logging.getLogger(__name__)
KIND = "subscribers"


def drain() -> None:
    """Every subscriber about whom MailerLite should hold something else."""
    if config.current().mailerlite_api_key is None:
        return  # the rows wait until there is a list
    jobs.work(Subscriber, _forget, Subscriber.left_at.is_not(None), kind=KIND)
    stays = Subscriber.left_at.is_(None)
    jobs.work_together(Subscriber, _bring_up_to_date, mailerlite.MOST_IN_A_BATCH, stays, kind=KIND)


def _bring_up_to_date(rows: Sequence[Subscriber]) -> None:
    client = mailerlite.client()
    places = known_list.places()
    talks = readers.talks_about(db.session(), rows, places, now=clock.now())
    carrying.carry(talks, client)
    now = clock.now()
    with transaction() as session:
        again = [
            readers.write(session, row, talk, now=now)
            for row, talk in zip(rows, talks, strict=True)
        ]
    failed = [talk for talk in talks if talk.error]
    for talk in failed:
        log.warning("the list does not take what is wanted of somebody: %s", talk.error)
    if any(isinstance(talk.error, Rejected) for talk in failed):
        known_list.look_again()
    if soonest := min(
        (at for at, talk in zip(again, talks, strict=True) if at and talk.error), default=None
    ):
        jobs.nudge(KIND, delay=(soonest - now).total_seconds())


def _forget(row: Subscriber) -> None:
    """They have said goodbye: nothing of them stays there, then nothing here."""
    client = mailerlite.client()
    names = row.mailerlite_id, row.email, row.moved_from
    for known_as in filter(None, names):
        if listed := client.subscriber(known_as):
            client.forget(listed.id)
    with transaction() as session:
        if due.finish(session, row):
            session.delete(row)
