"""flask billing account: which Stripe account the key is of, and which one our rows are of."""

import click
from flask.cli import with_appcontext

from membership import config
from membership.billing import account_guard, stripe_account
from membership.billing.account_guard import AnotherAccount
from membership.billing.stripe_api import StripeError
from membership.db import transaction


@click.command("account")
@click.option("--accept", is_flag=True, help="The key's account is the one that is meant.")
@with_appcontext
def account(accept: bool) -> None:
    """Say of which Stripe account the key is, and whether it is the one we have copied."""
    try:
        stripe_id, livemode = stripe_account.client().account_id(), config.current().livemode
    except StripeError as error:
        raise click.ClickException(f"Stripe: {error}") from error
    mode = "live" if livemode else "test"
    click.echo(f"The key is a {mode} key of {stripe_id or 'an account that it may not name'}.")
    if accept:
        with transaction() as session:
            account_guard.accept(session, stripe_id, livemode=livemode)
        click.echo("From now on this is the account that is copied.")
        return
    try:
        account_guard.check(stripe_id, livemode=livemode)
    except AnotherAccount as error:
        raise click.ClickException(str(error)) from error
    click.echo("It is the account that is copied.")
