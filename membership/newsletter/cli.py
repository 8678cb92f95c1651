"""flask newsletter …"""

import click
from flask.cli import AppGroup

from membership.newsletter import consent_cli, mailerlite
from membership.newsletter.mailing_list import check, setup, sync_cli
from membership.newsletter.mailing_list.verdicts import State

newsletter = AppGroup("newsletter", help="The list at MailerLite.")
newsletter.add_command(sync_cli.command)
newsletter.add_command(consent_cli.consent)


@newsletter.command("setup")
def set_up() -> None:
    """Make the fields, the groups and the webhook at MailerLite, and mend them."""
    try:
        for line in setup.run():
            click.echo(line)
    except mailerlite.MailerLiteError as error:
        raise click.ClickException(f"MailerLite: {error}") from error


@newsletter.command("check")
def look() -> None:
    """Say what is missing or wrong at MailerLite, and what to click.

    Exit status: 1 when something is.
    """
    wrong = 0
    for asked, verdict in check.run():
        click.echo(f"{verdict.state:8} {asked.name:23} {verdict.what}")
        if verdict.state is State.WRONG:
            wrong += 1
            click.echo(f"{'':33} Why it matters: {asked.why}")
            click.echo(f"{'':33} What to do: {verdict.do}")
    click.echo(f"\n{wrong} to put right." if wrong else "\nNothing is wrong.")
    click.get_current_context().exit(1 if wrong else 0)
