"""Has nothing come? On every page that asks it, the button below sends once more."""

from collections.abc import Callable
from datetime import timedelta

from werkzeug.test import TestResponse

from sandbox.server import Sandbox
from tests.support import moving
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.forms import form_on
from tests.support.mail import Work, mails_to

ALAN, HUGO = "alan@example.com", "hugo@example.com"
WORK = "grace.at.work@example.com"


def presses_it(person: Browser, path: str) -> TestResponse:
    section = person.get(path).text.partition("Has nothing come?")[2].partition("</section>")[0]
    form = form_on(section, path=path)
    return person.post(form.action, form.fields)


def test_the_button_sends_it_again(
    browser: Callable[[], Browser],
    grace: Browser,
    sandbox: Sandbox,
    clock: MovableClock,
    work: Work,
) -> None:
    hugo, forgetful, reader = browser(), browser(), browser()
    hugo.submit("/", action="/subscribe", email=HUGO)
    forgetful.submit("/forgot", action="/forgot", email=ALAN)
    reader.submit("/newsletter", action="/newsletter", email=WORK)
    moving.asks(grace)
    waiting = {
        "/join": (hugo, HUGO),
        "/forgot/sent": (forgetful, ALAN),
        "/newsletter/sent": (reader, WORK),
        "/account/email": (grace, moving.NEW),
    }
    for path, (person, address) in waiting.items():
        work()
        first = mails_to(sandbox, address)
        clock.passes(timedelta(minutes=2))
        assert presses_it(person, path).status_code == 303, path
        work()
        assert mails_to(sandbox, address) == [*first, first[-1]], path


def test_who_claims_is_answered_alike_and_no_mail_says_more(
    grace: Browser, sandbox: Sandbox, clock: MovableClock, work: Work
) -> None:
    grace.submit("/claim", action="/claim", email=WORK)
    clock.passes(timedelta(minutes=2))
    assert presses_it(grace, "/claim").location == "/claim"
    work()
    assert mails_to(sandbox, WORK) == []
