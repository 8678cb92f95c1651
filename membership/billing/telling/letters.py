"""Mails about a member's payments, drawn from rows when they are sent: None when no longer true."""

from datetime import datetime

from sqlalchemy import select

from membership import clock, config, links, outbox
from membership.accounts.models import User
from membership.billing import plans
from membership.billing.dates import day
from membership.billing.models import Checkout, Customer, Grant, Match, Payment, Price, Subscription
from membership.billing.telling import closings, reasons, standing, trials
from membership.db import db
from membership.outbox import Mail, OutboxMessage


def payment_received(message: OutboxMessage) -> Mail | None:
    """params: payment, user_id. None when it was given back or is not this member's any more, or
    when the owner leaves receipts to Stripe."""
    session = db.session()
    payment = session.get_one(Payment, message.params["payment"])
    bought = standing.bought_with(session, payment)
    given_back = payment.amount_refunded >= payment.amount
    if bought is None or given_back or not config.current().mail_receipts:
        return None
    if not _is_still_theirs(bought, message):
        return None
    amount = plans.amount(payment.amount, payment.currency)
    return _mail(
        f"We received your payment of {amount}",
        text="billing/email/payment_received.txt",
        html="billing/email/payment_received.html",
        amount=amount,
        paid_at=payment.paid_at,
        lines=standing.lines_of(session, bought, now=clock.billing_now()),
        has_invoices=bought.customer_id is not None,
    )


def payment_failed(message: OutboxMessage) -> Mail | None:
    """params: subscription, unpaid_since, user_id. None when it was paid meanwhile or has
    ended."""
    session = db.session()
    row = session.get_one(Subscription, message.params["subscription"])
    until = standing.open_until(session, row.stripe_id, now=clock.billing_now())
    since = datetime.fromisoformat(message.params["unpaid_since"])
    if row.status != "past_due" or standing.unpaid_since(row) != since or until is None:
        return None
    if not _is_still_theirs(row, message):
        return None
    return _mail(
        f"Your payment to {config.current().site_name} did not go through",
        text="billing/email/payment_failed.txt",
        html="billing/email/payment_failed.html",
        plan=standing.name_of(session, row.product_ids),
        price=_price(row),
        until=until,
    )


def trial_ending(message: OutboxMessage) -> Mail | None:
    """params: subscription, trial_end, user_id. None when nothing will be charged at that time."""
    session = db.session()
    row = session.get_one(Subscription, message.params["subscription"])
    end = datetime.fromisoformat(message.params["trial_end"])
    price = session.get(Price, row.price_id)
    costs_nothing = price is not None and price.unit_amount == 0
    if not trials.will_be_charged(row, end, clock.billing_now()) or costs_nothing:
        return None
    if not _is_still_theirs(row, message):
        return None
    return _mail(
        f"Your free trial ends on {day(end)}",
        text="billing/email/trial_ending.txt",
        html="billing/email/trial_ending.html",
        plan=standing.name_of(session, row.product_ids),
        price=_price(row),
        end=end,
    )


def access_ended(message: OutboxMessage) -> Mail | None:
    """params: grants, user_id. None when all that ended is open again, or by something else."""
    session, now = db.session(), clock.billing_now()
    user_id = message.params["user_id"]
    still_open = standing.open_features(session, user_id, now=now)
    ended = select(Grant).where(Grant.id.in_(message.params["grants"]), Grant.user_id == user_id)
    shut = [grant for grant in session.scalars(ended) if grant.feature not in still_open]
    if not shut:
        return None
    grant = shut[0]
    bought = standing.source_of(session, grant)
    unpaid = isinstance(bought, Subscription) and bought.oldest_open_invoice_start is not None
    why, remedy = reasons.why(
        grant.reason, grant.source, revoked=grant.revoked_at is not None, unpaid=unpaid
    )
    plan = standing.name_of(session, bought.product_ids) if bought else "What you were given"
    return _mail(
        f"{plan} at {config.current().site_name} has ended",
        text="billing/email/access_ended.txt",
        html="billing/email/access_ended.html",
        plan=plan,
        at=closings.end_of(grant),
        features=sorted(one.feature for one in shut),
        why=why,
        remedy=remedy,
    )


def payment_claimed(message: OutboxMessage) -> Mail | None:
    """To the account. params: keys, user_id, paid_with. None when the payments were taken from it
    again."""
    payers = _payers(message)
    if not payers:
        return None
    session, now = db.session(), clock.billing_now()
    bought = [row for payer in payers for row in standing.all_bought(session, payer)]
    return _mail(
        "A payment now belongs to your account",
        text="billing/email/payment_claimed.txt",
        html="billing/email/payment_claimed.html",
        paid_with=message.params["paid_with"],
        by_code=payers[0].bound_by is Match.CLAIM,
        lines=[line for row in bought for line in standing.lines_of(session, row, now=now)],
    )


def payment_given(message: OutboxMessage) -> Mail | None:
    """To whoever paid. params: keys, user_id, paid_with. None as above.

    The account is named only where this address was proven with a code, whose mail named it.
    """
    payers = _payers(message)
    if not payers:
        return None
    proven = payers[0].bound_by is Match.CLAIM and message.recipient == message.params["paid_with"]
    user = db.session.get_one(User, message.params["user_id"])
    return _mail(
        f"Your payment to {config.current().site_name} has found its account",
        text="billing/email/payment_given.txt",
        html="billing/email/payment_given.html",
        paid_with=message.recipient,
        account=user.email if proven else None,
    )


def _payers(message: OutboxMessage) -> list[Customer | Checkout]:
    """Those that are still the member's."""
    found = [
        db.session.get(Customer, key) or db.session.get(Checkout, key)
        for key in message.params["keys"]
    ]
    return [payer for payer in found if payer and payer.user_id == message.params["user_id"]]


def _is_still_theirs(bought: Subscription | Checkout, message: OutboxMessage) -> bool:
    owner = standing.owner_of(db.session(), bought)
    return bool(owner == message.params["user_id"])


def _price(row: Subscription) -> str:
    price = db.session.get(Price, row.price_id)
    return plans.price_in_words(price) if price else ""


def _mail(subject: str, *, text: str, html: str, **context: object) -> Mail:
    urls = {
        "account_url": links.whole("dashboard.account"),
        "plans_url": links.whole("billing.plans"),
    }
    return outbox.draw(subject, text=text, html=html, **context, **urls)
