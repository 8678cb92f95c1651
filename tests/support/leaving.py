"""Grace says goodbye, and what is left of her."""

from flask import Flask
from sqlalchemy import String, cast, func, select
from werkzeug.test import TestResponse

from membership.accounts.models import User
from membership.db import Model, db, transaction
from tests.support.browser import Browser, Elsewhere
from tests.support.forms import form_on
from tests.support.mail import Work
from tests.support.paying import chooses, copy_catalogue, pays
from tests.support.people import PASSWORD

NAME = "Grace Brewster Murray"


def subscribes(member: Browser, app: Flask, elsewhere: Elsewhere, work: Work) -> None:
    """By the month."""
    copy_catalogue(app)
    pays(elsewhere, chooses(member, app))
    work()


def is_called(app: Flask, email: str, name: str = NAME) -> None:
    with app.app_context(), transaction() as session:
        session.scalars(select(User).where(User.email == email)).one().name = name


def says_goodbye(member: Browser, **typed: str) -> TestResponse:
    filled = {"password": PASSWORD, "sure": "y"} | typed
    page = member.get("/account/goodbye")
    form = form_on(page.text, path="/account/goodbye", action="/account/goodbye")
    return member.post(form.action, form.filled(filled))


def places(app: Flask, *words: str) -> set[str]:
    """Every column of the database that says one of these anywhere."""
    found = set()
    with app.app_context():
        for table in Model.metadata.sorted_tables:
            for column in table.columns:
                for word in words:
                    says = func.lower(cast(column, String)).contains(word.lower(), autoescape=True)
                    if db.session.scalar(select(func.count()).select_from(table).where(says)):
                        found.add(f"{table.name}.{column.name}")
    return found
