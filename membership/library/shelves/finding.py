"""Looking something up in the library's file: words in, posts out, and where in them they stand."""

import re
import sqlite3
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from markupsafe import Markup, escape

from membership.library.shelves import store

LONGEST = 200  # characters of what is asked that are looked at
MOST_WORDS = 12
_PIECE = re.compile(r'"([^"]*)"|(\S+)')
_WORD = re.compile(r"\w+")
_OPENS, _CLOSES = "\x02", "\x03"  # around what was found; never in a text
# A word in a title is worth more than one in the text; lower is better.
_LEVEL = """
SELECT '{0}' AS level, entries.id, entries.slug, entries.date,
  bm25("{0}", 10.0, 4.0, 4.0, 1.0) AS score
FROM "{0}" JOIN entries ON entries.id = "{0}".rowid
WHERE "{0}" MATCH :words AND entries.date <= :today
"""
_PAGE = """
SELECT level, id, slug, count(*) OVER () FROM ({})
ORDER BY score, date DESC, slug LIMIT :limit OFFSET :offset
"""
_SNIPPET = """
SELECT snippet("{0}", 3, :opens, :closes, '…', 30) FROM "{0}"
WHERE "{0}" MATCH :words AND rowid = :id
"""


class SearchAway(Exception):
    """The library's file is not there, or cannot be read."""


@dataclass(frozen=True)
class Hit:
    """`snippet` is what stands around the words, with <mark>; None when they are not in the text
    but in its title or summary."""

    slug: str
    snippet: Markup | None


@dataclass(frozen=True)
class Hits:
    """One page of what was found, best first, and how many there are in all."""

    hits: list[Hit]
    count: int


def find(
    index: Path,
    asked: str,
    *,
    levels: dict[str, bool],
    today: date,
    limit: int,
    offset: int = 0,
) -> Hits:
    """What has all the words. `levels` says of each access there is whether it is open to who asks:
    if not, they find what anybody may know of its posts. Raises SearchAway."""
    words = in_their_words(asked)
    if not words or not levels:
        return Hits([], 0)
    tables = [store.table(access, whole=is_open) for access, is_open in levels.items()]
    every = " UNION ALL ".join(_LEVEL.format(table) for table in tables)
    try:
        with store.opened(index) as rows:
            found = rows.execute(
                _PAGE.format(every),
                {"words": words, "today": today.isoformat(), "limit": limit, "offset": offset},
            ).fetchall()
            hits = [
                Hit(slug, _snippet(rows, level, number, words)) for level, number, slug, _ in found
            ]
    except sqlite3.Error as error:
        raise SearchAway(str(error)) from error
    return Hits(hits, found[0][3] if found else 0)


def in_their_words(asked: str) -> str:
    """What somebody typed, as FTS5 asks it: every word quoted, so that none is an operator.

    "Two words" in quotes stand together; the last word may be the beginning of one. Empty when
    there is no word in it.
    """
    pieces = [quoted or word for quoted, word in _PIECE.findall(asked[:LONGEST])]
    phrases = [" ".join(_WORD.findall(piece)) for piece in pieces]
    phrases = [phrase for phrase in phrases if phrase][:MOST_WORDS]
    if not phrases:
        return ""
    ends_in_quotes = asked[:LONGEST].rstrip().endswith('"')
    return " ".join(f'"{phrase}"' for phrase in phrases) + ("" if ends_in_quotes else "*")


def _snippet(rows: sqlite3.Connection, level: str, number: int, words: str) -> Markup | None:
    (text,) = rows.execute(
        _SNIPPET.format(level),
        {"opens": _OPENS, "closes": _CLOSES, "words": words, "id": number},
    ).fetchone()
    if _OPENS not in text:
        return None
    marked = str(escape(text)).replace(_OPENS, "<mark>").replace(_CLOSES, "</mark>")
    return Markup(marked)  # noqa: S704 (escaped just now)
