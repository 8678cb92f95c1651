"""Every form of the site, sent once by everybody: what is answered to POST may tell what no page
does. Whatever else takes a POST is sent one without fields.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import urljoin, urlsplit

from flask import Flask, session
from flask_wtf.csrf import generate_csrf

from membership import config
from membership.paywall_check import crawl, people
from membership.paywall_check.crawl import Answer
from membership.paywall_check.people import Person

TYPED = "made up"
TYPED_AS = {"email": "made.up@trial.invalid", "number": "1", "password": "made up by a trial"}
CSRF = "csrf_token"
_FIELD = re.compile(r"<(?:input|textarea|select|button)\b([^>]*)")
_ATTRIBUTE = re.compile(r"""(?<![\w-])(action|method|name|type|value)=["']([^"']*)["']""")


@dataclass(frozen=True)
class Form:
    """`fields` as they stand there; what is empty has been filled with something."""

    address: str
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> str:
        return urlsplit(self.address).path


def found_on(answer: Answer) -> Iterator[Form]:
    site = config.current().site_url
    for head, inside in crawl.FORM.findall(answer.text):
        about = dict(_ATTRIBUTE.findall(head))
        leads_to = urljoin(f"{site}{answer.address}", unescape(about.get("action", "")))
        if about.get("method", "").lower() == "post" and leads_to.startswith(f"{site}/"):
            yield Form(leads_to.removeprefix(site), tuple(sorted(_filled(inside).items())))


def of_routes(trial: Flask) -> Iterator[Form]:
    return (Form(address) for address in crawl.posted_to(trial))


def send(trial: Flask, person: Person, form: Form) -> Iterator[Answer]:
    """As their browser would, signed in anew whatever they sent before; with the page that it leads
    to."""
    site = config.current().site_url
    with trial.test_request_context(base_url=site):
        token, secret = generate_csrf(), session[CSRF]
    people.sign_in(trial, person)
    with person.client.session_transaction(base_url=site) as cookie:
        cookie[CSRF] = secret
    fields, came_from = {**dict(form.fields), CSRF: token}, {"Referer": f"{site}/"}
    answer = crawl.ask(person, form.address, method="POST", data=fields, headers=came_from)
    yield answer
    leads_to = urljoin(f"{site}{form.address}", answer.headers.get("Location", form.address))
    if answer.is_way_in and leads_to.startswith(f"{site}/"):
        yield crawl.ask(person, leads_to.removeprefix(site))


def _filled(inside: str) -> dict[str, str]:
    fields = {}
    for field in _FIELD.findall(inside):
        about = dict(_ATTRIBUTE.findall(field))
        if about.get("name"):
            typed = TYPED_AS.get(about.get("type", ""), TYPED)
            fields[unescape(about["name"])] = unescape(about.get("value", "")) or typed
    fields.pop(CSRF, None)
    return fields
