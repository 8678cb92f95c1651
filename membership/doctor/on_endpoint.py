"""Whether what Stripe has to tell reaches us."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select

from membership.billing import endpoints, events
from membership.billing.stripe_account import EndpointData, EventData
from membership.billing.stripe_api import API_VERSION, StripeForbidden
from membership.db import db
from membership.doctor.findings import Check, Said, broken, look, skipped, well
from membership.doctor.visit import Visit
from membership.inbox import InboxEvent

LATELY = timedelta(days=1)
ON_ITS_WAY = timedelta(minutes=10)
REGISTER = "Run flask billing register-webhook."


def _ours(visit: Visit) -> list[EndpointData]:
    """Those at our address, the enabled ones first."""
    here = [each for each in visit.endpoints if each.url == endpoints.url()]
    return sorted(here, key=lambda each: not each.enabled)


def _endpoint(visit: Visit) -> Said:
    if not endpoints.can_be_called():
        return skipped("SITE_URL is on this machine, where Stripe cannot reach it.")
    here = _ours(visit)
    if not here:
        return broken(f"Stripe sends nothing to {endpoints.url()}.{_nearly(visit)}", REGISTER)
    if not here[0].enabled:
        return broken(f"The endpoint {here[0].id} is switched off.", REGISTER)
    good = [each for each in here if each.enabled and each.version == API_VERSION]
    if not good:
        version = here[0].version or "that of your account"
        return look(f"It sends events of API version {version}, not {API_VERSION}.", REGISTER)
    missing = endpoints.missing_events(good[0])
    if missing:
        return look(f"{good[0].id} does not send {', '.join(missing)}.", REGISTER)
    return well(f"{good[0].id} sends what it should to {good[0].url}.")


def _nearly(visit: Visit) -> str:
    """What was probably meant, when an address differs by a slash or by its s."""

    def bare(url: str) -> str:
        return url.rstrip("/").replace("http://", "https://", 1)

    alike = [each.url for each in visit.endpoints if bare(each.url) == bare(endpoints.url())]
    return f" It does to {alike[0]}, which is not the same." if alike else ""


def _deliveries(visit: Visit) -> Said:
    asked = [e for e in visit.stripe.undelivered(_since(visit)) if e.type in endpoints.EVENTS]
    missed = _not_here(visit, asked)
    if missed:
        count = _many(missed, "event has", "events have")
        return broken(
            f"{count} not reached us in the last day, the oldest a {missed[-1].type}.",
            "In Stripe's dashboard, under Workbench, Webhooks, see what we answered. Stripe goes "
            "on trying for three days; flask billing sync EMAIL reads a member at once.",
        )
    return well("Every event of the last day has reached us.")


def _checkouts(visit: Visit) -> Said:
    missed = _not_here(visit, visit.stripe.checkout_completions(_since(visit)))
    if missed:
        count = _many(missed, "checkout was", "checkouts were")
        return broken(
            f"{count} completed more than ten minutes ago, and no webhook came.",
            "See endpoint and webhooks here. flask billing sync EMAIL reads a member at once.",
        )
    return well("Of every checkout of the last day we were told.")


def _since(visit: Visit) -> datetime:
    """A day ago, or when our endpoint was made: what was before, nobody was to tell us."""
    day_ago = visit.billing_now - LATELY
    try:
        made = [each.created for each in _ours(visit) if each.enabled]
    except StripeForbidden:
        return day_ago
    return max(day_ago, min(made)) if made else day_ago


def _not_here(visit: Visit, told: Iterable[EventData]) -> list[EventData]:
    """Those that should have come by now and are not in the inbox, newest first."""
    old = [each for each in told if each.created <= visit.billing_now - ON_ITS_WAY]
    here = select(InboxEvent.event_id).where(
        InboxEvent.source == events.SOURCE, InboxEvent.event_id.in_([each.id for each in old])
    )
    known = set(db.session.scalars(here))
    return [each for each in old if each.id not in known]


def _many(found: list[EventData], one: str, more: str) -> str:
    return f"{len(found)} {one if len(found) == 1 else more}"


NEEDS = ("stripe", "database", "migrations")
CHECKS = (
    Check("endpoint", "Stripe tells nobody of renewals and refunds.", _endpoint, ("stripe",)),
    Check(
        "deliveries", "What they tell of is not seen before Stripe tries again.", _deliveries, NEEDS
    ),
    Check("checkouts", "Somebody paid, and may be waiting before a shut door.", _checkouts, NEEDS),
)
