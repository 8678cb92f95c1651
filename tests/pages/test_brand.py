"""Six tokens at the top of the stylesheet make the brand, and docs/theme.md says so truly."""

import re
from pathlib import Path

import pytest
from flask import Flask, render_template_string

from membership.config import ROOT
from membership.pages import brand
from tests.support.browser import Browser
from tests.support.rebrand import GUIDE, STYLESHEET, declared, rebrand, rebranded

TOKENS = ["--accent", "--on-accent", "--paper", "--display", "--text-font", "--radius"]
READABLE = 4.5  # to 1, as WCAG wants it of text


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def test_the_tokens_the_guide_names_are_the_first_six() -> None:
    assert list(declared(STYLESHEET))[:6] == TOKENS
    assert re.findall(r"^\| `(--[a-z-]+)` \|", GUIDE, re.MULTILINE) == TOKENS
    assert list(rebrand()) == TOKENS


def test_no_brand_colour_is_written_anywhere_else() -> None:
    ours = brand.read()
    places = [*(ROOT / "templates").rglob("*.*"), *(ROOT / "static").rglob("*.css")]
    colours = {c for one in (ours.accent, ours.paper) for c in (one.light, one.dark)}
    for path in places:
        text = path.read_text().lower()
        allowed = 1 if path == brand.STYLESHEET else 0
        assert [c for c in colours if text.count(c) > allowed] == [], path


@pytest.mark.parametrize("whose", ["ours", "the guide's"])
def test_words_can_be_read_in_light_and_in_dark(whose: str, tmp_path: Path) -> None:
    stylesheet = brand.STYLESHEET
    if whose != "ours":
        stylesheet = rebranded_file(tmp_path)
    look = brand.read(stylesheet)
    for scheme in ("light", "dark"):
        accent = getattr(look.accent, scheme)
        assert contrast(accent, getattr(look.on_accent, scheme)) >= READABLE
        assert contrast(accent, getattr(look.paper, scheme)) >= READABLE


def rebranded_file(folder: Path) -> Path:
    (folder / "app.css").write_text(rebranded())
    return folder / "app.css"


def test_pages_mails_and_the_icon_follow_the_stylesheet(app: Flask, tmp_path: Path) -> None:
    app.jinja_env.globals["brand"] = brand.read(rebranded_file(tmp_path))
    accent, paper = (re.findall("#[0-9a-f]{6}", rebrand()[t])[0] for t in ("--accent", "--paper"))
    visitor = Browser(app, "http://127.0.0.1:8000")
    assert f'<meta name="theme-color" content="{paper}"' in visitor.get("/").text
    assert accent in visitor.get("/favicon.svg").text
    with app.test_request_context():
        mail = render_template_string(
            '{% extends "_mail.html" %}{% from "_mail_macros.html" import button %}'
            '{% block content %}{{ button("Go", "/") }}{% endblock %}'
        )
    assert f"background:{accent}" in mail
    assert f"background:{paper}" in mail


def test_a_colour_that_mails_could_not_show_stops_the_start(tmp_path: Path) -> None:
    stylesheet = tmp_path / "app.css"
    stylesheet.write_text(re.sub(r"--accent: [^;]+;", "--accent: teal;", STYLESHEET, count=1))
    with pytest.raises(brand.NoColour, match="--accent"):
        brand.read(stylesheet)
