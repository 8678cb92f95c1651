"""The posts in CONTENT_DIR/posts: read once at the start, in debug again whenever a file changes.

A Post is what anybody may know. The text behind the paywall is kept beside the posts and given
out by `Library.body` alone, so that a list, a feed or a template cannot let it slip.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flask import Flask, current_app

from membership.config import ROOT, Config
from membership.library import front_matter, markdown
from membership.library.front_matter import PUBLIC

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

Stamp = frozenset[tuple[Path, int, int]]  # file, modified at (ns), bytes


class LibraryError(Exception):
    """The posts cannot be shown; `problems` has one sentence for each thing, naming its file."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("Posts need attention:\n" + "\n".join(f"  - {p}" for p in problems))


@dataclass(frozen=True)
class Post:
    """What anybody may know of a post. `access`: "public", "members" or a feature's name.

    `lead` is the summary its author wrote, to stand above the text; `summary` is that, or the
    first paragraph's words. `teaser_html` is what stands open of the text, empty when the lead
    is all.
    """

    slug: str
    title: str
    date: date
    author: str | None
    lead: str | None
    summary: str
    access: str
    tags: tuple[str, ...]
    minutes: int
    teaser_html: str


class Library:
    """Every published post. Drafts are checked like the others, then left out."""

    def __init__(self, folder: Path, *, reread: bool) -> None:
        """Raises LibraryError. With `reread`, a changed file is read again when next asked for."""
        self._folder = folder
        self._reread = reread
        self._read()

    def posts(self) -> list[Post]:
        """The newest first."""
        self._refresh()
        return [post for post, _ in self._posts.values()]

    def find(self, slug: str) -> Post | None:
        self._refresh()
        post, _ = self._posts.get(slug, (None, ""))
        return post

    def body(self, post: Post) -> str:
        """The whole text as safe HTML: ask the paywall first."""
        return self._posts[post.slug][1]

    def _refresh(self) -> None:
        if self._reread and _stamp(self._folder) != self._stamp:
            self._read()

    def _read(self) -> None:
        self._stamp = _stamp(self._folder)
        found = sorted(_read_folder(self._folder), key=lambda pair: pair[0].slug)
        found.sort(key=lambda pair: pair[0].date, reverse=True)
        self._posts = {post.slug: (post, body) for post, body in found}


def init_app(app: Flask) -> None:
    """Ends the start, with its sentences alone, when a post cannot be shown as its author meant."""
    config: Config = app.config["LATCHKEY"]
    try:
        app.extensions["library"] = Library(config.content_dir / "posts", reread=app.debug)
    except LibraryError as error:
        raise SystemExit(str(error)) from error


def library() -> Library:
    found: Library = current_app.extensions["library"]
    return found


def _stamp(folder: Path) -> Stamp:
    files = [(path, path.stat()) for path in folder.glob("*.md")]
    return frozenset((path, facts.st_mtime_ns, facts.st_size) for path, facts in files)


def _read_folder(folder: Path) -> Iterator[tuple[Post, str]]:
    if not folder.is_dir():
        raise LibraryError([f"CONTENT_DIR has no folder posts: {folder} is not there"])
    problems: list[str] = []
    read: list[tuple[Post, str]] = []
    for path in folder.glob("*.md"):
        try:
            read += _read_post(path)
        except front_matter.BadFrontMatter as error:
            problems += [f"{_name(path)}: {problem}" for problem in error.problems]
        except markdown.UnfitText as error:
            problems.append(f"{_name(path)}: the text {error}")
        except UnicodeDecodeError:
            problems.append(f"{_name(path)}: the file must be saved as UTF-8")
    if problems:
        raise LibraryError(sorted(problems))
    yield from read


def _read_post(path: Path) -> list[tuple[Post, str]]:
    """One pair, or none for a draft."""
    if not _SLUG.fullmatch(path.stem):
        raise front_matter.BadFrontMatter(
            ["the file's name becomes the address: use a-z, 0-9 and - only"]
        )
    fields, source = front_matter.parse(path.read_text(encoding="utf-8-sig"))
    text = markdown.render(source, summary=fields.summary)
    if fields.access != PUBLIC and not text.holds_back:
        raise markdown.UnfitText(
            f"is all teaser: with access {fields.access}, something must follow it"
        )
    post = Post(
        slug=path.stem,
        title=fields.title,
        date=fields.date,
        author=fields.author,
        lead=fields.summary,
        summary=text.summary,
        access=fields.access,
        tags=fields.tags,
        minutes=text.minutes,
        teaser_html=text.teaser,
    )
    return [] if fields.draft else [(post, text.body)]


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
