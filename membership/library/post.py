"""What anybody may know of a post. Pure."""

import re
from dataclasses import dataclass
from datetime import date

from markupsafe import escape

Day = date  # a post has a date
PUBLIC = "public"
MEMBERS = "members"
_LETTERS = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Picture:
    """`address` begins with /; `width` and `height` are in pixels; `alt` is what it shows."""

    address: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True)
class Post:
    """`access`: "public", "members" or a feature's name.

    `lead` is the summary its author wrote, to stand above the text; `summary` is that, or the
    first paragraph's words. `teaser_html` is what stands open of the text, empty when the lead
    is all. `updated` is the day of the last change, if its author told it.
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
    updated: Day | None = None
    image: Picture | None = None
    has_code: bool = False
    draft: bool = False

    @property
    def opening_html(self) -> str:
        """What of it anybody may read: the teaser, or the summary that stands for it."""
        return self.teaser_html or f"<p>{escape(self.summary)}</p>"


def address_of(tag: str) -> str:
    """A tag in an address: "Long reads" and "long reads" become long-reads."""
    return "-".join(_LETTERS.findall(tag.lower()))
