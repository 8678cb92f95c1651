"""Everything that needs the owner, the worst first."""

from membership.admin.needs import codes, machine, mailing, money, standing
from membership.admin.needs.need import Need, rank
from membership.db import db

ACCOUNT = "stripe-account"


def needs() -> list[Need]:
    """By our own rows; Stripe is not asked. Whose its key is, the worker has found out."""
    account = standing.find(db.session(), ACCOUNT)
    found = [*money.found(), *machine.found(), *codes.found(), *mailing.found()]
    return sorted([account, *found] if account else found, key=rank)
