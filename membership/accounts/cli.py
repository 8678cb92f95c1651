"""flask owner …"""

import click
from flask.cli import AppGroup

from membership.accounts import registration
from membership.db import transaction
from membership.newsletter import addresses

owner = AppGroup("owner", help="The people who run this site.")


@owner.command("add")
@click.argument("email")
def add(email: str) -> None:
    """Make the account at EMAIL an owner's."""
    try:
        with transaction() as session:
            user = registration.make_owner(session, addresses.normalise(email))
    except (LookupError, addresses.BadAddress) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{user.email} is an owner now.")
