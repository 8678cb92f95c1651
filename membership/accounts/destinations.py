"""Where to go next: only ever a page of this site."""

from urllib.parse import urlsplit

from flask import request, session

NOT_A_DESTINATION = ("/login", "/logout", "/join")  # they only lead on
_WAY_BACK = "way_back"


def wanted() -> str | None:
    """The page this request says it was on the way to, or one remembered from before."""
    return local(request.args.get("next")) or local(session.get(_WAY_BACK))


def remember() -> None:
    """Keep the way back through pages, and Stripe's, that do not carry `next` along."""
    if way_back := local(request.args.get("next")):
        session[_WAY_BACK] = way_back


def forget() -> None:
    session.pop(_WAY_BACK, None)


def local(target: str | None) -> str | None:
    """`target` when it is a path on this site that does not only lead on, else None."""
    found = here(target)
    return None if found and urlsplit(found).path in NOT_A_DESTINATION else found


def here(target: str | None) -> str | None:
    """`target` when it is a path on this site, else None.

    Browsers read a backslash as a slash and drop control characters, so neither may be in it.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if "\\" in target or any(ord(c) <= 32 or ord(c) == 127 for c in target):
        return None
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return None
    return target
