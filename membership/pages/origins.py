"""What changes something is asked for by a page of ours: forms of other sites are refused, whatever
token they may have got hold of."""

from flask import Flask, abort, request

from membership import logs
from membership.config import Config

SAFE = ("GET", "HEAD", "OPTIONS")
OURS = ("same-origin", "none")  # none: typed, or sent again by the person


def init_app(app: Flask, config: Config) -> None:
    @app.before_request
    def refuse_other_sites() -> None:
        if request.routing_exception:  # nothing will be done, and by another name of this site
            return  # not even a page can be drawn
        if request.method not in SAFE and not _from_here(config.site_url):
            app.logger.warning("refused from another site: %s", logs.asked_for())
            abort(403, "This was sent from another site. Open the page here, and send it again.")


def _from_here(site_url: str) -> bool:
    """By what the browser says: where it says neither, the token of the form has to do.

    A page that sends no Referer has "null" for its Origin; `Sec-Fetch-Site` knows better.
    """
    fetched = request.headers.get("Sec-Fetch-Site")
    if fetched is not None:
        return fetched in OURS
    origin = request.headers.get("Origin", "null")
    return origin in ("null", site_url) or origin == request.host_url.rstrip("/")
