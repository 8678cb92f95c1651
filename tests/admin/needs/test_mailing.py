"""What the list at MailerLite needs the owner for."""

from flask import Flask
from sqlalchemy import update

from membership.admin.needs import mailing
from membership.db import changed, transaction
from membership.due import attempts_in
from membership.newsletter.mailing_list.findings import ListSweep
from membership.newsletter.models import Subscriber
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.people import ADA, GRACE
from tests.support.the_list import joins


def names(app: Flask) -> list[str]:
    with app.app_context():
        return [need.name for need in mailing.found()]


@on_each_database
def test_a_comparison_that_ended_nobodys_letters_stands_until_the_next(
    app: Flask, clock: MovableClock
) -> None:
    assert names(app) == []
    for braked in (True, False):
        with app.app_context(), transaction() as session:
            session.add(ListSweep(braked=braked, stopping=6, readers=8, ended_at=clock()))
        clock.passes(mailing.PATIENCE)
        assert names(app) == (["list-braked"] if braked else [])


@on_each_database
def test_a_reader_whom_mailerlite_refuses_for_a_day(app: Flask, clock: MovableClock) -> None:
    joins(app, ADA, GRACE, now=clock())
    a_day = attempts_in(mailing.PATIENCE)
    for attempts, needs in ((a_day - 1, []), (a_day, ["list-stuck"])):
        with app.app_context(), transaction() as session:
            adas = update(Subscriber).where(Subscriber.email == ADA)
            changed(session, adas.values(attempts=attempts))
        assert names(app) == needs
