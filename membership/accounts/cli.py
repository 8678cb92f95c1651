"""flask owner …"""

import click
from flask.cli import AppGroup

from membership import clock
from membership.accounts import named, registration, sessions
from membership.db import transaction

owner = AppGroup("owner", help="The people who run this site.")


@owner.command("add")
@click.argument("email")
def add(email: str) -> None:
    """Make the account at EMAIL an owner's. It signs in anew, wherever it was signed in."""
    with transaction() as session:
        user = named.member(session, email)
        registration.make_owner(session, user)
        sessions.end_all(session, user.id, now=clock.now())
    click.echo(f"{user.email} is an owner now.")


@owner.command("remove")
@click.argument("email")
def remove(email: str) -> None:
    """Take the desk from the account at EMAIL. It is signed out, wherever it was signed in."""
    with transaction() as session:
        user = named.member(session, email)
        if not user.is_owner:
            raise click.ClickException(f"{user.email} is no owner.")
        registration.unmake_owner(session, user)
        sessions.end_all(session, user.id, now=clock.now())
    click.echo(f"{user.email} is an owner no more.")
