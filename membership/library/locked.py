"""What is locked: every text and file that not everybody may have, and where it is found.

`flask paywall-check` looks for these words in everything the site answers.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from flask import Flask, current_app, url_for
from sqlalchemy.orm import Session

from membership.library import paywall
from membership.library.post import PUBLIC
from membership.library.posts import library


@dataclass(frozen=True)
class Locked:
    """`access` is "members", a feature's name, or None when nobody may have it yet.

    `text` is HTML or plain words, whole at `address` for whoever may have it; None when the address
    itself is shut, a file's for one.
    """

    name: str
    access: str | None
    text: str | None
    address: str


Provider = Callable[[Session], Iterable[Locked]]


def init_app(app: Flask) -> None:
    app.extensions["locked"] = [_posts, _files]


def register(app: Flask, provider: Provider) -> None:
    """Have more looked for: `provider` is called inside a transaction of an empty database that is
    thrown away afterwards, where it may write the rows that its texts are shown from."""
    app.extensions["locked"].append(provider)


def everything(rows: Session) -> list[Locked]:
    providers: list[Provider] = current_app.extensions["locked"]
    return [locked for provider in providers for locked in provider(rows)]


def _posts(_: Session) -> Iterator[Locked]:
    for post in library().posts():
        if post.access != PUBLIC:
            rest = paywall.at_the_cut(post.teaser_html, library().body(post))[1]
            yield Locked(f"the post {post.slug}", post.access, rest, _address(post.slug))
    for post in library().unpublished():
        body = library().body(post)
        yield Locked(f"the unpublished post {post.slug}", None, body, _address(post.slug))


def _files(_: Session) -> Iterator[Locked]:
    for name, file in library().downloads.items():
        if file.access != PUBLIC:
            address = url_for("downloads.download", name=name, _external=False)
            yield Locked(f"the file {name}", file.access, None, address)


def _address(slug: str) -> str:
    return url_for("library.post", slug=slug, _external=False)
