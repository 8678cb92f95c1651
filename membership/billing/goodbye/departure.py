"""A member leaves: first at Stripe, and when that is done, all of it here in one transaction.

Stripe not answering stops it with the account as it was. Whatever was ended there by then stays
ended, and the next try goes on from it.
"""

from dataclasses import asdict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock, config, journal, keyed, outbox, retention
from membership.accounts import address_changes
from membership.accounts import leaving as accounts
from membership.accounts.models import User
from membership.billing import holdings
from membership.billing.goodbye import at_stripe, forgetting
from membership.billing.goodbye.kept import Receipt
from membership.billing.models import UnclaimedPayment
from membership.billing.turns import turn_of
from membership.db import db, transaction
from membership.newsletter import leaving as newsletter
from membership.newsletter.codes import personal
from membership.waits import TooSoon

LETTER = "goodbye"
ROUNDS = 3
BUSY = "Something of yours is being done at Stripe in another window."


class OnlyOwner(Exception):
    """There would be nobody left to run the site."""


class GoneAlready(Exception):
    """Another window was quicker."""


def leave(user_id: int, *, letters: bool) -> Receipt:
    """`letters`: whether the newsletter goes on. Raises OnlyOwner, GoneAlready, TooSoon, or
    StripeError with the account as it was.
    """
    _refuse_only_owner(db.session(), _user(db.session(), user_id))
    ended: set[str] = set()
    with turn_of(user_id, busy=BUSY):  # no page to pay on is opened meanwhile
        for _ in range(ROUNDS):
            for customer_id in _customers(user_id) - ended:
                at_stripe.end(customer_id)
                ended.add(customer_id)
            with transaction() as session:
                payers = forgetting.lock(session, user_id)
                user = _user(session, user_id, locked=True)
                _refuse_only_owner(session, user)
                if _customers(user_id) <= ended:  # else a payment was found to be theirs just now
                    return _forget(session, user, payers, letters)
    raise TooSoon(60, BUSY)


def _forget(session: Session, user: User, payers: forgetting.Payers, letters: bool) -> Receipt:
    now, email = clock.now(), user.email
    own = {email} | {change.was for change in address_changes.of_member(session, user.id)}
    # The owner may have given them what somebody else had paid.
    paid_with = payers.emails - newsletter.readers(session, payers.emails - own)
    emails = accounts.not_others(session, user.id, own | paid_with)
    left = newsletter.forget(
        session,
        emails,
        personal.purposes(user.id),
        stays=email if letters else None,
        now=now,
    )
    receipt = Receipt(
        payments=forgetting.payments_of(session, payers),
        at_stripe=bool(payers.customers),
        letters=left.goes_on,
        list_to_tell=left.list_to_tell,
        consent=left.consent,
        trial=forgetting.forget(session, user.id, payers, emails, now=now),
        unclaimed=_unclaimed(session, emails),
    )
    outbox.forget(session, emails)
    retention.forget(session, payers.keys, emails, now=now)
    journal.record(session, "account.closed", user_id=user.id)
    session.flush()
    journal.forget(session, user.id, emails, user.name, person=_somebody(user))
    accounts.forget(session, user)
    outbox.send_later(session, LETTER, email, **asdict(receipt))
    return receipt


def _user(session: Session, user_id: int, *, locked: bool = False) -> User:
    user = session.get(User, user_id, with_for_update=locked or None, populate_existing=True)
    if user is None:
        raise GoneAlready
    return user


def _refuse_only_owner(session: Session, user: User) -> None:
    others = select(func.count()).where(
        User.is_owner, User.disabled_at.is_(None), User.id != user.id
    )
    if user.is_owner and not session.scalar(others):
        raise OnlyOwner


def _customers(user_id: int) -> set[str]:
    return {customer.stripe_id for customer in holdings.customers_of(user_id)}


def _unclaimed(session: Session, emails: set[str]) -> int:
    waiting = UnclaimedPayment.email.in_(emails), UnclaimedPayment.settled_at.is_(None)
    return session.scalar(select(func.count()).where(*waiting)) or 0


def _somebody(user: User) -> str:
    """Tells the journal's lines of one who left from those of another, and says no more."""
    about = f"{user.id}\n{user.created_at.isoformat()}"
    return keyed.digest(config.current().secret_key, "somebody who left", about).hex()[:16]
