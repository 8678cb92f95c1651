"""docs/security.md is true: every requirement has its row, every row its tests, and they it."""

import re

from membership.accounts import attempts
from membership.billing import routes as billing
from membership.billing.claiming import claims
from membership.config import ROOT
from membership.limits import Door
from membership.newsletter import signup
from membership.newsletter.codes import challenges, digits

TOLD = (ROOT / "docs" / "security.md").read_text()
SECOND_FACTORS = {f"S{n}" for n in range(35, 41)}
NOT_MADE = {"S56"}  # tables for spreadsheets


def rows() -> dict[str, set[str]]:
    """Each requirement, and the files that are said to show it."""
    lines = re.findall(r"^\| (S\d\d) \|.*\| ([^|]+) \|$", TOLD, re.MULTILINE)
    return {number: set(re.findall(r"`([^`]+)`", files)) for number, files in lines}


def shown() -> dict[str, set[str]]:
    """Each requirement, and the files with tests that are named after it."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        for number in re.findall(r"^def test_(s\d\d)_", path.read_text(), re.MULTILINE):
            found.setdefault(number.upper(), set()).add(path.relative_to(ROOT / "tests").as_posix())
    return found


def test_every_requirement_has_a_row() -> None:
    wanted = {f"S{n:02}" for n in range(1, 67)} - SECOND_FACTORS - NOT_MADE
    assert set(rows()) == wanted


def test_every_row_names_where_it_is_shown_and_nothing_is_shown_without_a_row() -> None:
    assert rows() == shown()


def test_no_table_for_spreadsheets_is_made() -> None:
    """Else S56 needs its row."""
    sources = [path.read_text() for path in (ROOT / "membership").rglob("*.py")]
    assert not [source for source in sources if "import csv" in source or "text/csv" in source]


def test_the_limits_are_the_ones_that_are_told() -> None:
    doors: dict[str, Door] = {
        "a wrong password": attempts.PASSWORD,
        "a code asked for": signup.ASKS,
        "a wrong code": challenges.GUESSES,
        "a link for a new password": attempts.RESET,
        "a change of address": attempts.CHANGE,
        "a claim of a payment": claims.ASKS,
        "a page to pay on": billing.PAGES,
    }
    for name, door in doors.items():
        (line,) = re.findall(rf"^\| {name}.*$", TOLD, re.MULTILINE)
        _, account, network, asker = (cell.strip() for cell in line.strip("|").split("|"))
        for told, limits in (
            (account, door.per_account),
            (network, door.per_network),
            (asker, door.per_asker),
        ):
            for limit in limits:
                assert f"{limit.most} " in told, (name, limit)
    assert f"{digits.PER_HOUR} an hour, {digits.PER_DAY} a day" in TOLD
    assert f"| {digits.TRIES} for each code |" in TOLD
