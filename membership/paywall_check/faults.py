"""What is wrong with an answer, in a sentence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from membership.library.locked import Locked
from membership.paywall_check import stretches
from membership.paywall_check.crawl import Answer
from membership.paywall_check.stretches import Stretches

QUOTED = 2  # stretches of one text that a fault quotes


@dataclass(frozen=True)
class Fault:
    address: str
    person: str
    what: str

    def __str__(self) -> str:
        return f"{self.address}, to {self.person}: {self.what}"


@dataclass(frozen=True)
class Judge:
    """Knows every locked text by its stretches."""

    locked: Sequence[Locked]
    known: Stretches

    def of_words(self, answer: Answer) -> Iterator[Fault]:
        """What this person was told and may not have, what they may have and a cache may keep, and
        what they may have and did not get at its own address."""
        said = stretches.said_in(answer.said, self.known.lengths)
        told = False
        for locked, runs in zip(self.locked, self.known.of, strict=True):
            found = said & runs
            told = told or bool(found)
            if found and not answer.person.may_have(locked.access):
                quoted = " … ".join(" ".join(run) for run in sorted(found)[:QUOTED])
                yield _fault(answer, f"tells of {locked.name}: “{quoted}”")
            if locked.address == answer.address:
                yield from _of_its_address(answer, locked, whole=runs <= said)
        if told and answer.kept_by_others:
            yield _fault(answer, "has locked text, and Cache-Control is not no-store or private")


def _of_its_address(answer: Answer, locked: Locked, *, whole: bool) -> Iterator[Fault]:
    if not answer.person.may_have(locked.access):
        if locked.text is None and not answer.is_refusal:
            yield _fault(answer, f"{locked.name} is open to who may not have it")
    elif answer.is_refusal:
        yield _fault(answer, f"{locked.name} is shut to who may have it")
    elif not whole:
        yield _fault(answer, f"{locked.name} is not whole for who may have it")


def of_guard(answer: Answer, feature: str) -> Iterator[Fault]:
    """A route behind `@requires`: a visitor is led to sign in, a member without it gets 402."""
    person = answer.person
    if person.may_have(feature):
        if answer.status in (401, 402, 403) or "/login?" in answer.headers.get("Location", ""):
            yield _fault(answer, f"is shut to who has {feature}: {answer.status}")
    elif person.is_member and answer.status != 402:
        yield _fault(answer, f"needs {feature}, and answers {answer.status} instead of 402")
    elif not person.is_member and not answer.is_refusal:
        yield _fault(answer, f"needs {feature}, and answers {answer.status} to who is nobody")


def of_a_guarded_post(answer: Answer, feature: str) -> Iterator[Fault]:
    """The same of what is sent there, by who may not."""
    if not answer.person.may_have(feature):
        yield from of_guard(answer, feature)


def of_caches(answer: Answer, visitors: Answer) -> Iterator[Fault]:
    """A cache between them must not show the one what was made for the other."""
    if not answer.person.is_member or answer.text == visitors.text:
        return
    if answer.kept_by_others:
        yield _fault(answer, "differs from a visitor’s, and Cache-Control lets others keep it")
    if visitors.kept_by_others and "cookie" not in visitors.headers.get("Vary", "").lower():
        yield _fault(visitors, "differs from a member’s, and has no Vary: Cookie")


def of_a_head(head: Answer, answer: Answer) -> Iterator[Fault]:
    if head.text:
        yield _fault(head, "HEAD has a text")
    if head.status != answer.status:
        yield _fault(head, f"HEAD answers {head.status}, and GET {answer.status}")
    if head.kept_by_others and not answer.kept_by_others:
        yield _fault(head, "HEAD lets others keep what GET does not")


def _fault(answer: Answer, what: str) -> Fault:
    return Fault(answer.address, answer.person.name, what)


def of_search(answer: Answer, locked: Locked) -> Iterator[Fault]:
    """Asked for words that stand in this text alone."""
    if f'href="{locked.address}"' in answer.text and not answer.person.may_have(locked.access):
        yield _fault(answer, f"finds {locked.name} by words of it that are locked")


def of_a_confirmation(answer: Answer) -> Iterator[Fault]:
    """Asked with the ETag of somebody who may have it."""
    if answer.status == 304:
        yield _fault(answer, "confirms that it is what a member was given")
