"""Where a post is cut, and that nothing in it can act on the reader's page."""

from html.parser import HTMLParser

import pytest

from membership.library import writing
from membership.library.writing import UnfitText

QUIET_TAGS = {"a", "code", "img", "p", "pre", "table", "tbody", "td", "th", "thead", "tr"}
QUIET_TAGS |= {"div", "figcaption", "figure", "hr", "li", "ol", "span", "sup"}
QUIET_ATTRIBUTES = {"alt", "href", "rel", "src", "title"}
QUIET_ATTRIBUTES |= {"aria-label", "class", "decoding", "id", "loading", "role", "tabindex"}


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
            elif name in ("href", "src") and not (value or "").startswith(("/", "http", "#")):
                self.found.append(value or "")


CUT = "Before.\n\n<!-- more -->\n\nAfter."


def test_the_marker_cuts() -> None:
    text = writing.render(CUT, summary=None)
    assert text.teaser == "<p>Before.</p>\n"
    assert text.body == "<p>Before.</p>\n<p>After.</p>\n"
    assert text.summary == "Before."
    assert text.holds_back


@pytest.mark.parametrize("marker", ["<!--more-->", "<!-- More -->", "  <!-- more -->  "])
def test_the_marker_may_be_spelt_loosely(marker: str) -> None:
    assert "After" not in writing.render(f"Before.\n\n{marker}\n\nAfter.", summary=None).teaser


def test_a_link_named_behind_the_marker_works_before_it() -> None:
    text = writing.render("[Docks][d]\n\n<!-- more -->\n\nAfter.\n\n[d]: /docks", summary=None)
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
        "Before^[<!-- more -->].\n\nAfter.",
        "Before[^1].\n\nAfter.\n\n[^1]: A note.\n\n    <!-- more -->\n\n    Its end.",
    ],
)
def test_a_marker_that_would_not_cut_is_refused(source: str) -> None:
    with pytest.raises(UnfitText):
        writing.render(source, summary="S")


def test_a_marker_shown_as_code_is_code() -> None:
    text = writing.render("Write `<!-- more -->`:\n\n```\n<!-- more -->\n```\n\nEnd.", summary=None)
    assert text.teaser == "<p>Write <code>&lt;!-- more --&gt;</code>:</p>\n"
    assert "End." in text.body


def test_without_a_marker_a_summary_stands_for_the_teaser() -> None:
    text = writing.render("First.\n\nSecond.", summary="On doors.")
    assert (text.teaser, text.summary) == ("", "On doors.")
    assert text.holds_back


def test_without_either_the_first_paragraph_is_the_teaser() -> None:
    text = writing.render("- a list\n\nThe *first*\n`paragraph`.\n\nSecond.", summary=None)
    assert text.teaser == "<p>The <em>first</em>\n<code>paragraph</code>.</p>\n"
    assert text.summary == "The first paragraph."
    assert text.holds_back


@pytest.mark.parametrize("source", ["Only this.", "All of it.\n\n<!-- more -->"])
def test_a_text_that_is_all_teaser_says_so(source: str) -> None:
    assert not writing.render(source, summary=None).holds_back


@pytest.mark.parametrize("source", ["", " \n\n", "<!-- more -->"])
def test_an_empty_text_is_refused(source: str) -> None:
    with pytest.raises(UnfitText, match="missing"):
        writing.render(source, summary="S")


@pytest.mark.parametrize("source", ["<!-- more -->\n\nHidden.", "- only\n- a list"])
def test_a_summary_is_never_made_of_the_text_behind_the_marker(source: str) -> None:
    with pytest.raises(UnfitText, match="write a summary"):
        writing.render(source, summary=None)


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
        "x[^<script>alert(1)</script>]\n\n[^<script>alert(1)</script>]: [x](javascript:alert(1))",
        "x^[<img src=x onerror=alert(1)>]",
        "```python\n'</span><script>alert(1)</script>'\n```",
        "```html\n<img src=x onerror=alert(1)>\n```",
        '![x](/ok.png "<img src=x onerror=alert(1)>")',
    ],
)
def test_markup_that_acts_is_shown_or_dropped_never_obeyed(payload: str) -> None:
    html = writing.render(f"{payload}\n\nEnd.", summary="S").body
    assert Suspicion(html).found == []


