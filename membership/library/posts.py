"""The posts in CONTENT_DIR/posts: read once at the start, in debug again whenever a file changes.

A Post is what anybody may know. The text behind the paywall is kept beside the posts and given
out by `Library.body` alone, so that a list, a feed or a template cannot let it slip.
"""

import hashlib
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flask import Flask, current_app

from membership import clock
from membership.config import ROOT, Config
from membership.library.post import Post
from membership.library.shelves import files, reading, store
from membership.library.shelves.files import Download, Files
from membership.library.shelves.shelf import Shelf
from membership.library.writing import UnfitFile

log = logging.getLogger(__name__)

Stamp = frozenset[tuple[Path, int, int]]  # file, modified at (ns), bytes


class LibraryError(Exception):
    """The posts cannot be shown; `problems` has one sentence for each thing, naming its file."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("Posts need attention:\n" + "\n".join(f"  - {p}" for p in problems))


@dataclass(frozen=True)
class _Read:
    """What one reading of the folder found."""

    stamp: Stamp
    entries: store.Keyed
    downloads: dict[str, Download]
    index: Path | None


class Library:
    """Every post, published or not, and the downloads beside them.

    Published is what is no draft and whose day has come by `today`.
    """

    def __init__(
        self,
        content: Path,
        *,
        reread: bool,
        cache: Path | None,
        today: Callable[[], date],
    ) -> None:
        """Raises LibraryError. With `reread`, a changed file is read again when next asked for."""
        self._content, self._reread, self._cache, self._today = content, reread, cache, today
        self._now = self._read()
        self._shelf = Shelf((), date.min), date.min

    def posts(self) -> list[Post]:
        """What is published, the newest first."""
        return list(self.shelf().posts)

    def find(self, slug: str) -> Post | None:
        """A published post."""
        return self.shelf().find(slug)

    def body(self, post: Post) -> str:
        """The whole text as safe HTML: ask the paywall first."""
        return self._now.entries[post.slug][1].body

    def unpublished(self) -> list[Post]:
        """Drafts, and what waits for its day: the next to come first, for its author alone."""
        shelf, posts = self.shelf(), (entry.post for _, entry in self._now.entries.values())
        waiting = [post for post in posts if shelf.find(post.slug) is None]
        return sorted(waiting, key=lambda post: (post.draft, post.date, post.slug))

    def shelf(self) -> Shelf:
        """What is published today, in order."""
        if self._reread and _stamp(self._content) != self._now.stamp:
            self._now = self._read()
            self._shelf = Shelf((), date.min), date.min
        today = self._today()
        shelf, day = self._shelf
        if day != today:
            shelf = Shelf((entry.post for _, entry in self._now.entries.values()), today)
            self._shelf = shelf, today
        return shelf

    @property
    def downloads(self) -> dict[str, Download]:
        """By name."""
        return self._now.downloads

    @property
    def index(self) -> Path | None:
        """Where search looks; None while there is no such file, which the log explains."""
        return self._now.index

    def _read(self) -> _Read:
        stamp = _stamp(self._content)
        downloads, problems = files.downloads(self._content / "downloads")
        problems = [f"{_name(self._content / 'downloads')}: {problem}" for problem in problems]
        paths = _sources(self._content / "posts")
        keys = {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
        made = store.place(self._cache, keys) if self._cache else None
        known = store.load(made) if made else {}
        entries: store.Keyed = {}
        shown = Files(self._content, downloads)
        for path in paths:
            key, entry = known.get(path.stem, ("", None))
            try:
                if entry is None or key != keys[path.stem] or not reading.still_fits(entry, shown):
                    entry = reading.read(path, path.read_bytes(), shown)
                entries[path.stem] = keys[path.stem], entry
            except UnfitFile as error:
                problems += [f"{_name(path)}: {problem}" for problem in error.problems]
        if problems:
            raise LibraryError(sorted(problems))
        return _Read(stamp, entries, downloads, _kept(made, known, entries))


def init_app(app: Flask) -> None:
    """Ends the start, with its sentences alone, when a post cannot be shown as its author meant."""
    config: Config = app.config["LATCHKEY"]
    try:
        app.extensions["library"] = Library(
            config.content_dir,
            reread=app.debug,
            cache=config.cache_dir,
            today=lambda: clock.now().date(),
        )
    except LibraryError as error:
        raise SystemExit(str(error)) from error


def library() -> Library:
    found: Library = current_app.extensions["library"]
    return found


def _stamp(content: Path) -> Stamp:
    return frozenset(
        fact
        for folder in ("posts", "downloads", "images")
        for path in (content / folder).rglob("*")
        for fact in _facts(path)
    )


def _facts(path: Path) -> Stamp:
    """None of a file that an editor has just taken away, nor of a link that leads nowhere."""
    try:
        told = path.stat()
    except OSError:
        return frozenset()
    return frozenset({(path, told.st_mtime_ns, told.st_size)})


def _sources(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise LibraryError([f"CONTENT_DIR has no folder posts: {folder} is not there"])
    return sorted(folder.glob("[!.]*.md"))  # some editors put notes of their own beside a file


def _kept(made: Path | None, known: store.Keyed, entries: store.Keyed) -> Path | None:
    """The file that holds these posts, made if need be."""
    if made is None:
        return None
    try:
        if known != entries or not made.is_file():
            store.make(made, entries)
    except (OSError, sqlite3.Error) as error:
        log.warning("Search is away: its file cannot be made in CACHE_DIR (%s)", error)
        return None
    return made


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
