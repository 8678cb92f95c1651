"""flask owner …"""

import click
from flask.cli import AppGroup

from membership.accounts import named, registration
from membership.db import transaction

owner = AppGroup("owner", help="The people who run this site.")


@owner.command("add")
@click.argument("email")
def add(email: str) -> None:
    """Make the account at EMAIL an owner's."""
    with transaction() as session:
        user = named.member(session, email)
        registration.make_owner(session, user)
    click.echo(f"{user.email} is an owner now.")
