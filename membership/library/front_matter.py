"""What stands above a post's text, checked: one sentence for each thing that is wrong. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import frontmatter
import yaml
from frontmatter.default_handlers import YAMLHandler

PUBLIC = "public"
MEMBERS = "members"
_FIELDS = ("title", "date", "author", "summary", "access", "tags", "draft")
_ACCESS = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


class BadFrontMatter(Exception):
    """`problems` has one sentence for each field that is missing or malformed."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


@dataclass(frozen=True)
class FrontMatter:
    """`access` is "public", "members", or the name of a feature that a plan opens."""

    title: str
    date: date
    author: str | None
    summary: str | None
    access: str
    tags: tuple[str, ...]
    draft: bool


def parse(source: str) -> tuple[FrontMatter, str]:
    """The fields and the text below them. Raises BadFrontMatter."""
    try:
        values, text = frontmatter.parse(source, handler=YAMLHandler())
    except yaml.YAMLError as error:
        line = _line_of(error)
        raise BadFrontMatter([f"the lines between --- are not YAML{line}"]) from error
    read = _Reader(values)
    fields = FrontMatter(
        title=read.words("title", needed=True) or "",
        date=read.date("date"),
        author=read.words("author"),
        summary=read.words("summary"),
        access=read.access("access"),
        tags=read.list_of_words("tags"),
        draft=read.flag("draft"),
    )
    if read.problems:
        raise BadFrontMatter(read.problems)
    return fields, text


def _line_of(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f" (line {mark.line + 2})" if mark else ""  # the first --- is line 1


class _Reader:
    """Reads values and collects what is wrong, so that one start tells all of it."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self.values = values
        # A misspelt "access" must not leave a post open.
        self.problems = [
            f"{name} is not a field; the fields are {', '.join(_FIELDS)}"
            for name in values
            if name not in _FIELDS
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

    def date(self, name: str) -> date:
        value = self.values.get(name)
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        wrong = "is missing" if value is None else "must be a day such as 2026-11-21"
        self.problems.append(f"{name} {wrong}")
        return date.min

    def access(self, name: str) -> str:
        value = self.values.get(name)
        if isinstance(value, str) and _ACCESS.fullmatch(value):
            return value
        self.problems.append(
            f"{name} must be {PUBLIC}, {MEMBERS} or the name of a feature such as premium"
        )
        return ""

    def list_of_words(self, name: str) -> tuple[str, ...]:
        value = self.values.get(name, [])
        if isinstance(value, list) and all(isinstance(v, str) and v.strip() for v in value):
            return tuple(value)
        self.problems.append(f"{name} must be a list such as [rivers, maps]")
        return ()

    def flag(self, name: str) -> bool:
        value = self.values.get(name, False)
        if isinstance(value, bool):
            return value
        self.problems.append(f"{name} must be true or false")
        return True
