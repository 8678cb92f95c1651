"""What a completed checkout makes: a customer, a subscription or a payment, and their events."""

from dataclasses import dataclass
from typing import Any

from sandbox.store import Document
from sandbox.stripe import (
    checkout_lines,
    checkout_terms,
    customers,
    discounts,
    invoices,
    payment_links,
    payments,
    subscriptions,
)
from sandbox.stripe.account import Account
from sandbox.stripe.payments import Payer

Address = dict[str, str | None]  # lines by their name; those that are not there are unknown


@dataclass(frozen=True)
class Buyer:
    """Who is on the page. `method` is None where the page asked for none."""

    email: str
    name: str | None
    address: Address
    method: Document | None

    def pays_as(self, customer: str | None, method: Document) -> Payer:
        return Payer(customer, self.email, self.name, method)


@dataclass(frozen=True)
class Paid:
    """How the money is: a session's `payment_status`, and the intent and charge behind it."""

    status: str
    intent: Document | None = None
    charge: Document | None = None


FREE = Paid("no_payment_required")


def complete(account: Account, session: Document, buyer: Buyer, kept: Document | None) -> str:
    """Complete an open session; `kept` is the intent of an earlier try.

    All of it is made first, and announced then: an event shows the finished state. The id of the
    `checkout.session.completed`.
    """
    session = _answered(session, buyer)
    customer = _customer(account, session, buyer)
    session["customer"] = customer and customer["id"]
    discounts.redeem(account, session["discounts"])
    if session["payment_link"]:
        payment_links.completed(account, session["payment_link"])
    if session["mode"] == "subscription" and customer:
        return _subscribe(account, session, buyer, customer, kept)
    return _buy(account, session, buyer, kept)


