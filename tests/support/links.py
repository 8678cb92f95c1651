"""The owner's payment links: anybody may pay with any address, and name a member or nobody."""

import requests
from flask import Flask
from sqlalchemy import func, select

from membership import config
from membership.accounts.models import User
from membership.billing import references
from membership.billing.models import Checkout, Customer, UnclaimedPayment
from membership.db import db
from membership.journal import Entry
from sandbox.server import Sandbox
from tests.support.browser import Elsewhere
from tests.support.paying import WORKS, ask_stripe, price_id


def payment_link(app: Flask, sandbox: Sandbox, name: str = "monthly") -> str:
    """The address of a payment link that sells an example price."""
    sold = {"line_items[0][price]": price_id(app, name), "line_items[0][quantity]": "1"}
    return str(ask_stripe(sandbox, "payment_links", sold)["url"])


def pays_by_link(
    payer: Elsewhere, link: str, email: str, *, reference: str = "", card: str = WORKS
) -> requests.Response:
    """Open the link, with a `client_reference_id` if one is given, and pay with this address."""
    asked = f"{link}?client_reference_id={reference}" if reference else link
    page = payer.get(asked)
    answer = payer.submit(page.url, email=email, card=card)
    assert answer.ok, answer.text
    return answer


def reference_of(app: Flask, email: str) -> str:
    """What we would sign for this member."""
    with app.app_context():
        user = db.session.scalars(select(User).where(User.email == email)).one()
        return references.make(config.current().secret_key, user.id, user.created_at)


def bound(app: Flask) -> list[tuple[str | None, str | None]]:
    """For each customer and each guest: the member's address, and by what it was matched."""
    with app.app_context():
        customers = select(User.email, Customer.bound_by).outerjoin_from(
            Customer, User, User.id == Customer.user_id
        )
        guests = (
            select(User.email, Checkout.bound_by)
            .outerjoin_from(Checkout, User, User.id == Checkout.user_id)
            .where(Checkout.customer_id.is_(None))
        )
        rows = [*db.session.execute(customers), *db.session.execute(guests)]
    return [(email, by and str(by)) for email, by in rows]


def waiting(app: Flask) -> list[tuple[str | None, str]]:
    """Address and reason of each payment that is nobody's."""
    with app.app_context():
        rows = db.session.execute(
            select(UnclaimedPayment.email, UnclaimedPayment.reason)
            .where(UnclaimedPayment.settled_at.is_(None))
            .order_by(UnclaimedPayment.found_at)
        )
        return [(email, reason) for email, reason in rows]


def payer_key(app: Flask) -> str:
    """The key of the one payment that is nobody's."""
    with app.app_context():
        unsettled = UnclaimedPayment.settled_at.is_(None)
        return db.session.scalars(select(UnclaimedPayment.key).where(unsettled)).one()


def told(app: Flask, kind: str) -> int:
    """How many lines of this kind the journal has."""
    with app.app_context():
        count = select(func.count()).select_from(Entry).where(Entry.kind == kind)
        return db.session.scalar(count) or 0
