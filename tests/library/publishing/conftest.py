"""A site with posts, and Ada, Grace and Edsger on its list, each in the group for what they pay."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from membership import clock as clocks
from membership.accounts import registration
from membership.billing import grants
from membership.db import db, transaction
from membership.newsletter import subscribers
from sandbox.server import Sandbox
from tests.conftest import MakeApp
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.mail import Work
from tests.support.mailerlite_has import set_up
from tests.support.people import ADA, EDSGER, GRACE, OLIVE, is_granted, opens_account, signs_in
from tests.support.writing import draws, writes

OPEN = "marigold"  # stands before the paywall of "locked"
LOCKED = "heliotrope"  # and this behind it
TEXT = f"""\
The {OPEN}, see [plans](/plans).

<!-- more -->

The {LOCKED}.

![A lamp](/images/lamp.png)
"""


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    folder.mkdir()
    draws(folder, "lamp.png")
    writes(folder, "locked", TEXT, title="About lamps", access="premium")
    writes(folder, "open", "For {$email} and all.\n\nThe end.", title="'{$email} for all'")
    writes(folder, "unready", "Soon.\n\nMore.", draft="true")
    return folder


@pytest.fixture
def app(make_app: MakeApp, content: Path, clock: MovableClock) -> Flask:
    app = make_app(CONTENT_DIR=str(content))
    set_up(app)
    now = clock()
    for email, ends_at in ((ADA, now + timedelta(days=30)), (EDSGER, now - timedelta(days=1))):
        reads(app, email)
        buys(app, email, ends_at=ends_at)
    reads(app, GRACE)
    return app


def reads(app: Flask, email: str) -> int:
    """Has an account and wants letters; their user's id."""
    user_id = opens_account(app, email)
    with app.app_context(), transaction() as session:
        subscribers.want_letters(session, email, clocks.now())
    return user_id


def buys(
    app: Flask, email: str, feature: str = "premium", *, ends_at: datetime | None = None
) -> None:
    """What opens a feature; for good, if no end is said."""
    with app.app_context():
        found = registration.find(db.session(), email)
        assert found
        is_granted(app, found.id, feature, ends_at=ends_at)
        with transaction() as session:
            grants.tell_newsletter(session, found.id, now=clocks.billing_now())


@pytest.fixture
def owner(app: Flask, browser: Callable[[], Browser]) -> Browser:
    """Olive, who runs the site, signed in."""
    opens_account(app, OLIVE)
    done = app.test_cli_runner().invoke(args=["owner", "add", OLIVE])
    assert done.exit_code == 0, done.output
    return signs_in(browser(), OLIVE)


@pytest.fixture
def leaves(sandbox: Sandbox, work: Work) -> Callable[[], None]:
    """All that is due is done, and what MailerLite has ready goes out."""

    def go() -> None:
        work()
        sandbox.clock.catch_up()

    return go
