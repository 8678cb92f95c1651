"""What an owner sees of the inbox, and can do about it."""

import json
from datetime import timedelta

import pytest
from flask import Flask

from membership.billing import events
from membership.db import transaction
from membership.inbox import InboxEvent, receive
from sandbox.server import Sandbox
from tests.support.clock import MovableClock
from tests.support.mail import Work
from tests.support.stripe_signs import event

NOT_OURS = "radar.something.new"


def run(app: Flask, *words: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=["events", *words])
    return done.exit_code, done.output


def comes(app: Flask, told: InboxEvent) -> None:
    with app.app_context(), transaction() as session:
        assert receive(session, [told]) == 1


@pytest.fixture
def one_of_each(app: Flask, clock: MovableClock) -> None:
    """1 is done, 2 due, 3 failing, 4 given up, 5 nothing to us, 6 MailerLite's and due."""
    with app.app_context():
        told = [events.row(event(f"evt_{n}"), json.dumps({"n": n})) for n in range(1, 5)]
        told.append(events.row(event("evt_5", NOT_OURS), "{}"))
        told.append(
            InboxEvent(
                source="mailerlite",
                event_id="a hash",
                type="subscriber.bounced",
                subject="7",
                body='{"event": "subscriber.bounced"}',
                received_at=clock(),
                due_at=clock(),
            )
        )
    done, _, failing, given_up, _, _ = told
    done.due_at, done.done_at = None, clock()
    failing.attempts, failing.last_error = 3, "Traceback\nArithmeticError: it does not add up\n"
    failing.due_at = clock() + timedelta(minutes=1)
    given_up.due_at, given_up.given_up_at, given_up.attempts = None, clock(), 346
    for one in told:
        comes(app, one)


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ([], [6, 4, 3, 2]),
        (["--due"], [6, 3, 2]),
        (["--failed"], [4, 3]),
        (["--all"], [6, 5, 4, 3, 2, 1]),
        (["--source", "stripe"], [4, 3, 2]),
        (["--source", "mailerlite", "--all"], [6]),
    ],
)
def test_the_list_shows_what_was_asked_for_newest_first(
    app: Flask, one_of_each: None, words: list[str], numbers: list[int]
) -> None:
    status, said = run(app, "list", *words)
    assert status == 0
    assert [int(line.split()[0]) for line in said.splitlines()] == numbers


def test_the_list_says_how_each_is(app: Flask, one_of_each: None) -> None:
    _, said = run(app, "list", "--all")
    mailerlites, unknown, given_up, failing, due, done = said.splitlines()
    assert "mailerlite  subscriber.bounced  7  due" in mailerlites
    assert f"{NOT_OURS}  -  left alone" in unknown
    assert "given up on" in given_up
    assert "after 346 tries" in given_up
    assert "failed 3 times, next try" in failing
    assert due.endswith("cus_1  due")
    assert "cus_1  done" in done


def test_a_long_list_is_cut_and_says_so(app: Flask, one_of_each: None) -> None:
    _, said = run(app, "list", "--all", "--limit", "2")
    assert len(said.splitlines()) == 3
    assert said.endswith("There are more: raise --limit to see them.\n")
    _, said = run(app, "list", "--all", "--limit", "6")
    assert len(said.splitlines()) == 6


def test_an_empty_list_says_so(app: Flask) -> None:
    assert run(app, "list") == (0, "There is none.\n")


def test_a_sender_that_does_not_exist_is_refused(app: Flask) -> None:
    status, said = run(app, "list", "--source", "paypal")
    assert (status, said) == (
        1,
        "Error: there is no sender paypal; there is stripe, mailerlite\n",
    )


@pytest.mark.parametrize("name", ["3", "evt_3"])
def test_one_is_shown_whole_by_our_number_or_by_its_senders(
    app: Flask, one_of_each: None, name: str
) -> None:
    status, said = run(app, "show", name)
    assert status == 0
    assert "about     cus_1" in said
    assert "ArithmeticError: it does not add up" in said
    assert '"n": 3' in said


def test_what_a_stranger_typed_does_not_steer_the_owners_terminal(app: Flask) -> None:
    name = "\x9b2J\u202egro.live"
    with app.app_context():
        odd = events.row(event("evt_1"), json.dumps({"name": name}, ensure_ascii=False))
    odd.last_error = "Traceback\n\x1b]0;yours\x07 Grüße"
    comes(app, odd)
    _, said = run(app, "show", "evt_1")
    assert r'"name": "\u009b2J\u202egro.live"' in said
    assert "Traceback\n\\u001b]0;yours\\u0007 Grüße" in said


def test_one_that_was_emptied_is_shown_to_be_so(
    app: Flask, one_of_each: None, work: Work, clock: MovableClock, sandbox: Sandbox
) -> None:
    sandbox.stripe_fault = "down"
    clock.passes(timedelta(days=61))
    work()
    _, said = run(app, "show", "1")
    assert "Its body was emptied on" in said
    assert '"n"' not in said


@pytest.mark.parametrize("name", ["7", "evt_7", "²", "9" * 40])
def test_one_that_is_not_there_is_said_not_to_be(app: Flask, one_of_each: None, name: str) -> None:
    for command in ("show", "replay"):
        assert run(app, command, name) == (1, f"Error: there is no event {name}\n")


def test_several_are_worked_on_again(
    app: Flask, one_of_each: None, work: Work, sandbox: Sandbox
) -> None:
    """The customer they are about is no one Stripe knows: they fail, and are seen to."""
    assert run(app, "replay", "1", "evt_4") == (0, "Due again: 1, 4.\n")
    _, said = run(app, "list", "--due", "--source", "stripe")
    assert [int(line.split()[0]) for line in said.splitlines()] == [4, 3, 2, 1]
    work()
    _, said = run(app, "show", "4")
    assert "failed once, next try" in said
    assert "No such customer" in said


def test_what_means_nothing_to_us_cannot_be_worked_on(app: Flask, one_of_each: None) -> None:
    status, said = run(app, "replay", "2", "5")
    assert (status, said) == (
        1,
        "Error: 5 is about nothing we know: nothing can be done\n",
    )
