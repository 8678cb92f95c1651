"""flask newsletter consent EMAIL: the answer to "I never asked for this"."""

from collections.abc import Iterator

import click
from flask.cli import with_appcontext

from membership.db import db
from membership.newsletter import addresses, consents
from membership.newsletter.consents import Act, Consent


@click.command("consent")
@click.argument("email")
@with_appcontext
def consent(email: str) -> None:
    """What was agreed to with this address, when, where, and how it was proven; also after its
    owner was forgotten."""
    try:
        email = addresses.normalise(email)
    except addresses.BadAddress as error:
        raise click.ClickException(str(error)) from error
    found = consents.of(db.session(), email)
    if not found:
        click.echo(f"Nothing was ever agreed to with {email}.")
    for row in found:
        for line in _lines(row):
            click.echo(line)


def _lines(row: Consent) -> Iterator[str]:
    where = f" on the {row.place}" if row.place else ""
    where = " at MailerLite" if row.place is consents.Place.MAILERLITE else where
    who = f" from {row.ip}" if row.ip else ""
    forgotten = ", and was forgotten since" if row.email is None else ""
    yield f"{row.at:%Y-%m-%d %H:%M} UTC: {_what(row)}{where}{who}{forgotten}"
    if row.agreed_to:
        yield f"  the words: {row.agreed_to}"
    if row.proven_at:
        code = f", code {row.challenge_id}" if row.challenge_id else ""
        yield f"  proven by {row.proof} at {row.proven_at:%Y-%m-%d %H:%M} UTC{code}"
    elif row.act is Act.AGREED:
        yield "  nobody has proven that it was the owner of the address"


def _what(row: Consent) -> str:
    if row.act is Act.MOVED:
        return f"moved here from {row.was}"
    return str(row.act)
