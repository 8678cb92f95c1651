"""flask billing register-webhook"""

from collections.abc import Iterator

import click
from flask.cli import with_appcontext

from membership import config
from membership.billing import endpoints, stripe_account
from membership.billing.endpoints import Registered
from membership.billing.stripe_account import StripeAccount
from membership.billing.stripe_api import API_VERSION, StripeError

LISTEN = "stripe listen --forward-to 127.0.0.1:8000/webhooks/stripe"


@click.command("register-webhook")
@click.option("--yes", is_flag=True, help="Switch off the endpoint of another version unasked.")
@with_appcontext
def register_webhook(yes: bool) -> None:
    """Have Stripe send its events here: make the endpoint, or mend the one there is."""
    stripe = stripe_account.client()
    try:
        done = endpoints.register(stripe)
        for line in _told(done):
            click.echo(line)
        _switch_off_others(stripe, done, unasked=yes)
    except endpoints.Unreachable as error:
        raise click.ClickException(
            f"Stripe cannot reach {endpoints.url()}: SITE_URL must be the https:// address that "
            f"people use. To try things on this machine: {LISTEN}"
        ) from error
    except StripeError as error:
        raise click.ClickException(f"Stripe: {error}") from error


def _told(done: Registered) -> Iterator[str]:
    endpoint, events = done.endpoint, f"{len(endpoints.EVENTS)} kinds of events"
    if done.secret is None:
        how = f"mended: it sends {events}" if done.mended else "there already"
        yield f"Endpoint {endpoint.id} at {endpoint.url}: {how}."
        yield "Its signing secret is in Stripe's dashboard, under Workbench, Webhooks."
        return
    yield f"Endpoint {endpoint.id} at {endpoint.url}: made, for {events}, version {API_VERSION}."
    yield "Its secret is shown only now. Put it into .env, and restart web and worker:"
    before = ",<what stands there now>" if config.current().stripe_webhook_secrets else ""
    yield f"STRIPE_WEBHOOK_SECRET={done.secret}{before}"


def _switch_off_others(stripe: StripeAccount, done: Registered, *, unasked: bool) -> None:
    for other in done.others:
        click.echo(
            f"Endpoint {other.id} sends to the same address as of version "
            f"{other.version or 'of the account'}. Until it is switched off each event comes "
            "twice, which does no harm. Switch it off when the new secret is in use."
        )
        if unasked or click.confirm("Switch it off now?"):
            stripe.disable_endpoint(other.id)
            click.echo(f"Endpoint {other.id}: switched off.")
