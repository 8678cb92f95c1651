"""The people of the town, and the diary of what they did: all that the model is told of them."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlsplit

import requests
from sqlalchemy import select

from membership.accounts.models import User
from membership.billing import references
from membership.db import db
from tests.support.browser import Elsewhere
from tests.support.mail import code_in
from tests.support.people import PASSWORD
from tests.support.site import soon
from tests.torture import model, peace, shop
from tests.torture.facts import Answer, Comp, Deeds
from tests.torture.town import Town

_FIRST = (
    *("ada", "grace", "edsger", "alan", "barbara", "donald", "frances", "john", "katherine"),
    *("linus", "margaret", "niklaus", "radia", "tim", "vint", "adele", "dennis", "evelyn"),
    *("fernando", "sophie"),
)
NAMES = (*_FIRST, *(f"{name}{number}" for number in range(2, 51) for name in _FIRST))
SAID: dict[int, Answer] = {HTTPStatus.OK: Answer.OPEN, HTTPStatus.PAYMENT_REQUIRED: Answer.SHUT}
TRIES = 6  # before a person gives up on a site that is being killed
Done = TypeVar("Done")


@dataclass
class Diary:
    """See `facts.Deeds`. `paid_by` says who stands behind a customer at Stripe, or a session;
    `had` what was given to somebody at any time."""

    members: dict[str, str] = field(default_factory=dict)
    began: dict[str, str] = field(default_factory=dict)
    signed: dict[str, str] = field(default_factory=dict)
    said: dict[str, str | None] = field(default_factory=dict)
    comps: dict[str, Comp] = field(default_factory=dict)
    paid_by: dict[str, str] = field(default_factory=dict)
    had: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def gives(self, key: str, name: str) -> None:
        """By a word of the owner's, or a claim that was proven."""
        self.said[key] = name
        self.had[name].add(key)

    def deeds(self) -> Deeds:
        return Deeds(self.members, self.began, self.signed, self.said, [*self.comps.values()])


