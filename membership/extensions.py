"""Flask's extensions, made here unbound and wired in `app.py`."""

from flask import Response
from flask_bcrypt import Bcrypt
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_wtf import CSRFProtect


class _AtTheirViews(Limiter):
    """Limits stand at the views they guard. Its look at every request is for limits on everything,
    of which there are none, and costs a page more than its words do."""

    def _check_request_limit(
        self, callable_name: str | None = None, in_middleware: bool = True
    ) -> None:
        if not in_middleware:
            super()._check_request_limit(callable_name, in_middleware)


class _ByOurRows(LoginManager):  # type: ignore[misc]
    """Who is signed in, and for how long, is in our rows: there is no cookie of its own to look
    for, and no session to compare with the network and browser it began in. Its look for the one
    after every request would make answers that are the same for everybody differ by cookie, so
    that no cache could keep them."""

    def _load_user_from_remember_cookie(self, cookie: str) -> None:
        return None

    def _update_remember_cookie(self, response: Response) -> Response:
        return response

    def _session_protection_failed(self) -> bool:
        return False


bcrypt = Bcrypt()
csrf = CSRFProtect()
limiter = _AtTheirViews(key_func=get_remote_address)
login_manager = _ByOurRows()
