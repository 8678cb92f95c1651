"""A text in Markdown, checked and cut where the paywall stands. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from markdown_it.token import Token

from membership.library.text import notation

MARKER = "<!-- more -->"
WORDS_A_MINUTE = 230
_MARKER = re.compile(r"<!--\s*more\s*-->", re.IGNORECASE)
_SPACE = {"softbreak": " ", "hardbreak": " "}


class UnfitText(Exception):
    """The text cannot be published; the message says why, ready to follow "the text"."""


class Files(Protocol):
    """What a text may show and link to besides pages."""

    def size(self, address: str) -> tuple[int, int]:
        """Width and height in pixels of the picture there. Raises UnfitText."""

    def check(self, address: str) -> None:
        """Raises UnfitText when this is the address of a download that there is not."""


@dataclass(frozen=True)
class Text:
    """A text: `body` is all of it, `teaser` what of it anybody may read (safe HTML).

    The teaser is empty where the summary stands for it. `summary` is plain words. `holds_back`
    says whether the body has anything the teaser has not. `pictures` and `links` are the
    addresses it shows and links to, and `has_code` whether there is code in colours.
    """

    teaser: str
    body: str
    summary: str
    holds_back: bool
    minutes: int
    has_code: bool
    pictures: tuple[str, ...]
    links: tuple[str, ...]


def render(
    source: str, *, summary: str | None, files: Files | None = None, lazy: bool = False
) -> Text:
    """The teaser ends at the marker; without one it is the summary, or else the first paragraph.

    Without `files`, pictures get no size and links are believed. `lazy` says that a picture stands
    above the text: then the first one in it may wait until it is scrolled to, as the others do.

    Raises UnfitText when the text is empty, badly marked, has nothing to make a summary of, or
    shows or links to what is not there.
    """
    tokens = notation.parse(source)
    cut = _place_of_marker(tokens)
    before = tokens if cut is None else tokens[:cut]
    after = [] if cut is None else tokens[cut + 3 :]
    if not before and not after:
        raise UnfitText("is missing")
    whole = [*before, *after]
    _make_figures(whole)
    pictures = tuple(_pictures(whole, files, lazy))
    links = tuple(_links(whole, files))
    paragraph = _first_paragraph(before)
    words = summary or _words(paragraph)
    if not words:
        raise UnfitText("has no paragraph a summary could be made of: write a summary")
    if cut is not None:
        shown, holds_back = list(before), bool(after)
    elif summary:
        shown, holds_back = [], True
    else:
        shown, holds_back = paragraph, len(before) > len(paragraph)
    body = notation.html(whole)
    return Text(
        teaser=notation.html(_without_notes(shown)),
        body=body,
        summary=words,
        holds_back=holds_back,
        minutes=max(1, round(len(source.split()) / WORDS_A_MINUTE)),
        has_code="<span class=" in body,
        pictures=pictures,
        links=links,
    )


def with_whole_addresses(html: str, base: str) -> str:
    """The same, for reading elsewhere: with the page's own address as `base`, /about becomes
    https://this.site/about, and #note-1 stays a place on that page."""
    return notation.sanitised(html, base)


def _place_of_marker(tokens: Sequence[Token]) -> int | None:
    """Where the marker's own paragraph opens. One that would silently not cut is refused."""
    marked = [i for i, token in enumerate(tokens) if _has_marker(token)]
    if len(marked) > 1:
        raise UnfitText(f"has {MARKER} more than once")
    for i in marked:
        opens, alone = tokens[i - 1], _MARKER.fullmatch(tokens[i].content)
        in_a_note = any(token.type == "footnote_open" for token in tokens[:i])
        if opens.type != "paragraph_open" or opens.level != 0 or not alone or in_a_note:
            raise UnfitText(f"has {MARKER} without an empty line before and after it")
        return i - 1
    return None


def _has_marker(token: Token) -> bool:
    """Not the one in a piece of code: that is a post about markers."""
    return any(c.type == "text" and _MARKER.search(c.content) for c in token.children or ())


def _children(tokens: Sequence[Token]) -> Iterator[Token]:
    return (child for token in tokens for child in token.children or ())


def _pictures(tokens: Sequence[Token], files: Files | None, lazy: bool) -> Iterator[str]:
    """Their addresses; each picture gets what keeps the page from jumping while it loads."""
    for image in _children(tokens):
        if image.type != "image":
            continue
        address = _address_of_picture(image)
        if files:
            width, height = files.size(address)
            image.attrs |= {"width": width, "height": height}
        if lazy:
            image.attrs |= {"loading": "lazy", "decoding": "async"}
        lazy = True
        yield address


def _address_of_picture(image: Token) -> str:
    """Pages ask no other site for anything: it would learn who reads what."""
    address = str(image.attrs["src"])
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not parts.path.startswith("/"):
        raise UnfitText(
            f"shows the image {address}, which is not on this site: "
            "put it into content/images/ and write /images/…"
        )
    if not _words([image]):
        raise UnfitText(
            f"shows the image {address} without words for who cannot see it: "
            f"write ![what it shows]({address})"
        )
    return address


def _links(tokens: Sequence[Token], files: Files | None) -> Iterator[str]:
    for link in _children(tokens):
        if link.type == "link_open":
            address = str(link.attrs["href"])
            if files:
                files.check(address)
            yield address


def _make_figures(tokens: Sequence[Token]) -> None:
    """A picture alone in its paragraph, with a title, has it for a caption."""
    for opens, inline, closes in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if opens.type == "paragraph_open" and not opens.hidden and _is_picture(inline):
            image = (inline.children or [])[0]
            if "title" in image.attrs:
                opens.tag = closes.tag = "figure"
                image.meta["caption"] = image.attrs.pop("title")


def _is_picture(inline: Token) -> bool:
    return [child.type for child in inline.children or ()] == ["image"]


def _first_paragraph(tokens: Sequence[Token]) -> list[Token]:
    """The first that has words: a picture alone says nothing of the text."""
    for i, token in enumerate(tokens):
        if token.type == "paragraph_open" and token.level == 0 and not _is_picture(tokens[i + 1]):
            return list(tokens[i : i + 3])
    return []


def _without_notes(tokens: Sequence[Token]) -> list[Token]:
    """A note may stand behind the marker wherever it is pointed to, so a teaser has none."""
    kept = []
    for token in tokens:
        if token.type == "footnote_block_open":
            break
        children = [c for c in token.children or () if c.type != "footnote_ref"]
        kept.append(token.copy(children=children) if token.children else token)
    return kept


def _words(tokens: Sequence[Token]) -> str:
    """What of it is to be read, as one line; of a picture, the words that stand for it."""
    return " ".join(" ".join(_plain(token) for token in tokens).split())


def _plain(token: Token) -> str:
    if token.children is None:
        return token.content
    return "".join(_SPACE.get(child.type) or _plain(child) for child in token.children)
