"""Whom a command is about, by the address somebody typed. A wrong one ends the command."""

import click
from sqlalchemy.orm import Session

from membership.accounts import registration
from membership.accounts.models import User
from membership.newsletter import addresses


def address(typed: str) -> str:
    """In our spelling. Raises ClickException."""
    try:
        return addresses.normalise(typed)
    except addresses.BadAddress as error:
        raise click.ClickException(str(error)) from error


def member(session: Session, typed: str) -> User:
    """Whose account it is. Raises ClickException."""
    email = address(typed)
    user = registration.find(session, email)
    if user is None:
        raise click.ClickException(f"there is no account at {email}")
    return user
