"""One trial a person, whatever the plan, the spelling of the address, or the account."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import delete, update

from membership import clock
from membership.accounts.models import User
from membership.billing import trials
from membership.billing.models import Customer, Subscription, TrialTaken
from membership.db import changed, transaction
from sandbox.server import Sandbox
from sandbox.stripe import subscriptions
from tests.support.browser import Browser, Elsewhere
from tests.support.databases import on_each_database
from tests.support.links import payment_link, pays_by_link
from tests.support.mail import Work
from tests.support.paying import chooses, copy_catalogue, offers_trial, pays
from tests.support.people import GRACE, opens_account, signs_in

pytestmark = pytest.mark.usefixtures("listening", "trial")


@pytest.fixture
def trial(app: Flask, sandbox: Sandbox) -> None:
    copy_catalogue(app)
    offers_trial(app, sandbox, days=7)


def offered(member: Browser) -> bool:
    return "days free" in member.get("/plans").text


def tried_and_left(
    member: Browser, app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, work: Work
) -> None:
    pays(elsewhere, chooses(member, app))
    work()
    (tried,) = sandbox.account.all("subscription", status="trialing")
    subscriptions.end(sandbox.account, tried)
    work()


def opens_and_signs_in(app: Flask, site_url: str, email: str) -> Browser:
    opens_account(app, email)
    return signs_in(Browser(app, site_url), email)


@on_each_database
def test_whoever_tried_one_plan_is_offered_none_of_the_others(
    grace: Browser, app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, work: Work
) -> None:
    assert offered(grace)
    tried_and_left(grace, app, elsewhere, sandbox, work)
    assert not offered(grace)
    pays(elsewhere, chooses(grace, app, "yearly"))
    work()
    assert [s["status"] for s in sandbox.account.all("subscription")] == ["canceled", "active"]


@on_each_database
@pytest.mark.parametrize("spelling", ["grace+again@example.com", "Grace+2@example.com"])
def test_the_same_person_with_another_account_is_offered_none(
    grace: Browser,
    app: Flask,
    elsewhere: Elsewhere,
    sandbox: Sandbox,
    work: Work,
    site_url: str,
    spelling: str,
) -> None:
    tried_and_left(grace, app, elsewhere, sandbox, work)
    assert not offered(opens_and_signs_in(app, site_url, spelling.lower()))
    assert offered(opens_and_signs_in(app, site_url, "ada@example.com"))


def test_it_is_remembered_when_the_account_is_gone(
    grace: Browser, app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, work: Work, site_url: str
) -> None:
    """Her customer is a tombstone, and nothing of hers is left; then she comes back."""
    tried_and_left(grace, app, elsewhere, sandbox, work)
    with app.app_context(), transaction() as session:
        changed(session, update(Customer).values(user_id=None, bound_by=None, email=None))
        changed(session, delete(Subscription))
        changed(session, update(User).values(email="gone@example.invalid"))
        (kept,) = session.query(TrialTaken).all()
        assert GRACE.partition("@")[0] not in kept.address_hash
    assert not offered(opens_and_signs_in(app, site_url, GRACE))


def test_a_trial_before_having_an_account_counts(
    app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, work: Work, site_url: str
) -> None:
    """A payment link with a trial of its own: whoever joins with that address has had theirs."""
    pays_by_link(elsewhere, payment_link(app, sandbox), email="early@example.com")
    work()
    (sold,) = sandbox.account.all("subscription")
    sandbox.account.save({**sold, "trial_end": sold["created"] + 1, "status": "canceled"})
    sandbox.account.emit("customer.subscription.updated", sold)
    work()
    assert not offered(opens_and_signs_in(app, site_url, "early+news@example.com"))


def test_it_is_remembered_when_the_secret_key_was_changed(make_app: Callable[..., Flask]) -> None:
    old, new = "k" * 32, "n" * 32
    before = make_app(SECRET_KEY=old)
    grace = opens_account(before, GRACE)
    with before.app_context(), transaction() as session:
        trials.remember(session, [GRACE], clock.now())
    with make_app(SECRET_KEY=new).app_context():
        assert not trials.had_trial(grace)
    with make_app(SECRET_KEY=new, SECRET_KEY_FALLBACKS=old).app_context():
        assert trials.had_trial(grace)
