"""Is every payment accounted for? Bound to whose it is, unclaimed with a reason, or not ours."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from membership.accounts.models import User
from membership.billing.models import Checkout, Customer, Payment, UnclaimedPayment
from membership.db import db
from tests.torture import model
from tests.torture.facts import Deeds, Json, Stripe
from tests.torture.town import Town, Wrong


@dataclass(frozen=True)
class Books:
    """The site's own. `whose` has an address by customer and by guest's session, None for nobody's;
    `unclaimed` the reasons; `given_back` what was given back of each payment, in minor units."""

    whose: Mapping[str, str | None]
    unclaimed: Mapping[str, str]
    given_back: Mapping[str, int]


def wrong(town: Town, stripe: Stripe, deeds: Deeds) -> Iterator[Wrong]:
    books = _opened(town)
    for key in model.keys(stripe):
        yield from _entry(key, books, stripe, deeds)
    for charge in model.charges_of_ours(stripe):
        yield from _payment(charge, books)


def _entry(key: str, books: Books, stripe: Stripe, deeds: Deeds) -> Iterator[Wrong]:
    owner = model.owner_of(key, stripe, deeds)
    should, booked = deeds.members.get(owner or ""), books.whose.get(key)
    if booked not in (None, should):
        yield Wrong("wrong person", f"{key} is {should}'s, and was given to {booked}")
    if not model.payments_are_ours(key, stripe):
        return
    if should and booked is None:
        yield Wrong("unaccounted", f"{key} is {should}'s, and here it is nobody's")
    if bool(should) is (key in books.unclaimed):
        reason = books.unclaimed.get(key)
        yield Wrong("unaccounted", f"{key} is {should}'s, and is unclaimed because: {reason}")


def _payment(charge: Json, books: Books) -> Iterator[Wrong]:
    known = books.given_back.get(charge["payment_intent"])
    if known != charge["amount_refunded"]:
        text = f"{charge['id']} of {charge['customer']}: {charge['amount_refunded']} given back"
        yield Wrong("unaccounted", f"{text} at Stripe, {known} here")


def _opened(town: Town) -> Books:
    session = db.session
    with town.app.app_context():
        users = {user.id: user.email for user in session.execute(select(User.id, User.email))}
        customers = session.execute(select(Customer.stripe_id, Customer.user_id))
        guests = session.execute(
            select(Checkout.stripe_id, Checkout.user_id).where(Checkout.customer_id.is_(None))
        )
        waiting = select(UnclaimedPayment.key, UnclaimedPayment.reason).where(
            UnclaimedPayment.settled_at.is_(None)
        )
        paid = select(Payment.payment_intent, Payment.amount_refunded)
        books = Books(
            whose={key: users.get(user_id or 0) for key, user_id in (*customers, *guests)},
            unclaimed={row.key: row.reason for row in session.execute(waiting)},
            given_back={row.payment_intent: row.amount_refunded for row in session.execute(paid)},
        )
        session.rollback()
    return books
