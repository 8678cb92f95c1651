"""Files for those who may have them, and the list of them; and the pictures of posts, for all."""

from flask import (
    Blueprint,
    abort,
    redirect,
    render_template,
    send_file,
    send_from_directory,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from membership import config
from membership.billing import access
from membership.library import paywall
from membership.library.post import MEMBERS, PUBLIC
from membership.library.posts import library
from membership.library.shelves.files import Download, composed

bp = Blueprint("downloads", __name__)
PICTURES_MAX_AGE = 24 * 3600  # seconds


@bp.get("/downloads")
def listed() -> ResponseReturnValue:
    """Every file, and whether it is open to who asks."""
    files = [
        (file, paywall.may_read(file.access, current_user))
        for file in sorted(library().downloads.values(), key=lambda file: file.title.casefold())
    ]
    return render_template("library/downloads.html", files=files)


@bp.get("/downloads/<name>")
def download(name: str) -> ResponseReturnValue:
    """The file, to be saved. A visitor is sent to sign in and from there to the list, a member
    without the feature gets 402."""
    found = library().downloads.get(composed(name))
    if found is None:
        abort(404)
    if found.access == PUBLIC:
        return _sent(found)
    if not current_user.is_authenticated:
        return redirect(url_for("accounts.login", next=url_for("downloads.listed")))
    if found.access == MEMBERS:
        return _sent(found)
    return access.requires(found.access)(_sent)(found)


@bp.get("/images/<path:name>")
def picture(name: str) -> ResponseReturnValue:
    folder = config.current().content_dir / "images"
    return send_from_directory(folder, name, max_age=PICTURES_MAX_AGE)


def _sent(file: Download) -> ResponseReturnValue:
    """In pieces, not read whole into memory; from where it was broken off, if they ask so."""
    answer = send_file(file.path, as_attachment=True, download_name=file.name)
    if file.access != PUBLIC:
        answer.cache_control.private = True
        answer.cache_control.no_store = True
    return answer
