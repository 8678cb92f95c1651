"""Copies of what Stripe has, and the ledger of grants they lead to."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from membership.billing.entitlements import Source
from membership.db import Model


class Product(Model):
    """A product of ours: one whose metadata has `plan`."""

    __tablename__ = "products"
    stripe_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str | None]
    active: Mapped[bool]
    plan: Mapped[str]
    marketing_features: Mapped[list[str]]
    meta: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Price(Model):
    """`unit_amount` in the currency's minor unit; `interval` None for a one-off."""

    __tablename__ = "prices"
    stripe_id: Mapped[str] = mapped_column(primary_key=True)
    product_id: Mapped[str] = mapped_column(ForeignKey("products.stripe_id"), index=True)
    active: Mapped[bool]
    currency: Mapped[str]
    unit_amount: Mapped[int] = mapped_column(BigInteger)
    interval: Mapped[str | None]
    interval_count: Mapped[int]
    product: Mapped[Product] = relationship()


class Match(StrEnum):
    """How a payment found its member: by what, in the order in which it is asked."""

    CHECKOUT = "checkout"  # we made the customer, or the Checkout Session
    REFERENCE = "reference"  # a client_reference_id that we signed
    EMAIL = "email"  # the payer's address is one member's
    CLAIM = "claim"  # a member proved the payer's address
    OWNER = "owner"  # the owner decided; with no user_id: that it is nobody's


class Customer(Model):
    """A customer of ours at Stripe. `user_id` is whose it is; None while nobody is known.

    `email` is the one its payments were made with, normalised, in so far as we know it.
    """

    __tablename__ = "customers"
    stripe_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    bound_by: Mapped[Match | None]
    email: Mapped[str | None] = mapped_column(index=True)
    deleted: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    synced_at: Mapped[datetime | None]


class Subscription(Model):
    """A subscription as Stripe last told us; nothing here is ours to decide.

    `latest_payment` is the newest of those that succeeded; `paid_until` the end of what the newest
    invoice that is paid was for; `seen_in` the last comparison that found
    it in Stripe's list; `trial_end_told` the trial's end that the member was reminded of.
    `pays_with`, "Visa ending 4242", is for its member's eyes; None when it has ended or we do not
    know. `discounted`: less than its price is asked.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (Index(None, "status", "started_at"),)
    stripe_id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.stripe_id"), index=True)
    status: Mapped[str]
    collection_paused: Mapped[bool] = mapped_column(default=False)
    price_id: Mapped[str]
    product_ids: Mapped[list[str]]
    started_at: Mapped[datetime]
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    cancel_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    trial_end: Mapped[datetime | None] = mapped_column(index=True)
    trial_end_told: Mapped[datetime | None]
    oldest_open_invoice_start: Mapped[datetime | None]
    paid_until: Mapped[datetime | None]
    latest_payment: Mapped[str | None]
    pays_with: Mapped[str | None]
    discounted: Mapped[bool] = mapped_column(default=False)
    seen_in: Mapped[int | None]


class Checkout(Model):
    """A Checkout Session that we made, or that sold something of ours.

    One without a customer (a guest's) is bound itself. `email` is the payer's, normalised;
    `reference` the client_reference_id it came with; `product_ids` what of ours it sells.
    """

    __tablename__ = "checkouts"
    stripe_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    bound_by: Mapped[Match | None]
    customer_id: Mapped[str | None] = mapped_column(index=True)
    payment_intent: Mapped[str | None] = mapped_column(index=True)
    email: Mapped[str | None] = mapped_column(index=True)
    reference: Mapped[str | None]
    price_id: Mapped[str]
    product_ids: Mapped[list[str]]
    mode: Mapped[str]
    status: Mapped[str]
    payment_status: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)
    paid_at: Mapped[datetime | None]


class Payment(Model):
    """One charge that succeeded, for something of ours. Amounts are in minor units.

    It paid an invoice of `subscription_id`, or the Checkout Session `checkout_id`.
    `dispute_status` is Stripe's word, None when it never was disputed.
    """

    __tablename__ = "payments"
    payment_intent: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str | None] = mapped_column(index=True)
    subscription_id: Mapped[str | None] = mapped_column(index=True)
    checkout_id: Mapped[str | None] = mapped_column(index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    amount_refunded: Mapped[int] = mapped_column(BigInteger, default=0)
    currency: Mapped[str]
    dispute_status: Mapped[str | None]
    paid_at: Mapped[datetime] = mapped_column(index=True)


class Invoice(Model):
    """What was asked for a subscription of ours: what its member finds among their papers.

    Not its PDF's address: Stripe's addresses of papers open to whoever has them, and end.
    """

    __tablename__ = "invoices"
    stripe_id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(index=True)
    number: Mapped[str | None]
    total: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    status: Mapped[str]
    created_at: Mapped[datetime]


class UnclaimedPayment(Model):
    """Somebody paid, and nobody knows who. `key` is the customer or the guest's Checkout Session.

    Kept when it has found its member too: `settled_at` says when.
    """

    __tablename__ = "unclaimed_payments"
    key: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(index=True)
    reason: Mapped[str]
    found_at: Mapped[datetime]
    told_at: Mapped[datetime | None]  # when the payer was mailed a way in
    settled_at: Mapped[datetime | None] = mapped_column(index=True)


class TrialTaken(Model):
    """One trial a person: a keyed hash of the address, which outlives the account."""

    __tablename__ = "trials_taken"
    address_hash: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class Grant(Model):
    """Leave to use a feature for a time. The only thing doors look at."""

    __tablename__ = "grants"
    __table_args__ = (
        UniqueConstraint("source", "source_ref", "feature"),
        Index(None, "user_id", "ends_at"),
        Index(None, "noticed_at", "ends_at"),
        Index(None, "noticed_at", "revoked_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    feature: Mapped[str]
    source: Mapped[Source]
    source_ref: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    reason: Mapped[str]
    noticed_at: Mapped[datetime | None]  # when the sweep saw that it opens nothing any more


class CheckoutTurn(Model):
    """A member's checkout that is being prepared: until when no other may be."""

    __tablename__ = "checkout_turns"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    until: Mapped[datetime]


class PortalConfiguration(Model):
    """Stripe's portal as we set it up, and the fingerprint of what it was made from."""

    __tablename__ = "portal_configurations"
    stripe_id: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    made_at: Mapped[datetime]


class SyncTicket(Model):
    """For each thing at Stripe: the last ticket taken before a read, and the last one written."""

    __tablename__ = "sync_tickets"
    key: Mapped[str] = mapped_column(primary_key=True)
    taken: Mapped[int] = mapped_column(default=0)
    written: Mapped[int] = mapped_column(default=0)
