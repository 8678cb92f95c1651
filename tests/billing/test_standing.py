"""Which group of the newsletter a member belongs in, when two things happen to them at once."""

import threading
from datetime import timedelta

from flask import Flask

from membership import clock as clocks
from membership.accounts.models import User
from membership.billing import comps
from membership.db import db, transaction
from membership.newsletter import subscribers
from membership.newsletter.models import Standing
from tests.support.databases import on_each_database
from tests.support.people import GRACE, opens_account


@on_each_database
def test_one_gift_ends_while_another_is_given_and_she_is_among_those_who_may_read(
    app: Flask,
) -> None:
    user_id = opens_account(app, GRACE)
    with app.app_context(), transaction() as session:
        now = clocks.billing_now() - timedelta(days=1)
        user = session.get_one(User, user_id)
        comps.give(session, user, "premium", days=None, because=None, now=now)
    ended = threading.Event()

    def gives_the_guide() -> None:
        with app.app_context():
            ended.wait(30)
            with transaction() as session:
                user, now = session.get_one(User, user_id), clocks.billing_now()
                comps.give(session, user, "guide", days=None, because=None, now=now)

    meanwhile = threading.Thread(target=gives_the_guide)
    meanwhile.start()
    with app.app_context():
        with transaction() as session:
            user, now = session.get_one(User, user_id), clocks.billing_now()
            comps.end(session, user, "premium", because=None, now=now)
            session.flush()
            ended.set()
            meanwhile.join(0.5)  # long enough for whoever does not wait
        meanwhile.join()
        subscriber = subscribers.find(db.session(), GRACE)
        assert subscriber
        assert subscriber.standing is Standing.PAID
