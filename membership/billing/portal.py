"""The way to Stripe's portal, which we set up ourselves.

A new Stripe account has no portal configuration, and one made by hand would not know our plans:
ours is made by the API at its first use, and changed when the plans on sale have changed. Its id
is kept with a fingerprint of what it was made from, so that a visit ordinarily costs one call.
"""

from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select

from membership import clock, config
from membership.billing import catalogue, holdings, portal_features, stripe_api
from membership.billing.models import PortalConfiguration
from membership.billing.portal_features import Features, OnSale
from membership.billing.stripe_api import StripeRefused
from membership.db import db, transaction


class Task(StrEnum):
    """What a member comes to the portal for; it opens there, and leads back when it is done."""

    CARD = "card"
    PLAN = "plan"
    CANCEL = "cancel"


def url(customer_id: str, *, return_url: str, task: Task | None = None) -> str:
    """A link for this visit alone, never to be kept. Raises StripeError."""
    flow = _flow(customer_id, task, return_url) if task else None
    api = stripe_api.client()
    try:
        return api.portal_url(
            customer_id, configuration=_configuration(), return_url=return_url, flow=flow
        )
    except StripeRefused:
        # The owner has switched our configuration off, or the key is another account's now, or
        # this subscription cannot be changed like that: set it up anew, and open the front page.
        configuration = _configuration(instead_of=_forget())
    return api.portal_url(customer_id, configuration=configuration, return_url=return_url)


def _flow(customer_id: str, task: Task, return_url: str) -> dict[str, Any] | None:
    back = {"type": "redirect", "redirect": {"return_url": return_url}}
    if task is Task.CARD:
        return {"type": "payment_method_update", "after_completion": back}
    live = holdings.live_subscriptions(customer_id)
    if len(live) != 1:  # which one is chosen there
        return None
    kind = {Task.PLAN: "subscription_update", Task.CANCEL: "subscription_cancel"}[task]
    about = {"subscription": live[0].stripe_id}
    return {"type": kind, kind: about, "after_completion": back}


def _configuration(instead_of: str | None = None) -> str:
    """The id of a configuration that offers what it should."""
    features = _wanted()
    fingerprint = portal_features.fingerprint(features)
    kept = db.session.scalars(
        select(PortalConfiguration.stripe_id).where(PortalConfiguration.fingerprint == fingerprint)
    ).first()
    return kept or _set_up(features, instead_of)


def _set_up(features: Features, instead_of: str | None) -> str:
    _forget()  # until it is done, nobody relies on what was there before
    stripe_id = _change_or_make(features, instead_of)
    with transaction() as session:
        # Plans that changed meanwhile are the business of the next visit.
        if _wanted() == features:
            session.merge(
                PortalConfiguration(
                    stripe_id=stripe_id,
                    fingerprint=portal_features.fingerprint(features),
                    made_at=clock.now(),
                )
            )
    return stripe_id


def _change_or_make(features: Features, instead_of: str | None) -> str:
    try:
        return _write(features, instead_of)
    except StripeRefused:
        return _write(portal_features.without_pause(features), instead_of)


def _write(features: Features, instead_of: str | None) -> str:
    api, params = stripe_api.client(), {"features": features}
    if ours := api.portal_configuration():
        api.update_portal_configuration(ours, params)
        return ours
    # Two first visits make one configuration.
    key = f"portal:{portal_features.fingerprint(features)}:{instead_of}"
    return api.create_portal_configuration(params, idempotency_key=key)


def _forget() -> str | None:
    """Which one was forgotten."""
    with transaction() as session:
        kept = session.scalars(select(PortalConfiguration.stripe_id)).first()
        session.execute(delete(PortalConfiguration))
        return kept


def _wanted() -> Features:
    on_sale = [
        OnSale(row.stripe_id, row.product_id, row.interval, row.interval_count, row.unit_amount)
        for row in db.session.scalars(catalogue.on_sale())
        if row.interval
    ]
    return portal_features.wanted(
        on_sale, promotion_codes=config.current().checkout_promotion_codes
    )
