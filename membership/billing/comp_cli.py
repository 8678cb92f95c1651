"""flask members …"""

import click
from flask.cli import AppGroup

from membership import clock, jobs
from membership.accounts import named
from membership.billing import comps
from membership.billing.dates import day
from membership.db import transaction

members = AppGroup("members", help="The people who have an account.")


@members.command("comp")
@click.argument("email")
@click.option("--feature", default="premium", show_default=True, help="What it opens.")
@click.option("--days", type=click.IntRange(1, 36500), help="For so long; for good if not said.")
@click.option("--because", help="Why, for whoever asks later.")
@click.option("--end", "over", is_flag=True, help="Take back what was given.")
def comp(email: str, feature: str, days: int | None, because: str | None, over: bool) -> None:
    """Open a feature to the member at EMAIL without payment, from now."""
    if over and days:
        raise click.UsageError("--end is at once: it takes no --days")
    now = clock.billing_now()
    try:
        with transaction() as session:
            user = named.member(session, email)
            if over:
                comps.end(session, user, feature, because=because, now=now)
                said = f"What {user.email} was given of {feature} has ended."
            else:
                given = comps.give(session, user, feature, days=days, because=because, now=now)
                until = f"until {day(given.ends_at)}" if given.ends_at else "for good"
                said = f"{user.email} may use {feature} {until}."
    except LookupError as error:
        raise click.ClickException(str(error)) from error
    jobs.nudge("subscribers")
    click.echo(said)
