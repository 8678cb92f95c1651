"""The site's colours for what cannot read its stylesheet: mails, the icon, a phone's own frame.

They are read from static/app.css, so that changing the tokens there changes them everywhere.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from membership.config import ROOT

STYLESHEET = ROOT / "static" / "app.css"
_TOKEN = re.compile(r"^\s*--(accent|on-accent|paper):\s*([^;]+);", re.MULTILINE)
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")


class NoColour(SystemExit):
    """A colour in the stylesheet is not written as mail programs need it."""


@dataclass(frozen=True)
class Colour:
    """As #rrggbb."""

    light: str
    dark: str


@dataclass(frozen=True)
class Brand:
    accent: Colour
    on_accent: Colour
    paper: Colour


def read(stylesheet: Path = STYLESHEET) -> Brand:
    """Raises NoColour when a token is missing, or is not one or two colours like #17583f."""
    found: dict[str, Colour] = {}
    for name, value in _TOKEN.findall(stylesheet.read_text(encoding="utf-8")):
        colours = _COLOUR.findall(value)
        if len(colours) in (1, 2):
            # The first is the theme's; what the layer `site` says later wins, as in a browser.
            found[name] = Colour(colours[0], colours[-1])
    if missing := {"accent", "on-accent", "paper"} - found.keys():
        names = " and ".join(f"--{name}" for name in sorted(missing))
        raise NoColour(
            f"{stylesheet.name} needs {names} as a colour like #17583f, or "
            "light-dark(#17583f, #8ed6b4): mails and the icon take them from there"
        )
    return Brand(found["accent"], found["on-accent"], found["paper"])
