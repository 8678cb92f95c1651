"""Who reads a whole post, and who its teaser."""

from typing import Protocol

from markupsafe import Markup

from membership.library.post import MEMBERS, PUBLIC

CUT = "more"  # names the place on a post's page where its teaser ends


class Reader(Protocol):
    """A person as the paywall sees them: a visitor is one who has not signed in."""

    @property
    def is_authenticated(self) -> bool: ...

    def may_use(self, feature: str) -> bool: ...


def may_read(access: str, reader: Reader) -> bool:
    """Whether all of a post, or of whatever else has this access, is open to `reader`. A feature
    nobody sells stays shut to everybody."""
    if access == PUBLIC:
        return True
    if access == MEMBERS:
        return reader.is_authenticated
    return reader.is_authenticated and reader.may_use(access)


def at_the_cut(teaser: str, body: str | None) -> tuple[Markup, Markup | None]:
    """Safe HTML in two parts, before and after the place where a teaser ends; without a body, the
    teaser and None. A body that begins otherwise than its teaser is all after it."""
    if body is None:
        return Markup(teaser), None  # noqa: S704 (sanitised)
    before = teaser if body.startswith(teaser) else ""
    return Markup(before), Markup(body.removeprefix(before))  # noqa: S704 (sanitised)