@dataclass
class Person:
    name: str
    town: Town
    diary: Diary
    meets: Callable[[str], "Person"]  # somebody else, by name
    browser: Elsewhere = field(default_factory=Elsewhere)
    open_sessions: list[str] = field(default_factory=list)  # Stripe's pages, not paid yet

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"

    @property
    def other_email(self) -> str:
        """Theirs too, and nobody's account."""
        return f"{self.name}@work.example.com"

    @property
    def neighbour(self) -> "Person":
        return self.meets(NAMES[(NAMES.index(self.name) + 1) % len(NAMES)])

    @property
    def is_member(self) -> bool:
        return self.name in self.diary.members

    # On the site

    def joins(self) -> None:
        """With a code; and when the site dies under it, again, or by signing in."""
        if not self.is_member and (self._joins() or self._signs_in()):
            self.diary.members[self.name] = self.email

    def _joins(self) -> bool:
        url, address = self.town.url, self.email
        had = len(self.town.mails(address))
        self.patiently(lambda: self.browser.submit(f"{url}/", action="/subscribe", email=address))
        self.town.work()
        soon(lambda: len(self.town.mails(address)) > had)
        answer = self.patiently(
            lambda: self.browser.submit(
                f"{url}/join",
                action="/join",
                code=code_in(self.town.mails(address)[-1]),
                password=PASSWORD,
            )
        )
        return answer.status_code == HTTPStatus.SEE_OTHER

    def _signs_in(self) -> bool:
        answer = self.patiently(
            lambda: self.browser.submit(
                f"{self.town.url}/login", action="/login", email=self.email, password=PASSWORD
            )
        )
        return answer.status_code == HTTPStatus.SEE_OTHER

    def reads(self) -> Answer | int:
        """What `/premium` answers: a status that is neither yes nor no stays a number."""
        status = self.patiently(lambda: self._get("/premium")).status_code
        return SAID.get(status, status)

    def looks_at(self, path: str) -> None:
        self.patiently(lambda: self._get(path))

    def begins(self, price: str) -> str | None:
        """Press the button of a price; the address of Stripe's page, None when not sold."""
        wanted = shop.price_id(self.town.sandbox, price)
        try:
            answer = self.patiently(
                lambda: self.browser.submit(
                    f"{self.town.url}/plans", action="/checkout", having={"price": wanted}
                )
            )
        except LookupError:  # the page has no such button, or is an error at the moment
            return None
        place = answer.headers.get("Location", "")
        if not place.startswith(f"{self.town.sandbox.url}/pay/"):
            return None
        self.diary.began[urlsplit(place).path.rpartition("/")[2]] = self.name
        self.open_sessions.append(place)
        return place

    def comes_back(self, way_back: str) -> None:
        """To where Stripe's page leads."""
        if way_back.startswith(self.town.url):
            self.looks_at(way_back.removeprefix(self.town.url))

    def claims(self) -> list[str]:
        """Claim what was paid with their other address; what that was, in the model's eyes."""
        waiting = self.unclaimed()
        had = len(self.town.mails(self.other_email))
        if not self._asks_for_a_code(self.other_email):
            return []  # asked a moment ago
        peace.settle(self.town)
        codes = self.town.mails(self.other_email)[had:]
        if bool(codes) is not bool(waiting):
            self.town.complain("claim", f"{self.name} claims {waiting}, and is sent {codes}")
        if codes and self._enters(code_in(codes[-1])) != HTTPStatus.SEE_OTHER:
            self.town.complain(
                "claim", f"{self.name} cannot claim {waiting} with a code that is right"
            )
        return waiting if codes else []

    def claims_in_vain(self, somebody: "Person") -> None:
        """What somebody else paid, with a code that was never seen."""
        if self._asks_for_a_code(somebody.other_email):
            answer = self._enters("271828")
            if answer == HTTPStatus.SEE_OTHER:
                self.town.complain("claim", f"{self.name} claims with a code that was made up")

    def unclaimed(self) -> list[str]:
        """What they paid with their other address, and is nobody's."""
        stripe, deeds = self.town.api.everything(), self.diary.deeds()
        return [
            key
            for key in model.keys(stripe)
            if model.payments_are_ours(key, stripe)
            and model.owner_of(key, stripe, deeds) is None
            and model.same_address(model.payer(key, stripe) or "", self.other_email)
        ]

    def _asks_for_a_code(self, address: str) -> bool:
        answer = self.patiently(
            lambda: self.browser.submit(
                f"{self.town.url}/claim?change=1", action="/claim", email=address
            )
        )
        return answer.status_code == HTTPStatus.SEE_OTHER

    def _enters(self, code: str) -> int:
        return self.patiently(
            lambda: self.browser.submit(
                f"{self.town.url}/claim", action="/claim", having={"code": ""}, code=code
            )
        ).status_code

    def reference(self) -> str | None:
        """What the site would sign for this member."""
        with self.town.app.app_context():
            user = db.session.scalar(select(User).where(User.email == self.email))
            db.session.rollback()
            if user is None:
                return None
            key = self.town.app.config["SECRET_KEY"]
            signed = references.make(key, user.id, user.created_at)
        self.diary.signed[signed] = self.name
        return signed

    def forges_reference(self) -> str | None:
        """Their neighbour's, signed by themselves."""
        signed = self.neighbour.reference()
        return f"{signed.rpartition('-')[0]}-{'0' * 32}" if signed else None

    def patiently(self, act: Callable[[], Done]) -> Done:
        """Again, when the site was killed meanwhile."""
        for _ in range(TRIES):
            try:
                return act()
            except requests.RequestException:
                self.town.revive()
        return act()

    def _get(self, path: str) -> requests.Response:
        return self.browser.session.get(f"{self.town.url}{path}", allow_redirects=False, timeout=20)

    # On Stripe's pages

    def pays(self, page: str, *, card: str, email: str | None = None) -> str | None:
        """Fill in the page; where it leads then, None when it was not paid."""
        typed = {"card": card} | ({"email": email} if email else {})
        try:
            answer = self.browser.submit(page, action=None, having=None, **typed)
        except LookupError:  # no form: paid already, or too late
            return None
        if page in self.open_sessions:
            self.open_sessions.remove(page)
        return answer.headers.get("Location")
