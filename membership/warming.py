"""What each worker would do for itself at its first pages, done once before they fork: nobody waits
for it then, and the memory is shared.
"""

import ctypes
from contextlib import suppress
from http import HTTPStatus

from flask import Flask
from jinja2 import TemplateNotFound
from sqlalchemy.orm import configure_mappers

from membership.config import Config
from membership.db import db

PAGES = ("/", "/plans", "/posts", "/login")  # as a visitor sees them: nothing is written
TEMPLATES = ("dashboard/account.html", "premium/index.html")  # where members go most


def up(app: Flask) -> None:
    """Where something is not well, the database or a template, the site starts all the same and
    says so to whoever asks."""
    try:
        _draw(app)
    except Exception:  # in development pages raise
        app.logger.exception("the first pages could not be drawn")
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()  # a connection cannot be shared
    _give_back()


def _draw(app: Flask) -> None:
    configure_mappers()
    for name in TEMPLATES:
        with suppress(TemplateNotFound):  # the example may have made way
            app.jinja_env.get_template(name)
    config: Config = app.config["LATCHKEY"]
    visitor = app.test_client()
    for page in PAGES:
        if visitor.get(page, base_url=config.site_url).status_code != HTTPStatus.OK:
            break


def _give_back() -> None:
    """The memory that was needed on the way and no longer is: malloc_trim(3), where there is it."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
