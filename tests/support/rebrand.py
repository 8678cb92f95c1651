"""The stylesheet as somebody has it who did what docs/theme.md says."""

import re

from membership.config import ROOT

STYLESHEET = (ROOT / "static" / "app.css").read_text()
GUIDE = (ROOT / "docs" / "theme.md").read_text()


def declared(css: str) -> dict[str, str]:
    """The custom properties in a piece of CSS."""
    return dict(re.findall(r"^\s*(--[a-z-]+):\s*([^;]+);", css, re.MULTILINE))


def rebrand() -> dict[str, str]:
    """What the guide tells its reader to write."""
    (block,) = re.findall(r"```css\n(.*?)```", GUIDE, re.DOTALL)
    return declared(block)


def rebranded() -> str:
    css, was = STYLESHEET, declared(STYLESHEET)
    for name, value in rebrand().items():
        css = css.replace(f"{name}: {was[name]};", f"{name}: {value};", 1)
    return css
