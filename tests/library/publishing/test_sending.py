"""A post on its way to the list: whole to who may read it, its teaser to the others, each once."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from membership import clock as clocks
from membership.db import db, transaction
from membership.library.posts import library
from membership.library.publishing import asking
from membership.library.publishing.models import Edition, State
from membership.newsletter import mailerlite
from membership.newsletter.mailerlite import Letter
from sandbox.server import Sandbox
from tests.conftest import MakeApp
from tests.library.publishing.conftest import LOCKED, OPEN, buys, reads
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mail import Work
from tests.support.people import ADA, EDSGER, GRACE
from tests.support.threads import at_once
from tests.support.working import works
from tests.support.writing import writes

Leaves = Callable[[], None]
MINUTE = timedelta(minutes=1)


def asks(app: Flask, slug: str = "locked") -> int:
    """How many editions are due by that."""
    with app.app_context(), transaction() as session:
        post = library().find(slug)
        assert post
        return len(asking.ask(session, post, now=clocks.now()))


def states(app: Flask, slug: str = "locked") -> dict[str, State]:
    with app.app_context():
        return {each.audience.value: each.state for each in asking.of_post(db.session(), slug)}


def reasons(app: Flask) -> set[str | None]:
    with app.app_context():
        return {each.reason for each in asking.of_post(db.session(), "locked")}


def campaigns(sandbox: Sandbox) -> dict[str, Any]:
    """What MailerLite has, by name; each name once."""
    found = sandbox.lists.store.find("campaign")
    by_name = {campaign["name"]: campaign for campaign in found}
    assert len(by_name) == len(found)
    return by_name


def letters(sandbox: Sandbox, email: str) -> list[str]:
    """HTML of the campaigns that somebody got."""
    return [mail.html for mail in sandbox.mailbox.to(email) if mail.via == "MailerLite"]


def everything_sent(sandbox: Sandbox, *emails: str) -> str:
    found = [mail for email in emails for mail in sandbox.mailbox.to(email)]
    return "".join(mail.subject + mail.text + mail.html for mail in found)


def asked_there(
    sandbox: Sandbox, method: str, path: str, body: dict[str, Any] | None = None
) -> Any:
    """What somebody does at MailerLite by hand."""
    answer = requests.request(
        method,
        sandbox.mailerlite_base + path,
        json=body,
        headers={"Authorization": "Bearer sandbox"},
        timeout=10,
    )
    assert answer.ok, answer.text
    return answer.json()["data"] if answer.content else None


@on_each_database
def test_who_pays_gets_all_of_a_locked_post_and_the_others_its_teaser(
    app: Flask, sandbox: Sandbox, leaves: Leaves, clock: MovableClock, site_url: str
) -> None:
    assert asks(app) == 2
    leaves()

    (whole,) = letters(sandbox, ADA)
    assert OPEN in whole
    assert LOCKED in whole
    assert f'src="{site_url}/images/lamp.png"' in whole
    assert f'href="{site_url}/plans"' in whole
    assert "/mailerlite/unsubscribe/" in whole
    for email in (GRACE, EDSGER):
        (teaser,) = letters(sandbox, email)
        assert OPEN in teaser
        assert f'href="{site_url}/posts/locked#more"' in teaser
    assert LOCKED not in everything_sent(sandbox, GRACE, EDSGER)
    made = campaigns(sandbox)
    assert made.keys() == {"post:locked:paid", "post:locked:free"}
    assert LOCKED not in str(made["post:locked:free"])  # not a byte of it was told to MailerLite
    groups = {group["id"]: group["name"] for group in sandbox.lists.store.find("group")}
    whom = {name: {groups[id_] for id_ in made[name]["groups"]} for name in made}
    assert whom == {"post:locked:paid": {"Paid"}, "post:locked:free": {"Free", "Lapsed"}}

    clock.passes(MINUTE)
    leaves()
    assert states(app) == {"paid": State.SENT, "free": State.SENT}


def test_a_post_for_all_goes_whole_to_all(app: Flask, sandbox: Sandbox, leaves: Leaves) -> None:
    asks(app, "open")
    leaves()

    for email in (ADA, GRACE, EDSGER):
        (letter,) = letters(sandbox, email)
        assert "The end." in letter
        assert "For &#123;$email} and all." in letter  # an author's words are no variable
        assert sandbox.mailbox.latest(to=email).subject == "{ $email} for all"


def test_a_post_is_sent_once_however_often_it_is_asked_for_or_changed(
    app: Flask, sandbox: Sandbox, leaves: Leaves, clock: MovableClock, content: Path
) -> None:
    asks(app)
    leaves()
    writes(content, "locked", "New.\n\nAll new.", title="Another", access="public")
    assert asks(app) == 0
    clock.passes(MINUTE)
    leaves()

    assert len(campaigns(sandbox)) == 2
    assert [len(letters(sandbox, email)) for email in (ADA, GRACE)] == [1, 1]


@on_each_database
def test_two_owners_at_the_same_moment_send_it_once(
    app: Flask, sandbox: Sandbox, leaves: Leaves, work: Work
) -> None:
    at_once(lambda: asks(app), lambda: asks(app), lambda: asks(app))
    at_once(work, work)
    leaves()

    assert len(campaigns(sandbox)) == 2
    assert [len(letters(sandbox, email)) for email in (ADA, GRACE)] == [1, 1]


def test_what_was_made_and_not_scheduled_is_taken_up(
    app: Flask, sandbox: Sandbox, leaves: Leaves, clock: MovableClock
) -> None:
    sandbox.mailerlite_fault, sandbox.mailerlite_fault_only = "down", "POST campaigns/*/schedule"
    asks(app)
    leaves()
    assert sandbox.mailbox.to(ADA) == []
    before = {name: each["id"] for name, each in campaigns(sandbox).items()}
    assert before

    sandbox.mailerlite_fault = None
    clock.passes(10 * MINUTE)
    leaves()

    after = {name: each["id"] for name, each in campaigns(sandbox).items()}
    assert before.items() <= after.items()
    assert [len(letters(sandbox, email)) for email in (ADA, GRACE)] == [1, 1]


def test_a_draft_that_nobody_wrote_down_is_found_by_its_name_and_written_anew(
    app: Flask, sandbox: Sandbox, leaves: Leaves
) -> None:
    """As after a crash, and the post was not locked then."""
    text = {"subject": "Old", "from_name": "Us", "from": "us@example.com", "content": LOCKED}
    draft = {"name": "post:locked:free", "type": "regular", "emails": [text]}
    old = asked_there(sandbox, "POST", "/campaigns", draft)
    asks(app)
    leaves()

    assert campaigns(sandbox)["post:locked:free"]["id"] == old["id"]
    (teaser,) = letters(sandbox, GRACE)
    assert OPEN in teaser
    assert LOCKED not in everything_sent(sandbox, GRACE, EDSGER)
    assert len(letters(sandbox, ADA)) == 1  # the draft would have gone to everybody


def test_what_was_sent_once_under_this_name_is_not_sent_again(
    app: Flask, sandbox: Sandbox, leaves: Leaves
) -> None:
    asks(app)
    leaves()
    with app.app_context(), transaction() as session:
        for edition in session.query(Edition):
            session.delete(edition)  # the database is that of yesterday
    asks(app)
    leaves()

    assert [len(letters(sandbox, email)) for email in (ADA, GRACE)] == [1, 1]
    assert states(app) == {"paid": State.SENT, "free": State.SENT}


def test_a_plan_that_takes_no_mails_sends_nothing_and_says_so(
    app: Flask, sandbox: Sandbox, leaves: Leaves
) -> None:
    sandbox.mailerlite_plan = "lower"
    asks(app)
    leaves()

    assert states(app) == {"paid": State.REFUSED, "free": State.REFUSED}
    assert campaigns(sandbox) == {}
    (reason,) = reasons(app)
    assert "Advanced plan" in str(reason)
    sandbox.mailerlite_plan = "advanced"
    assert asks(app) == 2
    leaves()
    assert len(letters(sandbox, ADA)) == 1


@pytest.mark.parametrize(
    ("fault", "only", "left"),
    [
        ("forbidden", "POST campaigns", "Advanced plan"),
        ("bare", "POST campaigns", "This cannot be done"),
        ("bare", "POST campaigns/*/schedule", "This cannot be done"),
    ],
)
def test_a_refusal_leaves_nothing_behind(
    app: Flask, sandbox: Sandbox, leaves: Leaves, fault: str, only: str, left: str
) -> None:
    leaves()  # the readers are on the list
    sandbox.mailerlite_fault, sandbox.mailerlite_fault_only = fault, only
    asks(app)
    leaves()

    assert states(app) == {"paid": State.REFUSED, "free": State.REFUSED}
    assert all(left in str(reason) for reason in reasons(app))
    assert campaigns(sandbox) == {}


def test_a_group_without_anybody_is_sent_nothing(
    app: Flask, sandbox: Sandbox, leaves: Leaves
) -> None:
    leaves()
    ada = asked_there(sandbox, "GET", f"/subscribers/{ADA}")["id"]
    asked_there(sandbox, "DELETE", f"/subscribers/{ada}")
    asks(app)
    leaves()

    assert states(app)["paid"] is State.EMPTY
    assert campaigns(sandbox).keys() == {"post:locked:free"}
    assert asks(app) == 1


def test_who_paid_for_something_else_makes_it_a_teaser_for_all_who_pay(
    app: Flask, sandbox: Sandbox, leaves: Leaves
) -> None:
    """They are in the same group, and a campaign can leave nobody out."""
    reads(app, "lin@example.com")
    buys(app, "lin@example.com", "guide")
    leaves()
    asks(app)
    leaves()

    assert len(letters(sandbox, "lin@example.com")) == 1
    assert LOCKED not in everything_sent(sandbox, ADA, GRACE, EDSGER, "lin@example.com")


def test_who_no_longer_pays_is_out_of_the_group_before_the_whole_post_leaves(
    app: Flask, sandbox: Sandbox, leaves: Leaves, clock: MovableClock
) -> None:
    leaves()
    clock.passes(timedelta(days=31))  # nobody has noticed yet that Ada's time is over
    sandbox.mailerlite_fault, sandbox.mailerlite_fault_only = "down", "POST batch"
    asks(app)
    leaves()
    assert sandbox.mailbox.to(ADA) == []
    assert states(app)["paid"] is State.ASKED

    sandbox.mailerlite_fault = None
    clock.passes(timedelta(hours=1))
    leaves()
    assert LOCKED not in everything_sent(sandbox, ADA, GRACE, EDSGER)


def test_a_post_that_is_taken_back_meanwhile_is_not_sent(
    app: Flask, sandbox: Sandbox, content: Path, make_app: MakeApp
) -> None:
    asks(app)
    writes(content, "locked", draft="true")
    restarted = make_app(CONTENT_DIR=str(content))
    works(restarted)

    assert "no longer published" in str(reasons(app))
    assert campaigns(sandbox) == {}


def test_what_was_deleted_there_is_asked_for_again_unless_it_may_have_been_sent(
    app: Flask, sandbox: Sandbox, leaves: Leaves, clock: MovableClock
) -> None:
    sandbox.mailerlite_fault, sandbox.mailerlite_fault_only = "down", "POST campaigns/*/schedule"
    asks(app)
    leaves()
    for campaign in campaigns(sandbox).values():
        asked_there(sandbox, "DELETE", f"/campaigns/{campaign['id']}")
    sandbox.mailerlite_fault = None
    clock.passes(10 * MINUTE)
    leaves()

    assert states(app) == {"paid": State.SCHEDULED, "free": State.SCHEDULED}
    assert "look there whether it was sent" in str(reasons(app))
    assert asks(app) == 0


def test_an_address_that_mailerlite_does_not_know_says_nothing_of_the_campaign(
    app: Flask, sandbox: Sandbox, leaves: Leaves, clock: MovableClock
) -> None:
    sandbox.mailerlite_fault, sandbox.mailerlite_fault_only = "down", "POST campaigns/*/schedule"
    asks(app)
    leaves()
    sandbox.mailerlite_fault, sandbox.mailerlite_fault_only = "missing", "GET campaigns/*"
    clock.passes(10 * MINUTE)
    leaves()
    assert "was sent" not in str(reasons(app))  # it is looked for again
    sandbox.mailerlite_fault = None
    clock.passes(timedelta(hours=2))
    leaves()

    assert set(states(app).values()) <= {State.SCHEDULED, State.SENT}
    assert reasons(app) == {None}
    assert len(letters(sandbox, ADA)) == 1


def test_a_campaign_without_groups_is_never_made(app: Flask, sandbox: Sandbox) -> None:
    letter = Letter("Hello", "<p>All</p>", "us@example.com", "Us")
    with app.app_context(), pytest.raises(ValueError, match="everybody"):
        mailerlite.client().create_campaign("post:x:free", letter, [])

    assert campaigns(sandbox) == {}
