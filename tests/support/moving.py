"""Grace moves to another address."""

import re

from werkzeug.test import TestResponse

from sandbox.server import Sandbox
from tests.support.browser import Browser
from tests.support.mail import Work, code_for
from tests.support.people import GRACE, PASSWORD

NEW = "grace.hopper@example.com"


def asks(member: Browser, email: str = NEW, password: str = PASSWORD) -> TestResponse:
    member.get("/account/email?change=1")
    return member.submit("/account/email", action="/account/email", email=email, password=password)


def enters(member: Browser, code: str) -> TestResponse:
    return member.submit("/account/email", action="/account/email/code", code=code)


def moves(member: Browser, sandbox: Sandbox, work: Work, email: str = NEW) -> None:
    asks(member, email)
    work()
    assert enters(member, code_for(sandbox, email)).location == "/account"
    work()


def way_back(sandbox: Sandbox, email: str = GRACE) -> str:
    """The path in the notice to the address that was left."""
    found = re.search(r"/account/email/undo/\S+", sandbox.mailbox.latest(to=email).text)
    assert found
    return found[0]
