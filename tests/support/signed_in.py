"""Who is signed in where, and by which cookie."""

from http import HTTPStatus

from flask import Flask
from sqlalchemy import select, text
from werkzeug.test import Cookie

from membership import clock
from membership.accounts import disabling
from membership.accounts.models import User
from membership.db import db, transaction
from tests.support.browser import Browser


def is_in(browser: Browser) -> bool:
    return browser.get("/account").status_code == HTTPStatus.OK


def cookie_of(browser: Browser) -> Cookie:
    cookie = browser.client.get_cookie("session", domain="127.0.0.1")
    assert cookie is not None
    return cookie


def copy_of(browser: Browser, app: Flask) -> Browser:
    """Somebody who has stolen the cookie."""
    thief = Browser(app, browser.site_url)
    thief.client.set_cookie("session", cookie_of(browser).value, domain="127.0.0.1")
    return thief


def token_of(browser: Browser) -> str:
    """What the cookie refers to its session by."""
    with browser.client.session_transaction(base_url=browser.site_url) as session:
        return str(session["_user_id"])


def is_shut_out(app: Flask, email: str) -> None:
    """The owner disables the account."""
    with app.app_context(), transaction() as rows:
        user = rows.scalars(select(User).where(User.email == email)).one()
        disabling.disable(rows, user, now=clock.now())


def everything_stored(app: Flask) -> str:
    """Every value of every row of every table, for looking for what must not be there."""
    with app.app_context(), db.engine.connect() as connection:
        return "\n".join(
            str(tuple(row))
            for table in db.metadata.sorted_tables
            for row in connection.execute(text(f"SELECT * FROM {table.name}"))  # noqa: S608
        )
