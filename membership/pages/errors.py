"""Errors, met where somebody can act on them: a sentence for people, a status for machines."""

import secrets
import time
from datetime import timedelta
from http import HTTPStatus
from math import ceil
from typing import Any

from babel.dates import format_timedelta
from flask import Flask, current_app, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError

from membership import logs
from membership.accounts.sessions import Over
from membership.billing.access import Visitor
from membership.billing.stripe_api import StripeError
from membership.extensions import limiter
from membership.waits import TooSoon

TRY_AGAIN_IN = 60  # seconds
WORDS = {
    400: ("That did not work", "The request could not be understood."),
    401: ("Please sign in", "This page is for members."),
    403: ("Not allowed", "You may not open this page."),
    404: ("Page not found", "There is no page at this address. It may have moved."),
    405: ("That did not work", "This address does not take that kind of request."),
    410: ("No longer here", "What was at this address has been taken away, and stays away."),
    413: ("Too much", "What you sent is larger than this page accepts."),
    503: ("Back in a moment", "The site cannot do this just now."),
    429: ("A moment, please", "That was a lot in a short time."),
}


def init_app(app: Flask) -> None:
    app.log_exception = _note  # type: ignore[method-assign]
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(SecurityError, _other_host)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(RateLimitExceeded, _limited)
    app.register_error_handler(TooSoon, _too_soon)
    app.register_error_handler(Over, _signed_out)
    app.register_error_handler(StripeError, _stripe_away)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(PoolTimeout, _database_away)
    app.register_error_handler(InternalServerError, _broken)


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error.get_response()
    status = error.code or 500
    title, sentence = WORDS.get(status, (error.name, error.description or ""))
    own = error.description if error.description != type(error).description else None
    page, status = _page(status, title, own or sentence)
    headers = [(name, value) for name, value in error.get_headers() if name != "Content-Type"]
    return page, status, headers  # a 405 says what is allowed


def _other_host(_: SecurityError) -> ResponseReturnValue:
    """A Host header that is not ours: no page of ours can be drawn, links would be wrong."""
    return "This site does not answer to that name.\n", 400, {"Content-Type": "text/plain"}


def _stale_form(_: CSRFError) -> ResponseReturnValue:
    return _page(400, "This page was open for too long", "Go back, reload it, and try once more.")


def _limited(_: RateLimitExceeded) -> ResponseReturnValue:
    limit = limiter.current_limit
    return _wait(max(1, ceil(limit.reset_at - time.time())) if limit else 60, WORDS[429][1])


def _too_soon(error: TooSoon) -> ResponseReturnValue:
    return _wait(error.seconds, error.message, back=error.back)


def _signed_out(_: Over) -> ResponseReturnValue:
    flash("You were signed out meanwhile, and nothing was done. Sign in again.", "status")
    return redirect(url_for("accounts.login"), 303)


def _stripe_away(_: StripeError) -> ResponseReturnValue:
    current_app.logger.exception("Stripe could not do what a member asked for")
    return _page(
        503,
        "Payments are not available just now",
        "Nothing has changed, and nothing was charged. Try again in a few minutes.",
    )


def _database_away(error: Exception) -> ResponseReturnValue:
    _note((type(error), error, error.__traceback__))
    page, status = _page(
        503,
        "Back in a moment",
        "The site cannot reach its database just now. Nothing you have is lost, and what you sent "
        "was not done: try it again in a minute.",
        error_id=g.get("error_id"),
    )
    return page, status, {"Retry-After": str(TRY_AGAIN_IN)}


def _broken(_: InternalServerError) -> ResponseReturnValue:
    return _page(
        500,
        "Something broke here",
        "It is our fault, and it has been noted.",
        error_id=g.get("error_id"),
    )


def _note(exc_info: Any) -> None:
    """In place of Flask's, which would write down the whole address: a link that still works."""
    g.error_id = secrets.token_hex(4)
    told = "error %s at %s"
    current_app.logger.error(told, g.error_id, logs.asked_for(), exc_info=exc_info)


def _wait(seconds: int, message: str, *, back: str | None = None) -> ResponseReturnValue:
    words = format_timedelta(timedelta(seconds=seconds), threshold=1.5, locale="en")
    page, status = _page(429, WORDS[429][0], message, wait=words, back=back)
    return page, status, {"Retry-After": str(seconds)}


def _page(status: int, title: str, message: str, **more: str | None) -> tuple[str, int]:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # Flask-Login would ask the database who this is, and it may be the database that broke.
        g._login_user = Visitor()
    page = render_template("errors/error.html", status=status, title=title, message=message, **more)
    return page, status
