"""Comparing the whole list with our rows: what webhooks lost is mended, and nothing believed that
is too much to be true."""

import json
from datetime import timedelta

from click.testing import Result
from flask import Flask
from sqlalchemy import insert, select, update

from membership import due
from membership.db import changed, db, transaction
from membership.newsletter import subscribers
from membership.newsletter.mailing_list import known_list, sweep
from membership.newsletter.mailing_list.findings import ListSweep
from membership.newsletter.mailing_list.known_list import KnownList
from membership.newsletter.models import Standing, Subscriber
from sandbox.server import Sandbox
from sandbox.testing import Reader
from tests.conftest import MakeApp
from tests.support.asked import asked_of
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mailerlite_has import by_hand, listed, set_up
from tests.support.odd_server import answering
from tests.support.people import ADA, EDSGER, GRACE
from tests.support.the_list import changes, emails, joins, plan_groups, row, syncs
from tests.support.working import works

NIGHT = timedelta(days=1)


def command(app: Flask, *options: str) -> Result:
    return app.test_cli_runner().invoke(args=["newsletter", "sync", *options])


def subscribe(app: Flask, sandbox: Sandbox, clock: MovableClock, *who: str) -> None:
    set_up(app)
    joins(app, *who, now=clock())
    syncs(app)


@on_each_database
def test_the_night_mends_what_no_webhook_told(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    subscribe(app, sandbox, clock, ADA, GRACE, EDSGER)
    free = next(g["id"] for g in by_hand(sandbox, "GET", "groups") if g["name"] == "Free")
    Reader(sandbox, ADA).unsubscribes_at_mailerlite()
    Reader(sandbox, GRACE).is_deleted_at_mailerlite()
    by_hand(sandbox, "DELETE", f"subscribers/{row(app, EDSGER).mailerlite_id}/groups/{free}")
    works(app)  # plans the night's
    clock.passes(NIGHT)
    works(app)
    works(app)
    assert (row(app, ADA).status, row(app, ADA).wants_letters) == ("unsubscribed", False)
    assert (row(app, GRACE).status, row(app, GRACE).wants_letters) == ("deleted", False)
    assert listed(sandbox, GRACE) is None
    assert plan_groups(sandbox, EDSGER) == {"Free"}


@on_each_database
def test_a_dry_run_says_all_in_words_and_changes_nothing(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    subscribe(app, sandbox, clock, ADA, GRACE)
    Reader(sandbox, ADA).complains()
    changes(app, subscribers.stop_letters, GRACE, now=clock())
    said = command(app, "--dry-run")
    assert said.exit_code == 0
    assert said.output.splitlines() == [
        "2 on MailerLite's list.",
        "1 not unsubscribed there yet:",
        f"  {GRACE}",
        "1 unsubscribed there:",
        f"  {ADA}",
        "1 would be written to MailerLite now.",
    ]
    assert row(app, ADA).status == "active"
    assert row(app, ADA).wants_letters
    there = listed(sandbox, GRACE)
    assert there
    assert there.status == "active"


def test_the_command_mends_and_says_when_all_is_well(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    subscribe(app, sandbox, clock, ADA)
    Reader(sandbox, ADA).unsubscribes_at_mailerlite()
    assert "1 unsubscribed there:" in command(app).output
    assert not row(app, ADA).wants_letters
    assert "Everybody is there as they should be." in command(app).output


def test_who_came_back_there_gets_letters_again_and_who_was_added_there_does(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    subscribe(app, sandbox, clock, ADA)
    changes(app, subscribers.stop_letters, ADA, now=clock())
    syncs(app)
    with app.app_context(), transaction() as session:  # an account, and no letters
        grace = subscribers.of(session, GRACE, now=clock())
        grace.confirmed_at, grace.has_account, grace.standing = clock(), True, Standing.PAID
    by_hand(sandbox, "POST", "subscribers", {"email": ADA, "resubscribe": True})
    by_hand(sandbox, "POST", "subscribers", {"email": GRACE})
    command(app)
    assert row(app, ADA).wants_letters
    assert row(app, GRACE).wants_letters
    assert plan_groups(sandbox, GRACE) == {"Paid"}


def test_many_who_seem_to_have_gone_are_asked_about_first(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    subscribe(app, sandbox, clock, *emails(8))
    for email in emails(6):
        Reader(sandbox, email).is_deleted_at_mailerlite()
    clock.passes(NIGHT)
    said = command(app)
    assert said.exit_code == 1
    assert "6 not on the list any more" in said.output
    assert "The letters of 6 of 8 readers would end" in said.output
    assert all(row(app, email).wants_letters for email in emails(8))
    assert command(app, "--force").exit_code == 0
    assert [row(app, email).wants_letters for email in emails(8)] == [False] * 6 + [True] * 2


@on_each_database
def test_half_a_list_is_no_answer(app: Flask, sandbox: Sandbox, clock: MovableClock) -> None:
    """It breaks off after the first page: nothing is concluded, and the next goes on from there."""
    subscribe(app, sandbox, clock, *emails(120))
    with app.app_context():
        run_id = sweep.begin(dry_run=False, force=False)
        with transaction() as session:
            run = due.claim(session, ListSweep, now=clock())
        assert run
        sweep.advance(run)
    sandbox.mailerlite_fault = "down"
    said = command(app)
    assert said.exit_code == 1
    assert "Not finished yet: 503 Service Unavailable" in said.output
    assert all(row(app, email).wants_letters for email in emails(120))
    sandbox.mailerlite_fault = None
    clock.passes(timedelta(minutes=5))
    with app.app_context():
        finished = sweep.work_on(run_id)
    assert finished.ended_at
    assert finished.looked_at == 120


def test_the_key_of_another_account_undoes_nobody(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    subscribe(app, sandbox, clock, ADA, GRACE)
    _another_account(app, sandbox)
    changes(app, subscribers.stop_letters, GRACE, now=clock())
    said = command(app)
    assert said.exit_code == 1
    assert "not of the list that our readers are on" in said.output
    syncs(app)
    assert row(app, ADA).wants_letters
    assert listed(sandbox, ADA) is None
    assert row(app, GRACE).due_at
    clock.passes(timedelta(hours=1))
    assert command(app, "--another-list").exit_code == 0
    assert plan_groups(sandbox, ADA) == {"Free"}
    assert listed(sandbox, GRACE) is None


def _another_account(app: Flask, sandbox: Sandbox) -> None:
    """Its groups have the same names, and nobody of ours is in it."""
    for group in by_hand(sandbox, "GET", "groups"):
        by_hand(sandbox, "DELETE", f"groups/{group['id']}")
        by_hand(sandbox, "POST", "groups", {"name": group["name"]})
    for each in by_hand(sandbox, "GET", "subscribers?limit=100"):
        by_hand(sandbox, "DELETE", f"subscribers/{each['id']}")
    with app.app_context():
        known_list.look_again()


def test_a_group_that_is_made_anew_is_not_taken_for_another_account(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    subscribe(app, sandbox, clock, ADA)
    lapsed = next(g["id"] for g in by_hand(sandbox, "GET", "groups") if g["name"] == "Lapsed")
    by_hand(sandbox, "DELETE", f"groups/{lapsed}")
    made = by_hand(sandbox, "POST", "groups", {"name": "Lapsed"})
    with app.app_context():
        known_list.look_again()
    assert command(app).exit_code == 0
    with app.app_context():
        known = db.session.get_one(KnownList, 1)
        assert made["id"] in known.group_ids


def test_who_wants_letters_and_was_forgotten_is_put_on(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    subscribe(app, sandbox, clock, GRACE)
    joins(app, ADA, now=clock())
    with app.app_context(), transaction() as session:
        changed(session, update(Subscriber).where(Subscriber.email == ADA).values(due_at=None))
    assert "1 not put on the list yet" in command(app).output
    assert plan_groups(sandbox, ADA) == {"Free"}


def test_who_was_put_on_the_list_anew_under_another_id_goes_on_getting_letters(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    subscribe(app, sandbox, clock, ADA)
    before = row(app, ADA).mailerlite_id
    Reader(sandbox, ADA).is_deleted_at_mailerlite()
    by_hand(sandbox, "POST", "subscribers", {"email": ADA})
    clock.passes(NIGHT)
    assert command(app).exit_code == 0
    found = row(app, ADA)
    assert found.mailerlite_id != before
    assert found.stopped_at is None
    assert plan_groups(sandbox, ADA) == {"Free"}


def test_a_list_without_an_end_is_no_answer_and_is_not_read_for_ever(
    make_app: MakeApp, clock: MovableClock
) -> None:
    names = ("Free", "Paid", "Lapsed", "Verify")
    both = [
        {"id": str(n), "name": name, "email": f"{name}@example.com", "status": "active"}
        for n, name in enumerate(names)
    ]
    page = {"data": both, "meta": {"next_cursor": "round", "last_page": 1}}
    with answering(200, json.dumps(page).encode()) as address:
        app = make_app(MAILERLITE_API_BASE=address)
        joins(app, ADA, now=clock())
        said = command(app)
    assert "the list has no end" in said.output
    with app.app_context():
        run = db.session.scalars(select(ListSweep).where(ListSweep.night.is_(None))).one()
        assert run.ended_at
    assert row(app, ADA).wants_letters


def test_a_list_that_is_empty_is_noticed_however_many_readers_there_are(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    """No statement names all of them: databases take so many names and no more."""
    set_up(app)
    many = 3000
    listed_once = {"letters": True, "confirmed_at": clock(), "status": "active", "attempts": 0}
    rows = [
        {"email": email, "mailerlite_id": email, "created_at": clock(), **listed_once}
        for email in emails(many)
    ]
    with app.app_context(), transaction() as session:
        session.execute(insert(Subscriber), rows)
    clock.passes(NIGHT)
    with asked_of(app) as asked:
        said = command(app).output
    assert f"The letters of {many} of {many} readers would end." in said
    assert row(app, emails(1)[0]).wants_letters
    named = [given for each, given in asked if each.startswith(("SELECT", "UPDATE"))]
    assert max(len(given) for given in named) < 1000


def test_only_who_wants_letters_and_was_never_on_the_list_is_put_on_it_by_the_night(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    """Not who has proven nothing, nor who said no."""
    set_up(app)
    joins(app, ADA, GRACE, now=clock())
    changes(app, subscribers.of, EDSGER, now=clock())
    changes(app, subscribers.stop_letters, GRACE, now=clock())
    with app.app_context(), transaction() as session:
        changed(session, update(Subscriber).values(due_at=None))
    command(app)
    assert listed(sandbox, ADA)
    assert listed(sandbox, GRACE) is None
    assert listed(sandbox, EDSGER) is None
