"""Browsers that have been let in to an account before, so that strangers cannot lock its owner out.

A signed cookie, kept for a year and apart from the session, names the device and, by keyed digests
that say nothing to anybody else, the accounts it was let in to, each with the password of that day:
another password forgets its devices. It opens nothing: it only gives its device tries of its own.
"""

import secrets
from typing import Any

from flask import after_this_request, current_app, request
from flask.wrappers import Response
from itsdangerous import BadData, URLSafeTimedSerializer

from membership import config, keyed
from membership.accounts.models import User

KEPT = 365 * 24 * 3600  # seconds
ACCOUNTS = 5  # the newest that one device remembers


def known(user: User) -> str | None:
    """This browser's name, if it has been let in to the account before."""
    name, accounts = _read()
    return name if _digest(user) in accounts else None


def remember(user: User) -> None:
    """The browser of this request was let in to the account: its answer says so in a cookie."""
    name, accounts = _read()
    mine = _digest(user)
    others = [account for account in accounts if account != mine]
    written = _serializer().dumps([name or secrets.token_hex(16), [mine, *others][:ACCOUNTS]])

    @after_this_request
    def keep(response: Response) -> Response:
        secure = config.current().https
        response.set_cookie(
            _cookie(), written, max_age=KEPT, secure=secure, httponly=True, samesite="Lax"
        )
        return response


def _read() -> tuple[str | None, list[str]]:
    try:
        name, accounts = _serializer().loads(request.cookies.get(_cookie(), ""), max_age=KEPT)
    except BadData:
        return None, []
    return name, accounts


def _cookie() -> str:
    return "__Host-device" if config.current().https else "device"


def _serializer() -> URLSafeTimedSerializer:
    keys: list[Any] = [
        *(current_app.config.get("SECRET_KEY_FALLBACKS") or []),
        current_app.secret_key,
    ]
    return URLSafeTimedSerializer(keys, salt="device")


def _digest(user: User) -> str:
    about = f"{user.id}\n{user.password_hash}"
    return keyed.digest(config.current().secret_key, "device", about).hex()[:32]
