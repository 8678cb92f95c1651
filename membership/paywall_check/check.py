"""The whole check: a trial site, its people, everything it answers to them, and what is wrong."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from flask import Flask, current_app
from werkzeug.datastructures import Headers

from membership import config
from membership.db import db, transaction
from membership.library import locked
from membership.library.locked import Locked
from membership.library.post import MEMBERS, PUBLIC
from membership.library.posts import library
from membership.library.publishing import letters
from membership.paywall_check import crawl, faults, forms, people, stretches, trial
from membership.paywall_check.crawl import Answer
from membership.paywall_check.faults import Fault, Judge
from membership.paywall_check.forms import Form
from membership.paywall_check.people import Person

TRICKS = (
    *("/", ".md", ".json", ".txt", "/raw", "%00", "/a.css"),
    *("?format=raw", "?format=json", "?print=1", "?preview=1"),
)
# Whom a site may show more: search engines, and scripts of its own.
MASKS = (
    {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
    {"Accept": "application/json"},
    {"X-Requested-With": "XMLHttpRequest", "HX-Request": "true"},
)
MOST_SEARCHED = 200
SOURCES = ("/static/../content/posts/{}.md", "/static/..%2fcontent%2fposts%2f{}.md")
ELSEWHERE = ("/content/posts/{}.md", "/static/posts/{}.md", "/posts/{}.md")
DEBUG = Fault("the site", "everybody", "FLASK_DEBUG is on, and errors show what is in memory")


@dataclass
class Report:
    """What was looked at, and what was wrong."""

    locked: int
    guarded: int
    people: int
    answers: int = 0
    addresses: set[str] = field(default_factory=set)
    faults: dict[Fault, None] = field(default_factory=dict)

    def note(self, answer: Answer, found: Iterator[Fault]) -> None:
        self.answers += 1
        self.addresses.add(answer.address)
        self.faults.update(dict.fromkeys(found))


def run(*, with_forms: bool = False) -> Report:
    """Of the application at hand; nothing of it is written to. `with_forms`: forms are sent too."""
    in_debug = current_app.debug and not config.is_loopback(config.current().site_url)
    with trial.site(current_app.extensions["trial"]) as site:
        broken = _break(site)
        with site.app_context():
            with transaction() as rows:
                locks = locked.everything(rows)
            guards = list(crawl.guarded(site))
            sold = {lock.access for lock in locks} | {feature for _, feature in guards}
            everybody = people.everybody(site, {f for f in sold if f} - {MEMBERS, PUBLIC})
            judge = _judge(locks)
            db.session.remove()
        report = Report(len(locks), len(guards), len(everybody))
        found = _try_everything(site, everybody, judge, report)
        if with_forms:
            _try_forms(site, everybody, found, judge, report)
        _try_guards(everybody, guards, report)
        _try_tricks(everybody[0], locks, judge, report)
        _try_letters(site, everybody[0], judge, report)
        answer = crawl.ask(everybody[0], broken)
        report.note(answer, judge.of_words(answer))
    if in_debug:
        report.faults[DEBUG] = None
    return report


def _judge(locks: Sequence[Locked]) -> Judge:
    free = []
    for post in library().posts():
        free += [post.title, post.summary, post.teaser_html]
        free += [library().body(post)] if post.access == PUBLIC else []
    return Judge(locks, stretches.known_by([lock.text or "" for lock in locks], free))


def _try_everything(
    site: Flask, everybody: Sequence[Person], judge: Judge, report: Report
) -> list[Form]:
    """The forms that were found."""
    visitors: dict[str, Answer] = {}
    searches: set[str] = set()
    found: dict[tuple[str, ...], Form] = {}
    known = [*(lock.address for lock in judge.locked), *crawl.files(site)]
    for answer in crawl.crawl(site, everybody, known):
        report.note(answer, judge.of_words(answer))
        searches.update(crawl.searches(answer))
        for form in forms.found_on(answer):
            found.setdefault((form.address, *(name for name, _ in form.fields)), form)
        if answer.person.feed:
            continue
        if not answer.person.is_member:
            visitors = {answer.address: answer}
        else:
            report.note(answer, faults.of_caches(answer, visitors[answer.address]))
    browsers = [person for person in everybody if not person.feed]
    for lock in judge.locked:
        _try_cached(browsers, lock, report)
    for search in sorted(searches):
        _try_search(browsers, search, judge, report)
    return list(found.values())


def _try_forms(
    site: Flask, everybody: Sequence[Person], found: list[Form], judge: Judge, report: Report
) -> None:
    guards = dict(crawl.guarded(site, "POST"))
    members = [person for person in everybody if person.is_member and not person.feed]
    seen = {form.path for form in found}
    to_send = [*found, *(form for form in forms.of_routes(site) if form.path not in seen)]
    for person in (people.with_cookies(site, everybody[0]), *members):
        for form in to_send:
            for answer in forms.send(site, person, form):
                report.note(answer, judge.of_words(answer))
                if answer.address in guards and answer.address == form.address:
                    report.note(answer, faults.of_a_guarded_post(answer, guards[form.address]))


def _try_cached(everybody: Sequence[Person], lock: Locked, report: Report) -> None:
    """HEAD says what GET says; what one has in a cache is not confirmed to another."""
    for person in everybody:
        answer = crawl.ask(person, lock.address)
        head = crawl.ask(person, lock.address, method="HEAD")
        report.note(head, faults.of_a_head(head, answer))
        etag, modified = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
        if not person.may_have(lock.access) or not (etag or modified):
            continue
        asked = {"If-None-Match": etag or "", "If-Modified-Since": modified or ""}
        again = crawl.ask(everybody[0], lock.address, headers={k: v for k, v in asked.items() if v})
        report.note(again, faults.of_a_confirmation(again))


def _try_search(everybody: Sequence[Person], search: str, judge: Judge, report: Report) -> None:
    """By words that only a locked text has; fewer than would be taken for the text itself, because
    a page repeats what it was asked for."""
    for lock, runs in list(zip(judge.locked, judge.known.of, strict=True))[:MOST_SEARCHED]:
        for words in sorted(runs)[:1]:
            for person in everybody:
                answer = crawl.ask(person, search + quote(" ".join(words[1:-1] or words)))
                report.note(answer, judge.of_words(answer))
                report.note(answer, faults.of_search(answer, lock))


def _try_guards(
    everybody: Sequence[Person], guards: Sequence[tuple[str, str]], report: Report
) -> None:
    for address, feature in guards:
        for person in (person for person in everybody if not person.feed):
            answer = crawl.ask(person, address)
            report.note(answer, faults.of_guard(answer, feature))


def _try_tricks(visitor: Person, locks: Sequence[Locked], judge: Judge, report: Report) -> None:
    """Other names for the same, for the file that a text was made from, and for who asks."""
    for lock in locks:
        name = lock.address.rpartition("/")[2]
        tricks = [lock.address + trick for trick in TRICKS]
        tricks += [source.format(name) for source in (*SOURCES, *ELSEWHERE)]
        asks: list[tuple[str, dict[str, str]]] = [(address, {}) for address in tricks]
        asks += [(lock.address, mask) for mask in MASKS]
        for address, headers in asks:
            answer = crawl.ask(visitor, address, headers=headers)
            report.note(answer, judge.of_words(answer))


def _try_letters(site: Flask, visitor: Person, judge: Judge, report: Report) -> None:
    """What a post says where it is sent to those who do not pay for it."""
    reader = replace(visitor, name="who does not pay")
    sent = Headers({"Cache-Control": "private"})  # a mail is kept by whom it was sent to
    with site.app_context():
        for post in library().posts():
            letter = letters.of(post, whole=False)
            text = f"{letter.subject}\n{letter.html}"
            answer = Answer(f"the letter of the post {post.slug}", reader, 200, sent, text)
            report.note(answer, judge.of_words(answer))


def _break(site: Flask) -> str:
    """A page that breaks with every locked text at hand; its address."""
    address = f"/{secrets.token_hex(8)}"

    def breaks() -> str:
        with site.app_context(), transaction() as rows:
            raise RuntimeError(" ".join(lock.text or "" for lock in locked.everything(rows)))

    site.add_url_rule(address, "trial.breaks", breaks)
    return address
