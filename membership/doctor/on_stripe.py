"""The account at Stripe: key, clock, portal."""

from datetime import timedelta

from sqlalchemy import select

from membership.billing import account_guard
from membership.billing.models import PortalConfiguration
from membership.billing.stripe_api import StripeError, StripeForbidden, StripeRefused
from membership.db import db
from membership.doctor.findings import Check, Said, broken, look, well
from membership.doctor.visit import Visit

SLOW_CLOCK, WRONG_CLOCK = timedelta(seconds=30), timedelta(minutes=4)  # signatures last for five


def _stripe(visit: Visit) -> Said:
    try:
        account = visit.account
    except StripeForbidden:
        return well("The key works. It is a restricted one, and may not say whose account it is.")
    except StripeRefused as error:
        return broken(
            f"Stripe refuses the key: {error}",
            "Copy the key from Stripe's dashboard, under Developers, into STRIPE_SECRET_KEY.",
        )
    except StripeError as error:
        return broken(
            f"Stripe does not answer as it should: {error}",
            "Look at status.stripe.com, and whether this machine may call out. Nothing is lost: "
            "events wait, and are worked on when Stripe answers again.",
        )
    named = f"{account.name} ({account.id})" if account.name else account.id
    return well(f"The key works, for the account {named}.")


def _same_account(visit: Visit) -> Said:
    if account_guard.known() is None:
        return well("It is remembered when Stripe is first asked.")
    try:
        account_guard.check(_account_id(visit), livemode=visit.settings.livemode)
    except account_guard.AnotherAccount as error:
        return broken(
            f"Nothing is read from Stripe any more: {error}.",
            "flask billing account says which is which.",
        )
    return well("The key is of the account that is copied here.")


def _account_id(visit: Visit) -> str | None:
    try:
        return visit.account.id
    except StripeForbidden:
        return None


def _charges(visit: Visit) -> Said:
    if visit.account.charges_enabled:
        return well("The account may take payments.")
    if not visit.settings.livemode:
        return well("The account may not take payments yet, which test mode does not mind.")
    return broken(
        "Stripe does not let the account take payments.",
        "Stripe's dashboard says what it wants to know about you first.",
    )


def _clock(visit: Visit) -> Said:
    theirs = visit.account.at
    if theirs is None:
        return well("Stripe did not say what time it has.")
    apart = abs(theirs - visit.now)
    told = f"This machine's clock and Stripe's are {apart.total_seconds():.0f} seconds apart."
    do = "Have the machine set its clock by itself: timedatectl set-ntp true, on most."
    if apart > WRONG_CLOCK:
        return broken(told, do)
    return look(told, do) if apart > SLOW_CLOCK else well("It agrees with Stripe's.")


def _portal(visit: Visit) -> Said:
    kept = db.session.scalars(select(PortalConfiguration.stripe_id)).first()
    if kept is None:
        return well("It is set up at its first use.")
    found = next((each for each in visit.stripe.portals() if each.id == kept), None)
    if found is None:
        return well("Ours is gone from Stripe. It is set up anew at its next use.")
    off = [
        name
        for name, on in (
            ("cancel", found.may_cancel),
            ("change their card", found.may_change_card),
        )
        if not on
    ]
    if off:
        return look(
            f"Members cannot {' and cannot '.join(off)} there.",
            f"In Stripe's dashboard switch it on again in the portal configuration {found.id}.",
        )
    return well("Members can cancel and change their card.")


CHECKS = (
    Check("stripe", "Nobody can pay, and no payment can be looked up.", _stripe),
    Check(
        "stripe-account",
        "In another account our members' payments do not exist.",
        _same_account,
        ("stripe", "database", "migrations"),
    ),
    Check("stripe-charges", "Nobody can pay.", _charges, ("stripe",)),
    Check("clock", "Events signed five minutes ago or more are refused.", _clock, ("stripe",)),
    Check(
        "portal",
        "Members look after their subscription there; in many countries they must be able to.",
        _portal,
        ("stripe", "database", "migrations"),
    ),
)
