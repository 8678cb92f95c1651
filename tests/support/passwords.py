"""Forgotten and changed passwords, as people go about them."""

import re
from http import HTTPStatus

from werkzeug.test import TestResponse

from sandbox.server import Sandbox
from tests.support.browser import Browser
from tests.support.mail import Work
from tests.support.people import PASSWORD

NEW = "seven herons on a frozen canal"


def asks_for_link(browser: Browser, email: str) -> TestResponse:
    return browser.submit("/forgot", action="/forgot", email=email)


def link_in_mail(sandbox: Sandbox, email: str) -> str:
    """The path of the link in the newest mail to this address."""
    found = re.search(r"http://[^/\s]+(/reset/\S+)", sandbox.mailbox.latest(to=email).text)
    assert found, sandbox.mailbox.latest(to=email).text
    return found[1]


def gets_link(browser: Browser, work: Work, sandbox: Sandbox, email: str) -> str:
    """Ask for it, and look into the mail: the link's path."""
    answer = asks_for_link(browser, email)
    assert answer.status_code == HTTPStatus.SEE_OTHER, answer.text
    work()
    return link_in_mail(sandbox, email)


def sets_by_link(browser: Browser, link: str, password: str = NEW) -> TestResponse:
    return browser.submit(link, action=link, password=password)


def changes(browser: Browser, new: str = NEW, current: str = PASSWORD) -> TestResponse:
    return browser.submit(
        "/account/password", action="/account/password", password=current, new_password=new
    )


def can_sign_in(browser: Browser, email: str, password: str) -> bool:
    answer = browser.submit("/login", action="/login", email=email, password=password)
    return answer.status_code == HTTPStatus.SEE_OTHER
