"""Look every minute at what needs the owner, keep it for the pages, and write to the owners: once
for each need while it stands, and at most one mail an hour."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership import clock, jobs, outbox
from membership.accounts.models import User
from membership.admin.needs import letters, standing
from membership.admin.needs.known import ACCOUNT, needs
from membership.admin.needs.need import Need, Severity
from membership.admin.needs.standing import OwnerNeed
from membership.billing import stripe_api
from membership.billing.account_guard import AnotherAccount
from membership.billing.stripe_api import StripeError
from membership.db import db, transaction

KIND = "needs"
ONE_MAIL_IN = timedelta(hours=1)
THE_SAME = timedelta(hours=1)  # what comes back sooner had not gone


def drain() -> None:
    """Look, keep what was found, and queue the mail; a site without an owner has nobody to tell."""
    if db.session.scalars(select(User.id).where(User.is_owner).limit(1)).first() is None:
        return
    account = _account()
    found = {need.name: need for need in needs() if need.name != ACCOUNT}
    if account:
        found[ACCOUNT] = account
    try:
        with transaction() as session:
            told = _keep(session, found, now=clock.now())
    except IntegrityError:
        return  # another process was first
    if told:
        jobs.nudge("outbox")


def _keep(session: Session, found: Mapping[str, Need], *, now: datetime) -> bool:
    """Whether the owners were written to."""
    rows = {
        row.name: row
        for row in session.scalars(
            select(OwnerNeed)
            .order_by(OwnerNeed.name)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    }
    for name, row in rows.items():
        if name not in found and row.solved_at is None:
            row.solved_at = now
    for name, need in found.items():
        rows[name] = _stands(rows.get(name), need, now)
    session.add_all(rows.values())
    session.flush()
    return _tell(session, list(rows.values()), now)


def _stands(row: OwnerNeed | None, need: Need, now: datetime) -> OwnerNeed:
    if row is None:
        row = OwnerNeed(name=need.name, since=need.since or now, newest=need.newest, news=True)
    elif row.solved_at:
        row.news = row.news or now - row.solved_at >= THE_SAME
        row.since, row.solved_at = need.since or now, None
    if need.newest and (row.newest is None or need.newest > row.newest):
        row.newest, row.news = need.newest, True
    row.severity, row.title = need.severity, need.title
    row.sentence, row.endpoint = need.sentence, need.endpoint
    return row


def _tell(session: Session, rows: Sequence[OwnerNeed], now: datetime) -> bool:
    last = max((row.told_at for row in rows if row.told_at), default=None)
    if last and now - last < ONE_MAIL_IN:
        return False
    news = [
        row
        for row in rows
        if row.news and row.solved_at is None and row.severity is not Severity.LATER
    ]
    if not news:
        return False
    for row in news:
        row.news, row.told_at = False, now
    names = [row.name for row in news]
    owners = select(User.email).where(User.is_owner, User.disabled_at.is_(None))
    for email in session.scalars(owners.order_by(User.id)).all():
        outbox.send_later(session, letters.LETTER, email, names=names)
    return True


def _account() -> Need | None:
    """Whether the key is of the account that we copy; what is known, while Stripe does not say."""
    try:
        stripe_api.client()
    except StripeError as error:
        if not isinstance(error.__cause__, AnotherAccount):
            return standing.find(db.session(), ACCOUNT)
        return Need(
            name=ACCOUNT,
            severity=Severity.NOW,
            title="The Stripe key is of another account",
            sentence=f"Nothing is read from Stripe. Readers keep what they have. {error}.",
        )
    return None
