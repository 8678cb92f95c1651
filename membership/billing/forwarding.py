"""Stripe writes to a member at the address they have now, on every customer of theirs."""

from membership import clock, due, jobs
from membership.accounts.address_changes import AddressChange
from membership.accounts.models import User
from membership.billing import holdings, stripe_api
from membership.db import db, transaction

KIND = "addresses"


def drain() -> None:
    """Tell Stripe of every change of address that it may not know."""
    jobs.work(AddressChange, _tell, kind=KIND)


def _tell(change: AddressChange) -> None:
    """The address of this moment, whatever the change was: so their order does not matter."""
    user_id, email = change.user_id, db.session.get_one(User, change.user_id).email
    customers = [customer.stripe_id for customer in holdings.customers_of(user_id)]
    for customer_id in customers:
        stripe_api.client().set_email(customer_id, email)
    with transaction() as session:
        user = session.get_one(User, user_id, with_for_update=True)
        for customer in holdings.customers_of(user_id):
            if customer.stripe_id in customers:
                customer.email = email
        still_so = user.email == email
        due.finish(session, change, again_at=None if still_so else clock.now())
