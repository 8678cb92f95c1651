"""flask billing …"""

import click
from flask.cli import AppGroup

from membership.accounts import named
from membership.billing import (
    account_cli,
    bind_cli,
    catalogue,
    endpoint_cli,
    holdings,
    stripe_api,
    sync,
)
from membership.billing.repair import cli as findings_cli
from membership.db import db

billing = AppGroup("billing", help="Plans, payments and access.")
for command in (
    bind_cli.bind,
    bind_cli.unbind,
    bind_cli.unclaimed,
    bind_cli.twice,
    endpoint_cli.register_webhook,
    account_cli.account,
    findings_cli.reconcile_command,
    findings_cli.findings_command,
):
    billing.add_command(command)


@billing.command("catalogue")
def copy_catalogue() -> None:
    """Copy products and prices from Stripe."""
    try:
        sync.bring_up_to_date(catalogue.KEY)
    except stripe_api.StripeError as error:
        raise click.ClickException(f"Stripe: {error}") from error
    click.echo("The catalogue is up to date.")


@billing.command("sync")
@click.argument("email")
def sync_member(email: str) -> None:
    """Read again what Stripe has of the member at EMAIL."""
    user = named.member(db.session(), email)
    keys = holdings.payers_of(user.id)
    if not keys:
        raise click.ClickException(f"{user.email} has no customer at Stripe")
    try:
        for key in keys:
            sync.bring_up_to_date(key)
    except stripe_api.StripeError as error:
        raise click.ClickException(f"Stripe: {error}") from error
    click.echo(f"{user.email} is up to date with {', '.join(keys)}.")
