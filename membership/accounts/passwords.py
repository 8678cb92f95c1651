"""What makes a password good enough: a pure rule, with its reasons in words."""

from collections.abc import Iterable
from pathlib import Path

from zxcvbn_rs_py import zxcvbn

LONGEST = 1000
# zxcvbn tries every reading of signs that stand for letters: of a hundred such, it would think for
# a second. Only the beginning is looked at.
_LOOKED_AT = 32
_GUESSES = 10**8
# The 5,000 most common of 12 characters or more in the ten million that Mark Burnett gave away
# (as SecLists, MIT licence, carries them): zxcvbn knows the most common of any length, and of
# these only every other one.
_COMMON = frozenset(
    Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").split()
)


def problem(password: str, *, at_least: int, about: Iterable[str]) -> str | None:
    """Why this password will not do, as a sentence; None when it will.

    `about` are words a guesser would try first: the address, the name, the site's name.
    """
    if len(password) < at_least:
        return f"Use at least {at_least} characters"
    if len(password) > LONGEST:
        return f"Use at most {LONGEST} characters"
    if len(set(password)) < 5:
        return "This repeats too few characters. Choose something less predictable"
    words = [part for text in about for part in _parts(text)]
    folded = password.casefold()
    if any(_mostly(word, folded) for word in words):
        return (
            "This is too close to your name, your address or the name of this site. Choose another"
        )
    if folded in _COMMON or _guesses(password, words) < _GUESSES:
        return "This is among the first passwords anyone would guess. Choose another"
    return None


def _guesses(password: str, words: list[str]) -> int:
    return zxcvbn(password[:_LOOKED_AT], words).guesses


def _parts(text: str) -> list[str]:
    """ "ada.lovelace@example.com" → itself, and each run of letters worth guessing."""
    runs = "".join(c if c.isalnum() else " " for c in text.casefold()).split()
    return [text.casefold(), *(run for run in runs if len(run) >= 4)]


def _mostly(word: str, password: str) -> bool:
    return len(word) >= 4 and len(password.replace(word, "")) <= len(password) // 3
