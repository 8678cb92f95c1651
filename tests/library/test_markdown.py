"""Where a post is cut, and that nothing in it can act on the reader's page."""

from html.parser import HTMLParser

import pytest

from membership.library import markdown
from membership.library.markdown import UnfitText

QUIET_TAGS = {"a", "code", "img", "p", "pre", "table", "tbody", "td", "th", "thead", "tr"}
QUIET_ATTRIBUTES = {"alt", "href", "rel", "src", "title"}


class Suspicion(HTMLParser):
    """What in some HTML could act on a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in QUIET_TAGS:
            self.found.append(tag)
        for name, value in attrs:
            if name not in QUIET_ATTRIBUTES:
                self.found.append(name)
            elif name in ("href", "src") and not (value or "").startswith(("/", "http")):
                self.found.append(value or "")


CUT = "Before.\n\n<!-- more -->\n\nAfter."


def test_the_marker_cuts() -> None:
    text = markdown.render(CUT, summary=None)
    assert text.teaser == "<p>Before.</p>\n"
    assert text.body == "<p>Before.</p>\n<p>After.</p>\n"
    assert text.summary == "Before."
    assert text.holds_back


@pytest.mark.parametrize("marker", ["<!--more-->", "<!-- More -->", "  <!-- more -->  "])
def test_the_marker_may_be_spelt_loosely(marker: str) -> None:
    assert "After" not in markdown.render(f"Before.\n\n{marker}\n\nAfter.", summary=None).teaser


def test_a_link_named_behind_the_marker_works_before_it() -> None:
    text = markdown.render("[Docks][d]\n\n<!-- more -->\n\nAfter.\n\n[d]: /docks", summary=None)
    assert 'href="/docks"' in text.teaser
    assert "After" not in text.teaser


@pytest.mark.parametrize(
    "source",
    [
        "Before.\n<!-- more -->\nAfter.",
        "Before.\n\n<!-- more -->\nAfter.",
        "Before <!-- more --> after.",
        "> Before.\n>\n> <!-- more -->\n\nAfter.",
        "# <!-- more -->\n\nAfter.",
        "Before.\n\n<!-- more -->\n\nAfter.\n\n<!-- more -->\n\nLast.",
    ],
)
def test_a_marker_that_would_not_cut_is_refused(source: str) -> None:
    with pytest.raises(UnfitText):
        markdown.render(source, summary="S")


def test_a_marker_shown_as_code_is_code() -> None:
    text = markdown.render(
        "Write `<!-- more -->`:\n\n```\n<!-- more -->\n```\n\nEnd.", summary=None
    )
    assert text.teaser == "<p>Write <code>&lt;!-- more --&gt;</code>:</p>\n"
    assert "End." in text.body


def test_without_a_marker_a_summary_stands_for_the_teaser() -> None:
    text = markdown.render("First.\n\nSecond.", summary="On doors.")
    assert (text.teaser, text.summary) == ("", "On doors.")
    assert text.holds_back


def test_without_either_the_first_paragraph_is_the_teaser() -> None:
    text = markdown.render("- a list\n\nThe *first*\n`paragraph`.\n\nSecond.", summary=None)
    assert text.teaser == "<p>The <em>first</em>\n<code>paragraph</code>.</p>\n"
    assert text.summary == "The first paragraph."
    assert text.holds_back


@pytest.mark.parametrize("source", ["Only this.", "All of it.\n\n<!-- more -->"])
def test_a_text_that_is_all_teaser_says_so(source: str) -> None:
    assert not markdown.render(source, summary=None).holds_back


@pytest.mark.parametrize("source", ["", " \n\n", "<!-- more -->"])
def test_an_empty_text_is_refused(source: str) -> None:
    with pytest.raises(UnfitText, match="missing"):
        markdown.render(source, summary="S")


@pytest.mark.parametrize("source", ["<!-- more -->\n\nHidden.", "- only\n- a list"])
def test_a_summary_is_never_made_of_the_text_behind_the_marker(source: str) -> None:
    with pytest.raises(UnfitText, match="write a summary"):
        markdown.render(source, summary=None)


@pytest.mark.parametrize(
    "payload",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        "<iframe src=//evil.example></iframe>",
        '<a href="javascript:alert(1)">x</a>',
        "<style>body{display:none}</style>",
        "<p style='position:fixed'>x</p>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](vbscript:alert(1))",
        '[x](/ok "\\" onmouseover=alert(1) x=\\"")',
        '[x](/ok" onmouseover="alert(1)',
        "<javascript:alert(1)>",
        "![x](/ok.png \"a' onload='alert(1)\")",
        "```<script>alert(1)</script>\nx\n```",
        '``` " onmouseover=alert(1) x="\nx\n```',
        "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
        "<!-- --!><script>alert(1)</script> -->",
        "<math><mtext></p><style><img src=x onerror=alert(1)>",
    ],
)
def test_markup_that_acts_is_shown_or_dropped_never_obeyed(payload: str) -> None:
    html = markdown.render(f"{payload}\n\nEnd.", summary="S").body
    assert Suspicion(html).found == []


def test_the_suspicion_is_awake() -> None:
    """The test above would prove nothing with eyes shut."""
    acts = '<p onclick="x">a</p><script>b</script><a href="javascript:c">d</a>'
    assert Suspicion(acts).found == ["onclick", "script", "javascript:c"]


def test_headings_stay_below_the_title() -> None:
    assert markdown.render("# One\n\nText.", summary=None).body.startswith("<h2>One</h2>")


@pytest.mark.parametrize(
    "address",
    ["https://other.example/a.png", "//other.example/a.png", "a.png", "data:image/png;base64,AA"],
)
def test_an_image_of_another_site_is_refused(address: str) -> None:
    with pytest.raises(UnfitText, match=r"not on this site|missing"):
        markdown.render(f"Look:\n\n- ![alt]({address})\n", summary=None)


def test_for_reading_elsewhere_addresses_become_whole() -> None:
    html = markdown.render("[Plans](/plans) ![lamp](/static/lamp.png)", summary=None).body
    whole = markdown.with_whole_addresses(html, "https://letters.example")
    assert 'href="https://letters.example/plans"' in whole
    assert 'src="https://letters.example/static/lamp.png"' in whole