def test_the_suspicion_is_awake() -> None:
    """The test above would prove nothing with eyes shut."""
    acts = '<p onclick="x">a</p><script>b</script><a href="javascript:c">d</a>'
    assert Suspicion(acts).found == ["onclick", "script", "javascript:c"]


NOTED = "Before[^1].\n\n<!-- more -->\n\nAfter[^1], and^[Secret.].\n\n[^1]: Hidden."


def test_notes_are_numbered_and_lead_back_to_each_place_that_has_them() -> None:
    body = writing.render(NOTED, summary=None).body
    for there, back in (("note-1", "ref-1"), ("note-1", "ref-1-1"), ("note-2", "ref-2")):
        assert f'<a href="#{there}" id="{back}" aria-label="Note {there[-1]}"' in body
        assert f'href="#{back}"' in body
    assert body.count('<li id="note-') == 2
    assert "Hidden." in body


def test_what_leads_to_notes_and_back_is_no_word() -> None:
    words = writing.plain(writing.render(NOTED, summary=None).body)
    assert words == "Before. After, and. Hidden. Secret."


def test_a_teaser_has_no_notes_because_they_may_stand_behind_the_marker() -> None:
    text = writing.render(NOTED, summary=None)
    assert text.teaser == "<p>Before.</p>\n"
    assert writing.render("Only[^1].\n\n[^1]: Hidden.", summary=None).teaser == "<p>Only.</p>\n"


def test_a_table_can_be_scrolled_and_its_columns_stand_as_they_were_set() -> None:
    body = writing.render("| a | b |\n|--:|:-:|\n| 1 | 2 |\n", summary="S").body
    assert '<div role="group" aria-label="Table" tabindex="0"><table>' in body
    assert '<td class="right">1</td>\n<td class="center">2</td>' in body
    assert "style" not in body


def test_code_is_in_colours_when_its_language_is_named() -> None:
    text = writing.render("```python\nprint(1)\n```\n", summary="S")
    assert '<pre tabindex="0"><code><span class="nb">print</span>' in text.body
    assert text.has_code
    for plain in ("```\nprint(1)\n```", "```klingon\nprint(1)\n```", "    print(1)"):
        text = writing.render(plain, summary="S")
        assert '<pre tabindex="0"><code>print(1)\n</code></pre>' in text.body
        assert not text.has_code


def test_a_picture_alone_with_a_title_has_it_below() -> None:
    text = writing.render('![A lamp](/static/l.png "At *night* & lit")\n\nText.', summary=None)
    assert text.body.startswith(
        '<figure><img src="/static/l.png" alt="A lamp">'
        "<figcaption>At *night* &amp; lit</figcaption></figure>"
    )
    assert text.summary == "Text."
    inline = writing.render('See ![A lamp](/static/l.png "Lit").', summary=None)
    assert "<figure" not in inline.body


def test_pictures_below_the_first_wait_until_they_are_scrolled_to() -> None:
    source = "![One](/static/1.png)\n\n![Two](/static/2.png)\n\nText."
    assert writing.render(source, summary=None).body.count('loading="lazy"') == 1
    assert writing.render(source, summary=None, lazy=True).body.count('loading="lazy"') == 2


@pytest.mark.parametrize("source", ["![](/static/1.png)", "![ ](/static/1.png)"])
def test_a_picture_without_words_is_refused(source: str) -> None:
    with pytest.raises(UnfitText, match="for who cannot see it"):
        writing.render(f"Text. {source}", summary=None)


def test_headings_stay_below_the_title() -> None:
    assert writing.render("# One\n\nText.", summary=None).body.startswith("<h2>One</h2>")


@pytest.mark.parametrize(
    "address",
    ["https://other.example/a.png", "//other.example/a.png", "a.png", "data:image/png;base64,AA"],
)
def test_an_image_of_another_site_is_refused(address: str) -> None:
    with pytest.raises(UnfitText, match=r"not on this site|missing"):
        writing.render(f"Look:\n\n- ![alt]({address})\n", summary=None)


def test_for_reading_elsewhere_addresses_become_whole() -> None:
    html = writing.render(
        "[Plans](/plans) ![lamp](/static/lamp.png) Noted^[So.].", summary=None
    ).body
    whole = writing.with_whole_addresses(html, "https://letters.example/posts/p")
    assert 'href="https://letters.example/plans"' in whole
    assert 'src="https://letters.example/static/lamp.png"' in whole
    assert 'href="https://letters.example/posts/p#note-1"' in whole