def _answered(session: Document, buyer: Buyer) -> Document:
    known = session["customer_details"] or {}
    tax = session["automatic_tax"]
    asked = (session["consent_collection"] or {}).get("terms_of_service") == "required"
    return {
        **session,
        "automatic_tax": {**tax, "status": "complete" if tax["enabled"] else None},
        "consent": {"promotions": None, "terms_of_service": "accepted"} if asked else None,
        "customer_details": {
            "address": {**payments.NO_ADDRESS, **buyer.address},
            "business_name": None,
            "email": buyer.email,
            "individual_name": None,
            "name": buyer.name or known.get("name"),
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
        "status": "complete",
        "url": None,
    }


def _customer(account: Account, session: Document, buyer: Buyer) -> Document | None:
    """Theirs, a new one where one is needed, or none: a guest."""
    address = {**payments.NO_ADDRESS, **buyer.address}
    if session["customer"]:
        return _noted(account, session, buyer, address)
    if session["customer_creation"] != "always":
        return None
    given = {"address": address, "email": buyer.email, "name": buyer.name}
    return customers.create(account, given)


def _noted(account: Account, session: Document, buyer: Buyer, address: Address) -> Document:
    """An email they did not have is kept; name and address as `customer_update` allows."""
    customer = account.get("customer", session["customer"])
    update = checkout_terms.of(account, session["id"])["customer_update"]
    changes: dict[str, Any] = {}
    if not customer["email"]:
        changes["email"] = buyer.email
    if update.get("name") == "auto" and buyer.name:
        changes["name"] = buyer.name
    if update.get("address") == "auto":
        changes["address"] = address
    changed = {name: value for name, value in changes.items() if customer[name] != value}
    return customers.update(account, changed, customer["id"]) if changed else customer


def intent(account: Account, session: Document, payer: Payer, kept: Document | None) -> Document:
    """The intent a session is paid by: the one of an earlier try, or a new one."""
    if kept:
        return {**kept, "customer": payer.customer, "next_action": None}
    terms = checkout_terms.of(account, session["id"])
    subscribes = session["mode"] == "subscription"
    made = payments.new_intent(
        account,
        payer,
        amount=session["amount_total"],
        currency=session["currency"],
        description="Subscription creation" if subscribes else terms["description"],
        metadata={} if subscribes else terms["payment_metadata"],
        off_session=subscribes,
    )
    account.emit("payment_intent.created", made)
    return made


def _pay(account: Account, session: Document, buyer: Buyer, kept: Document | None) -> Paid:
    if not session["amount_total"] or not buyer.method:
        return FREE
    payer = buyer.pays_as(session["customer"], buyer.method)
    asked = intent(account, session, payer, kept)
    if payments.card_of(buyer.method).delayed:
        return Paid("unpaid", *payments.process(account, asked, payer))
    return Paid("paid", *payments.succeed(account, asked, payer))


def _buy(account: Account, session: Document, buyer: Buyer, kept: Document | None) -> str:
    paid = _pay(account, session, buyer, kept)
    _announce_payment(account, paid)
    links = {"payment_intent": paid.intent["id"]} if paid.intent else {}
    return _announce(account, session, paid, links)


def _announce(account: Account, session: Document, paid: Paid, links: dict[str, str]) -> str:
    done = account.save({**session, **links, "payment_status": paid.status})
    return account.emit("checkout.session.completed", done)


def _announce_payment(account: Account, paid: Paid) -> None:
    if paid.intent and paid.charge:
        waits = paid.status == "unpaid"
        account.emit("charge.pending" if waits else "charge.succeeded", paid.charge)
        account.emit(
            "payment_intent.processing" if waits else "payment_intent.succeeded", paid.intent
        )


def _subscribe(
    account: Account, session: Document, buyer: Buyer, customer: Document, kept: Document | None
) -> str:
    method = payments.attach(account, buyer.method, customer["id"]) if buyer.method else None
    subscription = _started(account, session, customer, method)
    invoice = _invoiced(account, session, subscription)
    paid = _pay(account, session, buyer, kept)
    payment = None
    if paid.intent:
        paid.intent["payment_details"]["order_reference"] = invoice["id"]
        account.save(paid.intent)
        if paid.status == "unpaid":
            invoice = account.save(_left_open(invoice))
        payment = _recorded(account, invoice, paid.intent)
    subscription = _settled(account, subscription, invoice)
    links = {"subscription": subscription["id"], "invoice": invoice["id"]}
    completed = _announce(account, session, paid, links)
    for id_ in invoice["discounts"] or subscription["discounts"]:
        account.emit("customer.discount.created", account.get("discount", id_))
    account.emit("customer.subscription.created", subscription)
    _announce_payment(account, paid)
    _announce_invoice(account, invoice, payment)
    return completed


def _started(
    account: Account, session: Document, customer: Document, method: Document | None
) -> Document:
    terms = checkout_terms.of(account, session["id"])
    subscription = subscriptions.start(
        account,
        customer=customer["id"],
        lines=checkout_lines.of(account, session["id"]),
        method=method["id"] if method else None,
        metadata=terms["subscription_metadata"],
        trial_days=terms["trial_days"],
    )
    ending = {"missing_payment_method": terms["missing_payment_method"]}
    taxed = session["automatic_tax"]["enabled"]
    subscription |= {
        "description": terms["description"],
        "discounts": discounts.begin(
            account,
            session["discounts"],
            session=session["id"],
            customer=customer["id"],
            subscription=subscription["id"],
        ),
        "trial_settings": {"end_behavior": ending},
    }
    if taxed:
        subscription["automatic_tax"] |= {"enabled": True, "liability": {"type": "self"}}
    return account.save(subscription)


def _invoiced(account: Account, session: Document, subscription: Document) -> Document:
    customer = account.get("customer", subscription["customer"])
    invoice = invoices.first(account, subscription, customer)
    invoice = discounts.on_invoice(account, invoice, subscription["discounts"])
    invoice["automatic_tax"] |= session["automatic_tax"]
    return account.save(invoice)


def _settled(account: Account, subscription: Document, invoice: Document) -> Document:
    """A discount for once has done its work when the first invoice has used it."""
    lasting = discounts.lasting(account, subscription["discounts"], invoice["discounts"])
    changes = {"discounts": lasting, "latest_invoice": invoice["id"]}
    return account.save({**subscription, **changes})


def _left_open(invoice: Document) -> Document:
    """Debited in some days: until then it is neither paid nor failed."""
    return {
        **invoice,
        "amount_paid": 0,
        "amount_remaining": invoice["amount_due"],
        "attempt_count": 0,
        "auto_advance": True,
        "status": "open",
        "status_transitions": {**invoice["status_transitions"], "paid_at": None},
    }


def _recorded(account: Account, invoice: Document, intent: Document) -> Document:
    payment = invoices.record_payment(account, invoice, intent)
    if invoice["status"] == "paid":
        return payment
    waits = {"status": "open", "status_transitions": {"canceled_at": None, "paid_at": None}}
    return account.save({**payment, **waits})


def _announce_invoice(account: Account, invoice: Document, payment: Document | None) -> None:
    paid = invoice["status"] == "paid"
    for type_ in ("created", "finalized", *(("paid", "payment_succeeded") if paid else ())):
        account.emit(f"invoice.{type_}", invoice)
    if payment and paid:
        account.emit("invoice_payment.paid", payment)
