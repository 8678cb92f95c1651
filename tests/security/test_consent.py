"""What somebody agreed to is theirs: no stranger changes it, and nobody reads what they never asked
for."""

from datetime import timedelta

from flask import Flask

from membership.newsletter.consents import Place
from sandbox.server import Sandbox
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mail import Work, code_for
from tests.support.readers import HUGO, consents_of

WEEK = timedelta(days=7)


@on_each_database
def test_what_a_stranger_asked_long_ago_is_no_key_to_what_is_asked_later(
    app: Flask, site_url: str, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    """On SQLite the number of a row that went is given out again."""
    hugo = Browser(app, site_url, address="198.51.100.1")
    stranger = Browser(app, site_url, address="203.0.113.9")
    stranger.submit("/", action="/subscribe", email=HUGO)
    clock.passes(WEEK + timedelta(hours=1))
    work()
    assert consents_of(app, HUGO) == []
    hugo.submit("/", action="/subscribe", email=HUGO, place="subscribe page")
    clock.passes(timedelta(minutes=2))
    stranger.submit("/", action="/subscribe", email=HUGO)
    work()
    hugo.submit("/join", action="/join", code=code_for(sandbox, HUGO))
    (his,) = [row for row in consents_of(app, HUGO) if row.proven_at]
    assert (his.place, his.ip) == (Place.SUBSCRIBE, "198.51.100.1")
