"""What an author can write, and the HTML it becomes: Markdown with tables, footnotes, pictures and
code, safe to show. Pure.

HTML typed into a text is shown as text, never obeyed; what Markdown makes is sanitised as well.
"""

from collections.abc import Sequence
from html import unescape
from typing import cast

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.footnote import footnote_plugin

from membership.library.text import code

_TAGS = (
    {"a", "br", "code", "del", "em", "img", "s", "span", "strong", "sup"}
    | {"blockquote", "div", "figcaption", "figure", "hr", "li", "ol", "p", "pre", "ul"}
    | {"h2", "h3", "h4", "h5", "h6"}
    | {"table", "tbody", "td", "th", "thead", "tr"}
)
_SCROLLS = {"role", "tabindex", "aria-label"}
_ATTRIBUTES = {
    "a": {"href", "title", "id", "aria-label"},
    "div": _SCROLLS,
    "img": {"src", "alt", "width", "height", "loading", "decoding"},
    "li": {"id"},
    "ol": {"start", "aria-label"},
    "pre": {"tabindex"},
}
_CLASSES = {
    "span": code.CLASSES,
    "td": {"center", "right"},
    "th": {"center", "right"},
}
_SCHEMES = {"http", "https", "mailto"}
# The second sign keeps some telephones from showing the arrow as a coloured picture.
_BACK = "↩\ufe0e"
_ALIGNED = {"text-align:center": "center", "text-align:right": "right"}


class _Renderer(RendererHTML):
    """Where we write other HTML than the parser does: all of it works without inline style."""

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        tag = super().image(tokens, idx, options, env)
        caption = tokens[idx].meta.get("caption")
        return f"{tag}<figcaption>{escapeHtml(caption)}</figcaption>" if caption else tag

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _reachable(super().fence(tokens, idx, options, env))

    def code_block(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return _reachable(super().code_block(tokens, idx, options, env))

    def table_open(self, *_: object) -> str:
        return '<div role="group" aria-label="Table" tabindex="0"><table>\n'

    def table_close(self, *_: object) -> str:
        return "</table></div>\n"

    def footnote_ref(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        number, place = _numbers(tokens[idx])
        return (
            f'<sup><a href="#note-{number}" id="ref-{place}" aria-label="Note {number}">'
            f"{number}</a></sup>"
        )

    def footnote_block_open(self, *_: object) -> str:
        return '<hr>\n<ol aria-label="Notes">\n'

    def footnote_block_close(self, *_: object) -> str:
        return "</ol>\n"

    def footnote_open(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        return f'<li id="note-{_numbers(tokens[idx])[0]}">'

    def footnote_close(self, *_: object) -> str:
        return "</li>\n"

    def footnote_anchor(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        number, place = _numbers(tokens[idx])
        return f' <a href="#ref-{place}" aria-label="Back to where note {number} is">{_BACK}</a>'


def _numbers(token: Token) -> tuple[str, str]:
    """A note's number, and the name of the place that points to it: a note may have several."""
    number, which = token.meta["id"] + 1, token.meta.get("subId", 0)
    return str(number), f"{number}-{which}" if which else str(number)


def _reachable(pre: str) -> str:
    """With the keyboard, so that long lines can be scrolled."""
    return pre.replace("<pre>", '<pre tabindex="0">', 1)


def _parser() -> MarkdownIt:
    parser = MarkdownIt(
        "commonmark",
        {"html": False, "highlight": code.in_colours},
        renderer_cls=_Renderer,
    ).enable(["table", "strikethrough"])
    rules = cast(_Renderer, parser.renderer).rules
    ours = dict(rules)
    parser.use(footnote_plugin)
    rules.update(ours)  # the plugin brings its own HTML
    return parser


_markdown = _parser()


def parse(source: str) -> list[Token]:
    """Tokens, footnotes at the end between footnote_block_open and footnote_block_close."""
    tokens = _markdown.parse(source)
    for token in tokens:
        if token.tag == "h1":
            token.tag = "h2"  # the page's one h1 is its title
        if token.type in ("th_open", "td_open") and "style" in token.attrs:
            aligned = _ALIGNED.get(str(token.attrs.pop("style")))
            if aligned:
                token.attrs["class"] = aligned
    return tokens


def html(tokens: Sequence[Token]) -> str:
    return sanitised(_markdown.renderer.render(tokens, _markdown.options, {}))


def sanitised(text: str, base: str | None = None) -> str:
    """Only what is on our lists. With `base`, addresses become whole: /a becomes https://site/a."""
    return nh3.clean(
        text,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES,
        url_schemes=_SCHEMES,
        link_rel="noopener",
        url_relative=("rewrite_with_base", base) if base else "pass_through",
    )


def plain(html: str) -> str:
    """The words of sanitised HTML, as one line; without what leads to notes and back."""
    words = unescape(nh3.clean(html, tags=set(), clean_content_tags={"sup"}))
    return " ".join(words.replace(_BACK, "").split())
