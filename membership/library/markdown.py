"""Markdown into HTML that is safe to show, cut where the paywall stands. Pure.

HTML typed into a post is shown as text, never obeyed; what Markdown makes is sanitised as well.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

MARKER = "<!-- more -->"
_MARKER = re.compile(r"<!--\s*more\s*-->", re.IGNORECASE)
WORDS_A_MINUTE = 230
_TAGS = (
    {"a", "br", "code", "del", "em", "img", "s", "strong"}
    | {"blockquote", "hr", "li", "ol", "p", "pre", "ul"}
    | {"h2", "h3", "h4", "h5", "h6"}
    | {"table", "tbody", "td", "th", "thead", "tr"}
)
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}

_parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


class UnfitText(Exception):
    """The text cannot be published; the message says why, ready to follow "text"."""


@dataclass(frozen=True)
class Text:
    """A post's text: `body` is all of it, `teaser` what of it anybody may read (safe HTML).

    The teaser is empty where the summary stands for it. `summary` is plain words. `holds_back`
    says whether the body has anything the teaser has not.
    """

    teaser: str
    body: str
    summary: str
    holds_back: bool
    minutes: int


def render(source: str, *, summary: str | None) -> Text:
    """The teaser ends at the marker; without one it is the summary, or else the first paragraph.

    Raises UnfitText when the text is empty, badly marked, has nothing to make a summary of, or
    shows another site's image.
    """
    tokens = _parser.parse(source)
    cut = _place_of_marker(tokens)
    before = tokens if cut is None else tokens[:cut]
    after = [] if cut is None else tokens[cut + 3 :]
    if not before and not after:
        raise UnfitText("is missing")
    _check_images([*before, *after])
    paragraph = _first_paragraph(before)
    words = summary or _words(paragraph)
    if not words:
        raise UnfitText("has no paragraph a summary could be made of: write a summary")
    if cut is not None:
        teaser, holds_back = _html(before), bool(after)
    elif summary:
        teaser, holds_back = "", True
    else:
        teaser, holds_back = _html(paragraph), len(before) > len(paragraph)
    minutes = max(1, round(len(source.split()) / WORDS_A_MINUTE))
    return Text(teaser, _html([*before, *after]), words, holds_back, minutes)


def with_whole_addresses(html: str, base: str) -> str:
    """The same, for reading elsewhere: /about becomes https://this.site/about."""
    return _sanitised(html, base)


def _place_of_marker(tokens: Sequence[Token]) -> int | None:
    """Where the marker's own paragraph opens. One that would silently not cut is refused."""
    marked = [i for i, token in enumerate(tokens) if _has_marker(token)]
    if len(marked) > 1:
        raise UnfitText(f"has {MARKER} more than once")
    for i in marked:
        opens, alone = tokens[i - 1], _MARKER.fullmatch(tokens[i].content)
        if opens.type != "paragraph_open" or opens.level != 0 or not alone:
            raise UnfitText(f"has {MARKER} without an empty line before and after it")
        return i - 1
    return None


def _has_marker(token: Token) -> bool:
    """Not the one in a piece of code: that is a post about markers."""
    return any(c.type == "text" and _MARKER.search(c.content) for c in token.children or ())


def _check_images(tokens: Sequence[Token]) -> None:
    """Pages ask no other site for anything: it would learn who reads what."""
    for image in (child for token in tokens for child in token.children or ()):
        if image.type != "image":
            continue
        address = urlsplit(str(image.attrs["src"]))
        if address.scheme or address.netloc or not address.path.startswith("/"):
            raise UnfitText(
                f"shows the image {image.attrs['src']}, which is not on this site: "
                "put it into static/ and write /static/…"
            )


def _first_paragraph(tokens: Sequence[Token]) -> list[Token]:
    for i, token in enumerate(tokens):
        if token.type == "paragraph_open" and token.level == 0:
            return list(tokens[i : i + 3])
    return []


def _words(tokens: Sequence[Token]) -> str:
    pieces = [
        " " if child.type in ("softbreak", "hardbreak") else child.content
        for token in tokens
        for child in token.children or ()
    ]
    return " ".join("".join(pieces).split())


def _html(tokens: Sequence[Token]) -> str:
    for token in tokens:
        if token.tag == "h1":
            token.tag = "h2"  # the page's one h1 is the post's title
    return _sanitised(_parser.renderer.render(tokens, _parser.options, {}))


def _sanitised(html: str, base: str | None = None) -> str:
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener",
        url_relative=("rewrite_with_base", base) if base else "pass_through",
    )
