"""flask why EMAIL"""

from collections.abc import Iterator

import click
from flask.cli import with_appcontext
from sqlalchemy import or_, select

from membership import clock
from membership.accounts import named, registration
from membership.accounts.models import User
from membership.billing import unclaimed
from membership.billing.dates import day
from membership.billing.explain import timeline, why
from membership.billing.explain.timeline import Day
from membership.billing.explain.verdicts import name_of
from membership.billing.models import Customer, Subscription
from membership.db import db
from membership.inbox import InboxEvent
from membership.newsletter import subscribers


@click.command("why")
@click.argument("email")
@with_appcontext
def command(email: str) -> None:
    """Say what is open to EMAIL, the one rule that decides it, and all that led to it."""
    address = named.address(email)
    user = registration.find(db.session(), address)
    for line in _of_member(user) if user else _of_stranger(address):
        click.echo(line)


def _of_member(user: User) -> Iterator[str]:
    found = why.explain(user.id, user.email, now=clock.billing_now())
    yield f"{user.email} has had an account since {day(user.created_at)}."
    yield from [f"{name_of(said.feature)}: {said.sentence}" for said in found.verdicts]
    yield from found.unpaid
    if not (found.verdicts or found.unpaid):
        yield why.NOTHING
    yield from _newsletter(user.email)
    yield from _at_stripe(user.id)
    yield from _unclaimed(user.email)
    yield from _story(found.days)


def _of_stranger(email: str) -> Iterator[str]:
    yield f"There is no account at {email}."
    yield from _newsletter(email)
    yield from _unclaimed(email)
    yield from _story(timeline.of_address(email))


def _newsletter(email: str) -> Iterator[str]:
    subscriber = subscribers.find(db.session(), email)
    if subscriber is None:
        yield "Newsletter: never asked for."
    elif subscriber.confirmed_at is None:
        yield f"Newsletter: asked for on {day(subscriber.created_at)}, and not confirmed."
    else:
        status = subscriber.status or "not told yet"
        yield f"Newsletter: since {day(subscriber.confirmed_at)}; MailerLite's word: {status}."


def _at_stripe(user_id: int) -> Iterator[str]:
    """Every customer that is theirs, what it subscribes to, and when it was last read."""
    mine = select(Customer).where(Customer.user_id == user_id).order_by(Customer.created_at)
    for customer in db.session.scalars(mine):
        bound = f", found by {customer.bound_by}" if customer.bound_by else ""
        read = f"read on {day(customer.synced_at)}" if customer.synced_at else "never read"
        gone = ", deleted there" if customer.deleted else ""
        yield f"At Stripe: {customer.stripe_id}{bound}, {read}{gone}."
        theirs = select(Subscription).where(Subscription.customer_id == customer.stripe_id)
        for row in db.session.scalars(theirs.order_by(Subscription.started_at)):
            yield f"  {row.stripe_id} is {row.status}, period until {day(row.period_end)}."
        yield from _not_worked_on(customer.stripe_id)


def _not_worked_on(customer_id: str) -> Iterator[str]:
    """Events that may change all of this: what we know of the customer is older than they are."""
    waiting = select(InboxEvent).where(
        InboxEvent.subject == customer_id,
        or_(InboxEvent.due_at.is_not(None), InboxEvent.given_up_at.is_not(None)),
    )
    for event in db.session.scalars(waiting.order_by(InboxEvent.id)):
        yield f"  Not worked on: event {event.id}, {event.type}. See: flask events show {event.id}"


def _unclaimed(email: str) -> Iterator[str]:
    for row in unclaimed.paid_with(db.session(), email):
        yield f"Unclaimed payment: {row.key}, since {day(row.found_at)}: {row.reason}."


def _story(days: list[Day]) -> Iterator[str]:
    for one in days:
        yield ""
        yield day(one.date)
        for line in one.lines:
            yield f"  {line.at:%H:%M}  {line.text}  [{line.inside}]"
