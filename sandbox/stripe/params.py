"""Parameters: what each route takes, read from text into values, all else refused.

A route's parameters are a table of names and readers. A reader turns what the form held (text, or
a nested table) into a value, and raises Stripe's own refusal when it cannot. An empty text unsets:
it is read as None.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sandbox.stripe import errors

Raw = str | Mapping[str, Any]
DECIMAL = re.compile(r"-?\d{1,12}(\.\d{1,12})?", re.ASCII)
MAX_INTEGER = 99_999_999_999
LONGEST_INDEX = 9  # digits
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


class Reader(Protocol):
    @property
    def required(self) -> bool: ...

    def read(self, raw: Raw, name: str) -> Any: ...


Table = Mapping[str, Reader]


def read_all(table: Table, raw: Mapping[str, Any], inside: str = "") -> dict[str, Any]:
    """Values by name; a name that was not given is not there."""
    for name in raw:
        if name not in table:
            raise errors.unknown(_path(inside, name))
    for name, reader in table.items():
        if reader.required and name not in raw:
            raise errors.missing(_path(inside, name))
    return {name: table[name].read(value, _path(inside, name)) for name, value in raw.items()}


def _path(inside: str, name: str) -> str:
    return f"{inside}[{name}]" if inside else name


@dataclass(frozen=True)
class Text:
    longest: int = 5000
    required: bool = False

    def read(self, raw: Raw, name: str) -> str | None:
        if not isinstance(raw, str):
            raise errors.invalid("Invalid string: must be a single value.", name)
        if len(raw) > self.longest:
            raise errors.invalid(
                f"Invalid string: {raw[:20]}...; must be at most {self.longest} characters",
                name,
                "parameter_invalid_string",
            )
        if not raw and self.required:
            raise errors.empty(name)
        return raw or None


@dataclass(frozen=True)
class Email(Text):
    longest: int = 512

    def read(self, raw: Raw, name: str) -> str | None:
        email = super().read(raw, name)
        if email is not None and not EMAIL.fullmatch(email):
            raise errors.invalid(f"Invalid email address: {email}", name, "email_invalid")
        return email


@dataclass(frozen=True)
class Choice:
    options: tuple[str, ...]
    required: bool = False

    def read(self, raw: Raw, name: str) -> str | None:
        if raw == "" and not self.required:
            return None
        if not isinstance(raw, str) or raw not in self.options:
            last = self.options[-1]
            rest = ", ".join(self.options[:-1])
            options = f"{rest}, or {last}" if rest else last
            raise errors.invalid(f"Invalid {name}: must be one of {options}", name)
        return raw


def choice(*options: str, required: bool = False) -> Choice:
    return Choice(options, required)


@dataclass(frozen=True)
class Integer:
    least: int = 0
    most: int = MAX_INTEGER
    required: bool = False

    def read(self, raw: Raw, name: str) -> int | None:
        if raw == "" and not self.required:
            return None
        if not isinstance(raw, str) or not raw.removeprefix("-").isdecimal() or not raw.isascii():
            raise errors.invalid(f"Invalid integer: {raw}", name, "parameter_invalid_integer")
        value = int(raw) if len(raw) <= 20 else MAX_INTEGER + 1
        if not self.least <= value <= self.most:
            bound = (
                f"greater than or equal to {self.least}"
                if value < self.least
                else f"less than or equal to {self.most}"
            )
            raise errors.invalid(f"This value must be {bound}.", name, "parameter_invalid_integer")
        return value


@dataclass(frozen=True)
class Number:
    """A number with a fraction, above `over` and up to `most`: `percent_off`."""

    over: float
    most: float
    required: bool = False

    def read(self, raw: Raw, name: str) -> float | None:
        if raw == "" and not self.required:
            return None
        if not isinstance(raw, str) or not DECIMAL.fullmatch(raw):
            raise errors.invalid(f"Invalid decimal: {raw}", name, "parameter_invalid_decimal")
        value = float(raw)
        if not self.over < value <= self.most:
            raise errors.invalid(
                f"This value must be greater than {self.over:g} and at most {self.most:g}.", name
            )
        return value


@dataclass(frozen=True)
class Flag:
    required: bool = False

    def read(self, raw: Raw, name: str) -> bool | None:
        if raw == "" and not self.required:
            return None
        if raw not in ("true", "false"):
            raise errors.invalid(f"Invalid boolean: {raw}", name)
        return raw == "true"


@dataclass(frozen=True)
class Either:
    """One of several words, or an integer: `cancel_at`, `trial_end`."""

    words: tuple[str, ...]
    number: Integer = field(default_factory=Integer)
    required: bool = False

    def read(self, raw: Raw, name: str) -> str | int | None:
        return raw if isinstance(raw, str) and raw in self.words else self.number.read(raw, name)


@dataclass(frozen=True)
class Metadata:
    """Read as text by key; a key unset is an empty text, and the whole unset is None."""

    required: bool = False

    def read(self, raw: Raw, name: str) -> dict[str, str] | None:
        if raw == "":
            return None
        if isinstance(raw, str) or not all(isinstance(value, str) for value in raw.values()):
            raise errors.invalid("Invalid object: metadata is a set of keys and texts.", name)
        for key, value in raw.items():
            self._measure(key, value, name)
        if len(raw) > 50:
            raise errors.invalid("Metadata can have at most 50 keys.", name)
        return dict(raw)

    def _measure(self, key: str, value: str, name: str) -> None:
        if len(key) > 40:
            raise errors.invalid(
                f"Metadata keys can have up to 40 characters, but you passed in '{key}', "
                f"which is {len(key)} characters.",
                name,
            )
        if len(value) > 500:
            raise errors.invalid(
                f"Metadata values can have up to 500 characters, but you passed in a value that "
                f"is {len(value)} characters. Invalid value: {value[:20]}...",
                f"{name}[{key}]",
            )


@dataclass(frozen=True)
class Nested:
    table: Table
    required: bool = False

    def read(self, raw: Raw, name: str) -> dict[str, Any] | None:
        if raw == "" and not self.required:
            return None
        if isinstance(raw, str):
            raise errors.invalid("Invalid object", name)
        return read_all(self.table, raw, name)


@dataclass(frozen=True)
class Many:
    each: Reader
    most: int = 100
    required: bool = False

    def read(self, raw: Raw, name: str) -> list[Any] | None:
        if raw == "" and not self.required:
            return None
        if isinstance(raw, str) or not all(map(_is_index, raw)):
            raise errors.invalid("Invalid array", name)
        if len(raw) > self.most:
            raise errors.invalid(f"Array {name} exceeded maximum {self.most} elements", name)
        ordered = sorted(raw.items(), key=lambda pair: int(pair[0]))
        for index, value in ordered:
            if value == "":
                raise errors.empty(f"{name}[{index}]")
        return [self.each.read(value, f"{name}[{index}]") for index, value in ordered]


def _is_index(key: str) -> bool:
    return key.isdecimal() and len(key) <= LONGEST_INDEX


@dataclass(frozen=True)
class Span:
    """A moment (`created=…`), or bounds (`created[gte]=…`): read as a table of bounds."""

    required: bool = False

    def read(self, raw: Raw, name: str) -> dict[str, int] | None:
        if isinstance(raw, str):
            moment = Integer().read(raw, name)
            return None if moment is None else {"gte": moment, "lte": moment}
        bounds = {bound: Integer() for bound in ("gt", "gte", "lt", "lte")}
        return read_all(bounds, raw, name)


EXPAND: Table = {"expand": Many(Text(), most=20)}
PAGE: Table = {
    "limit": Integer(least=1, most=100),
    "starting_after": Text(),
    "ending_before": Text(),
}


def within(span: Mapping[str, int] | None, moment: int) -> bool:
    """Whether a moment lies in what a Span read."""
    if not span:
        return True
    return (
        moment > span.get("gt", -1)
        and moment >= span.get("gte", 0)
        and moment < span.get("lt", MAX_INTEGER)
        and moment <= span.get("lte", MAX_INTEGER)
    )


def merged(before: Mapping[str, str], given: Mapping[str, str] | None) -> dict[str, str]:
    """Metadata after an update: keys added, changed, or taken away by an empty value."""
    if given is None:
        return {}
    return {key: value for key, value in {**before, **given}.items() if value}
