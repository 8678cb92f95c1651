"""The sandbox's one web application, and who may speak to it."""

from collections import deque
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from sandbox.compiled import Compiled
from sandbox.mailbox import Mailbox

LOOPBACK = {"127.0.0.1", "localhost", "[::1]", "::1"}
SAFE = {"GET", "HEAD", "OPTIONS"}
JINJA = {"trim_blocks": True, "lstrip_blocks": True, "bytecode_cache": Compiled()}
REMEMBERED = 200
POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def application(mailbox: Mailbox, parts: Iterable[tuple[str, Blueprint]]) -> Flask:
    """The parts by the prefix of their addresses, and the sandbox's own pages."""
    app = Flask(__name__)
    app.jinja_options = JINJA
    app.before_request(refuse_strangers)
    app.after_request(_harden)
    for prefix, part in parts:
        app.register_blueprint(part, url_prefix=prefix)
    app.register_blueprint(_own_pages(mailbox))
    _log_requests(app)
    return app


def refuse_strangers() -> None:
    """A page elsewhere must not drive the sandbox, not even by a name that points here."""
    if urlsplit(f"//{request.host}").hostname not in LOOPBACK:
        abort(Response("The sandbox answers to 127.0.0.1 and localhost alone.\n", 403))
    if request.method in SAFE:
        return
    origin = request.headers.get("Origin")
    foreign = origin is not None and origin != f"http://{request.host}"
    if foreign or request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        abort(Response("The sandbox takes no orders from another page.\n", 403))


def _harden(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Referrer-Policy"] = (
            "same-origin"  # with no-referrer, Origin would be null
        )
    return response


def _log_requests(app: Flask) -> None:
    """The last calls of both APIs, for the page that shows them."""
    calls: deque[dict[str, Any]] = deque(maxlen=REMEMBERED)

    @app.after_request
    def remember(response: Response) -> Response:
        if request.path.startswith(("/stripe/", "/mailerlite/")):
            calls.appendleft(
                {
                    "id": response.headers.get("Request-Id", ""),
                    "method": request.method,
                    "path": request.full_path.removesuffix("?"),
                    "status": response.status_code,
                    "answer": response.get_data(as_text=True),
                }
            )
        return response

    @app.get("/requests")
    def requests() -> str:
        return render_template("sandbox/requests.html", calls=list(calls))


def _own_pages(mailbox: Mailbox) -> Blueprint:
    pages = Blueprint("sandbox", __name__)

    @pages.get("/")
    def index() -> AnyResponse:
        return redirect(url_for("control.overview"))

    @pages.get("/mail")
    def mail() -> str:
        newest = mailbox.newest  # asked first: what comes meanwhile makes the page load again
        mails, page = mailbox.page()
        return render_template("sandbox/mail.html", mails=mails, page=page, newest=newest)

    @pages.get("/mail/newest")
    def newest_mail() -> Response:
        return jsonify(mailbox.newest)

    return pages
