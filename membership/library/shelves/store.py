"""The library's file: every post as it was last read, and the index that search looks into.

One SQLite file in CACHE_DIR, whatever the database, named for what it is made of: the posts and
the code that reads them. It is made beside its place and moved there whole, and then never written
to again, so that any number of processes may start, read and change their posts at once. It holds
nothing that cannot be made anew; without it a start takes longer and search says that it is away.

In the index a locked post stands twice: in the table of its level with all its words, and in
another with those that anybody may know. What somebody asks is only ever looked for in tables that
hold nothing they may not read, so that neither what is found nor its order tells of the rest. Only
what is still to come stands there as well: it is never found, but its words count in the order.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path

from membership.library import writing
from membership.library.post import PUBLIC, Picture, Post
from membership.library.shelves.reading import Entry

KEPT = 5  # files of other days and other folders of posts, for whoever still reads them
_PACKAGES = ("markdown-it-py", "mdit-py-plugins", "nh3", "pygments", "imagesize")
_LIBRARY = Path(__file__).parents[1]
_CODE = ("post.py", "text/*.py", "shelves/reading.py", "shelves/store.py")
_SCHEMA = """
CREATE TABLE entries (
  id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, key TEXT NOT NULL, access TEXT NOT NULL,
  date TEXT NOT NULL, facts TEXT NOT NULL, packed BLOB NOT NULL
)
"""
_INDEX = """
CREATE VIRTUAL TABLE IF NOT EXISTS "{}" USING fts5(
  title, summary, tags, text, tokenize = 'porter unicode61 remove_diacritics 2'
)
"""
_INSERT = 'INSERT INTO "{}" (rowid, title, summary, tags, text) VALUES (?, ?, ?, ?, ?)'
_DELETE = 'DELETE FROM "{}" WHERE rowid = ?'

Keyed = dict[str, tuple[str, Entry]]  # by slug: what its file was, and what was read in it


def place(folder: Path, keys: dict[str, str]) -> Path:
    """Where the file of these posts is, once it is made. `keys` are hashes, by slug."""
    every = hashlib.blake2b(json.dumps(sorted(keys.items())).encode(), digest_size=12)
    return folder / f"library-{_made_by()}-{every.hexdigest()}.db"


def load(path: Path) -> Keyed:
    """What a file holds; of one that is not there the newest of its like, or else nothing."""
    with suppress(OSError):
        os.utime(path)  # it is in use: not among the old ones
    for found in (path, *_like(path)):
        try:
            with opened(found) as rows:
                every = rows.execute("SELECT slug, key, facts, packed FROM entries")
                return {slug: (key, _entry(facts, packed)) for slug, key, facts, packed in every}
        except (sqlite3.Error, ValueError, TypeError, KeyError):
            continue
    return {}


def make(path: Path, entries: Keyed) -> None:
    """Raises OSError or sqlite3.Error when it cannot be made here."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix="library-", suffix=".making")
    os.close(handle)
    beside = Path(name)
    try:
        _fill(beside, _like(path), entries)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    _clear(path)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """For reading alone. Raises sqlite3.Error when it is not there."""
    uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as rows:
        yield rows


def table(access: str, *, whole: bool) -> str:
    """Where the posts of a level are found by all their words, or by those anybody may know."""
    return f"{'whole' if whole else 'open'} {access}"


def code() -> list[Path]:
    """What reads posts: a file that an older one made is not used."""
    return [path for pattern in _CODE for path in sorted(_LIBRARY.glob(pattern))]


@cache
def _made_by() -> str:
    told = hashlib.blake2b(digest_size=4)
    for source in code():
        told.update(source.read_bytes())
    told.update(" ".join(version(package) for package in _PACKAGES).encode())
    return told.hexdigest()


def _like(path: Path) -> list[Path]:
    """Files that the same code made, newest first."""
    found = path.parent.glob(f"library-{_made_by()}-*.db")
    return sorted((p for p in found if p != path), key=_age)


def _age(path: Path) -> float:
    try:
        return -path.stat().st_mtime
    except OSError:  # another process has just cleared it away
        return 0.0


def _clear(path: Path) -> None:
    for old in sorted((p for p in path.parent.glob("library-*.db") if p != path), key=_age)[KEPT:]:
        old.unlink(missing_ok=True)


def _fill(new: Path, like: list[Path], entries: Keyed) -> None:
    """From the newest of its like what has not changed, and the rest anew."""
    if like:
        try:
            shutil.copyfile(like[0], new)
            _bring_up_to_date(new, entries)
        except (OSError, sqlite3.Error):  # it was cleared away, or is broken
            new.write_bytes(b"")
        else:
            return
    _bring_up_to_date(new, entries)


def _bring_up_to_date(path: Path, entries: Keyed) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as rows:
        rows.execute("PRAGMA journal_mode = MEMORY")
        rows.execute("PRAGMA synchronous = OFF")  # what a crash leaves of it is never moved there
        rows.execute("BEGIN")
        if not rows.execute("SELECT 1 FROM sqlite_master").fetchone():
            rows.execute(_SCHEMA)
        stays = set()
        for number, slug, *told in rows.execute(
            "SELECT id, slug, key, access, facts FROM entries"
        ).fetchall():
            key, access, facts = told
            if slug in entries and (key, facts) == (entries[slug][0], _facts(entries[slug][1])):
                stays.add(slug)
            else:
                _remove(rows, number, access)
        for slug, (key, entry) in entries.items():
            if slug not in stays:
                _add(rows, key, entry)
        rows.execute("COMMIT")


def _remove(rows: sqlite3.Connection, number: int, access: str) -> None:
    rows.execute("DELETE FROM entries WHERE id = ?", (number,))
    for name in _tables(access):
        rows.execute(_DELETE.format(name), (number,))


def _add(rows: sqlite3.Connection, key: str, entry: Entry) -> None:
    post = entry.post
    number = rows.execute(
        "INSERT INTO entries (slug, key, access, date, facts, packed) VALUES (?, ?, ?, ?, ?, ?)",
        (post.slug, key, post.access, post.date.isoformat(), _facts(entry), entry.packed),
    ).lastrowid
    for name, html in zip(_tables(post.access), (entry.body, post.teaser_html), strict=False):
        rows.execute(_INDEX.format(name))
        if not post.draft:
            words = (number, post.title, post.summary, " ".join(post.tags), writing.plain(html))
            rows.execute(_INSERT.format(name), words)


def _tables(access: str) -> list[str]:
    """Of what is public anybody may know everything."""
    whole, openly = table(access, whole=True), table(access, whole=False)
    return [whole] if access == PUBLIC else [whole, openly]


def _facts(entry: Entry) -> str:
    """All but the body, as JSON."""
    pictures, links = entry.pictures, entry.links
    return json.dumps({**asdict(entry.post), "pictures": pictures, "links": links}, default=str)


def _entry(facts: str, packed: bytes) -> Entry:
    told = json.loads(facts)
    pictures = {
        address: (width, height) for address, (width, height) in told.pop("pictures").items()
    }
    links = tuple(told.pop("links"))
    image, updated = told["image"], told["updated"]
    told |= {
        "date": date.fromisoformat(told["date"]),
        "updated": date.fromisoformat(updated) if updated else None,
        "tags": tuple(told["tags"]),
        "image": Picture(**image) if image else None,
    }
    return Entry(Post(**told), packed, pictures, links)
