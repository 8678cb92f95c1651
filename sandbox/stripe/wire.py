"""Stripe's form encoding: `line_items[0][price]=…` into tables of text."""

import re
from collections.abc import Iterable
from typing import Any

from sandbox.stripe import errors

NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
DEEPEST = 10


def decoded(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Tables by name; an array is a table whose keys are its indices."""
    decoded: dict[str, Any] = {}
    for name, value in pairs:
        _place(decoded, name, value)
    return decoded


def _place(table: dict[str, Any], name: str, value: str) -> None:
    *holders, last = _steps(name)
    for step in holders:
        # An array without indices (`expand[]=…`, as curl has it) counts by itself.
        table = table.setdefault(step or str(len(table)), {})
        if not isinstance(table, dict):
            raise errors.invalid(f"Invalid request: {name} is both a value and an object.", name)
    table[last or str(len(table))] = value


def _steps(name: str) -> list[str]:
    found = NAME.fullmatch(name)
    if not found or found[2].count("[") > DEEPEST:
        raise errors.invalid("Invalid parameter name.", name[:100])
    return [found[1], *re.findall(r"\[([^\]]*)\]", found[2])]
