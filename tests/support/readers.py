"""Hugo reads the letters and has no account."""

import re

from flask import Flask
from sqlalchemy import select

from membership.db import db
from membership.newsletter.consents import Consent
from sandbox.server import Sandbox
from tests.support.browser import Browser
from tests.support.mail import Work, code_for

HUGO = "hugo@example.com"


def subscribes(browser: Browser, sandbox: Sandbox, work: Work, email: str = HUGO) -> None:
    """By the form on the home page, and the code alone."""
    browser.submit("/", action="/subscribe", email=email)
    work()
    browser.submit("/join", action="/join", code=code_for(sandbox, email))
    work()


def link_for(sandbox: Sandbox, email: str = HUGO) -> str:
    """The path in the newest mail to this address."""
    found = re.search(r"/newsletter/link/\S+", sandbox.mailbox.latest(to=email).text)
    assert found
    return found[0]


def opens_page(browser: Browser, sandbox: Sandbox, work: Work, email: str = HUGO) -> str:
    """Asks for the link, follows it and presses its button; what the page says."""
    browser.submit("/newsletter", action="/newsletter", email=email)
    work()
    path = link_for(sandbox, email)
    return browser.follow(browser.submit(path, action=path)).text


def consents_of(app: Flask, email: str | None) -> list[Consent]:
    with app.app_context():
        rows = select(Consent).where(Consent.email == email).order_by(Consent.at, Consent.id)
        return list(db.session.scalars(rows))
