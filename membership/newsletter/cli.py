"""flask newsletter …"""

import click
from flask.cli import AppGroup

from membership.newsletter import mailerlite
from membership.newsletter.mailing_list import setup

newsletter = AppGroup("newsletter", help="The list at MailerLite.")


@newsletter.command("setup")
def set_up() -> None:
    """Make the field, the groups and the webhook at MailerLite."""
    try:
        for line in setup.run():
            click.echo(line)
    except mailerlite.MailerLiteError as error:
        raise click.ClickException(f"MailerLite: {error}") from error
