"""One stylesheet, by hand: small, and with nothing in it that no page uses."""

import re
from itertools import chain

from membership.config import ROOT

STYLESHEET = (ROOT / "static" / "app.css").read_text()
LARGEST = 25_000  # bytes
MACROS = ROOT / "templates" / "_macros.html"
PAGES = [path for path in (ROOT / "templates").rglob("*.html") if "email" not in path.parts]
# Made by Markdown, by the script, or for the reader's own choice of colours.
TEXT = "membership/library/text"
DRAWN_ELSEWHERE = ["static/app.js", f"{TEXT}/notation.py", f"{TEXT}/code.py"]


def classes_of(css: str) -> set[str]:
    selectors = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", css, flags=re.DOTALL)
    return set(re.findall(r"\.([a-z][a-z0-9-]*)", selectors))


def test_it_is_small() -> None:
    assert len(STYLESHEET.encode()) <= LARGEST


def test_every_class_is_used() -> None:
    others = [ROOT / name for name in DRAWN_ELSEWHERE]
    used = "\n".join(path.read_text() for path in chain(PAGES, others))
    unused = [c for c in classes_of(STYLESHEET) if not re.search(rf"(?<![\w-]){c}(?![\w-])", used)]
    assert unused == []


def test_nothing_moves_for_those_who_want_nothing_to_move() -> None:
    told = STYLESHEET.partition("prefers-reduced-motion: no-preference")
    assert told[1]
    assert not re.search(r"\b(transition|animation|scroll-behavior):", told[0])
    assert len(re.findall(r"\b(?:transition|animation|scroll-behavior):", told[2])) == 1


def test_what_carries_meaning_is_written_once() -> None:
    """Fields, codes, summaries of errors and tables come from the macros, their roles with them."""
    by_hand = re.compile(r'aria-invalid|<table|class="problem"|one-time-code')
    once = [MACROS, ROOT / "templates" / "_mail.html"]
    assert [p.name for p in PAGES if p not in once and by_hand.search(p.read_text())] == []
