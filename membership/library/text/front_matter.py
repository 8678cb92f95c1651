"""What stands above a post's text, checked: one sentence for each thing that is wrong. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime

import frontmatter

from membership.library.post import MEMBERS, PUBLIC, address_of
from membership.library.text.source import UnfitFile
from membership.library.text.strict_yaml import FrontMatterHandler, NotYaml

Day = date  # a post has a date
_ACCESS = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


@dataclass(frozen=True)
class FrontMatter:
    """`access` is "public", "members", or the name of a feature that a plan opens.

    `image` is the address of the picture above the text, and `image_alt` what it shows; they come
    together or not at all. `updated` is the day of the last change, not before `date`.
    """

    title: str
    date: date
    updated: Day | None
    author: str | None
    summary: str | None
    image: str | None
    image_alt: str | None
    access: str
    tags: tuple[str, ...]
    draft: bool


def parse(source: str) -> tuple[FrontMatter, str]:
    """A post's fields, and the text below them. Raises UnfitFile."""
    values, text = split(source)
    read = Fields(values, tuple(field.name for field in fields(FrontMatter)))
    told = FrontMatter(
        title=read.words("title", needed=True) or "",
        date=read.date("date", needed=True) or date.min,
        updated=read.date("updated"),
        author=read.words("author"),
        summary=read.words("summary"),
        image=read.words("image"),
        image_alt=read.words("image_alt"),
        access=read.access("access"),
        tags=read.tags("tags"),
        draft=read.flag("draft"),
    )
    if not read.problems:
        read.problems += _at_odds(told)
    if read.problems:
        raise UnfitFile(read.problems)
    return told, text


def split(source: str) -> tuple[dict[str, object], str]:
    """The values between the lines ---, and the text below them. Raises UnfitFile."""
    try:
        values, text = frontmatter.parse(source, handler=FrontMatterHandler())
    except NotYaml as error:
        raise UnfitFile([f"the lines between --- are not YAML{_place(error)}"]) from error
    return values, text


def _at_odds(fields: FrontMatter) -> list[str]:
    """What is right by itself and wrong beside another."""
    problems = []
    if fields.image and not fields.image_alt:
        problems.append("image needs image_alt: what the picture shows, for who cannot see it")
    if fields.image_alt and not fields.image:
        problems.append("image_alt describes a picture, and there is no image")
    if fields.updated and fields.updated < fields.date:
        problems.append("updated is before date")
    return problems


def _place(error: NotYaml) -> str:
    if error.line is None:
        return ", or one of them is no value: a day that does not exist, for one"
    return f" (line {error.line + 1})"  # the first --- is line 1


class Fields:
    """Reads values and collects what is wrong, so that one start tells all of it."""

    def __init__(self, values: Mapping[str, object], known: tuple[str, ...]) -> None:
        self.values = values
        # A misspelt "access" must not leave a post open.
        self.problems = [
            f"{name} is not a field; the fields are {', '.join(known)}"
            for name in values
            if name not in known
        ]

    def words(self, name: str, *, needed: bool = False) -> str | None:
        value = self.values.get(name)
        if value is None and not needed:
            return None
        if value is None:
            self.problems.append(f"{name} is missing")
        elif not isinstance(value, str) or not value.strip():
            self.problems.append(f"{name} must be words (in quotes if they look like a number)")
        else:
            return " ".join(value.split())
        return None

    def date(self, name: str, *, needed: bool = False) -> date | None:
        value = self.values.get(name)
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        if value is not None:
            self.problems.append(f"{name} must be a day such as 2026-11-21")
        elif needed:
            self.problems.append(f"{name} is missing")
        return None

    def access(self, name: str) -> str:
        value = self.values.get(name)
        if isinstance(value, str) and _ACCESS.fullmatch(value):
            return value
        self.problems.append(
            f"{name} must be {PUBLIC}, {MEMBERS} or the name of a feature such as premium"
        )
        return ""

    def tags(self, name: str) -> tuple[str, ...]:
        value = self.values.get(name, [])
        if isinstance(value, list) and all(isinstance(v, str) and address_of(v) for v in value):
            return tuple(" ".join(v.split()) for v in value)
        self.problems.append(f"{name} must be a list such as [rivers, maps]")
        return ()

    def flag(self, name: str) -> bool:
        value = self.values.get(name, False)
        if isinstance(value, bool):
            return value
        self.problems.append(f"{name} must be true or false")
        return True
