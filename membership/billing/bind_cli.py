"""flask billing bind, unbind, unclaimed, twice: the owner's word on whose a payment is, and what
they should look at."""

import click
from flask.cli import with_appcontext

from membership import clock, jobs
from membership.accounts import named
from membership.accounts.models import User
from membership.billing import attention, bindings, stripe_api, sync
from membership.billing.dates import day
from membership.db import db, transaction
from membership.vendor_ids import plausible

_KINDS = ("cus_", "cs_")


@click.command("bind")
@click.argument("key")
@click.argument("email")
@with_appcontext
def bind(key: str, email: str) -> None:
    """Give the payments of KEY (cus_… or cs_…) to the member at EMAIL."""
    user = named.member(db.session(), email)
    _read_again(key)
    try:
        with transaction() as session:
            bindings.bind(session, key, user.id, now=clock.billing_now())
    except bindings.NoSuchPayment as error:
        raise click.ClickException(f"{key} has bought nothing of yours.") from error
    except bindings.BoundAlready as error:
        whose = db.session.get_one(User, error.user_id).email
        message = f"{key} belongs to {whose}. Unbind it first, if that is wrong."
        raise click.ClickException(message) from error
    jobs.nudge("subscribers")
    jobs.nudge("outbox")
    click.echo(f"{key} belongs to {user.email} now.")


@click.command("unbind")
@click.argument("key")
@with_appcontext
def unbind(key: str) -> None:
    """Take the payments of KEY (cus_… or cs_…) from their member; what they opened closes."""
    try:
        with transaction() as session:
            user_id = bindings.unbind(session, _checked(key), now=clock.billing_now())
    except bindings.NoSuchPayment as error:
        raise click.ClickException(f"{key} has bought nothing of yours.") from error
    except bindings.NobodysAlready as error:
        raise click.ClickException(f"{key} is nobody's already.") from error
    jobs.nudge("subscribers")
    whose = db.session.get_one(User, user_id).email if user_id is not None else "nobody"
    click.echo(f"{key} belonged to {whose}, and is nobody's now, until you bind it.")


@click.command("unclaimed")
@with_appcontext
def unclaimed() -> None:
    """List the payments that are nobody's, why, and whose they may be."""
    found = attention.unclaimed()
    for payment in found:
        click.echo(f"{payment.key}  {payment.email or 'no address'}  {day(payment.found_at)}")
        click.echo(f"    {payment.reason}")
        if payment.payer_told_at:
            click.echo(f"    the payer was written to on {day(payment.payer_told_at)}")
        if payment.candidates:
            perhaps = (f"{each.email} ({each.reason})" for each in payment.candidates)
            click.echo(f"    perhaps of: {', '.join(perhaps)}")
    if not found:
        click.echo("Every payment has its member.")


@click.command("twice")
@with_appcontext
def twice() -> None:
    """List the members with more than one subscription: one of them is probably a mistake."""
    found = attention.pays_twice()
    for member in found:
        click.echo(f"{member.email}  {', '.join(member.subscriptions)}")
    if not found:
        click.echo("Nobody pays twice.")


def _read_again(key: str) -> None:
    """What is bound is to be as it is at Stripe now: it may be new to us."""
    try:
        sync.bring_up_to_date(_checked(key))
    except stripe_api.StripeError as error:
        raise click.ClickException(f"Stripe: {error}") from error


def _checked(key: str) -> str:
    if not (plausible(key) and key.startswith(_KINDS)):
        raise click.ClickException(f"{key} is neither a customer (cus_…) nor a checkout (cs_…).")
    return key
