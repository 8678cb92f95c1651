"""What happens when somebody presses the button of a checkout page."""

from sandbox.store import Document
from sandbox.stripe import checkout, customers, invoices, payments, subscriptions
from sandbox.stripe.account import Account
from sandbox.stripe.payments import Card, Payer


class Declined(Exception):
    """The bank said no; the session stays open. `str()` is what the payer is told."""


class NotOpen(Exception):
    """The session is complete or has expired; nothing was done."""


def pay(account: Account, session_id: str, *, email: str, name: str | None, card: Card) -> str:
    """Pay for a session; the id of its `checkout.session.completed`. Raises Declined, NotOpen."""
    with account.store.lock:
        session = checkout.opened(account, session_id)
        if session["status"] != "open":
            raise NotOpen
        method = payments.new_method(account, card, email=email, name=name)
        payer = Payer(session["customer"], email, name, method)
        if card.decline:
            _try_and_fail(account, session, payer, card.decline)
            raise Declined("Your card was declined.")
        if session["mode"] == "subscription":
            return _subscribe(account, session, payer)
        return _buy(account, session, payer)


def _try_and_fail(account: Account, session: Document, payer: Payer, reason: str) -> None:
    if not session["amount_total"]:
        return  # a trial: the card is checked, and no payment is tried
    intent = payments.decline(account, _intent(account, session, payer), payer, reason)
    if session["mode"] == "payment":
        # The same intent is tried again; a subscription's begins anew.
        account.save({**session, "payment_intent": intent["id"]})


def _intent(account: Account, session: Document, payer: Payer) -> Document:
    if session["payment_intent"]:
        kept = account.get("payment_intent", session["payment_intent"])
        return {**kept, "customer": payer.customer}
    terms = account.store.get(checkout.TERMS, session["id"]) or {}
    subscribes = session["mode"] == "subscription"
    return payments.new_intent(
        account,
        payer,
        amount=session["amount_total"],
        currency=session["currency"],
        description="Subscription creation" if subscribes else terms["description"],
        metadata={} if subscribes else terms["payment_metadata"],
        off_session=subscribes,
    )


def _subscribe(account: Account, session: Document, payer: Payer) -> str:
    """All of it is made first, and announced then: an event shows the finished state."""
    customer = _customer(account, session, payer)
    payer = Payer(customer["id"], payer.email, payer.name, payer.method)
    method = payments.attach(account, payer.method, customer["id"])
    terms = account.store.get(checkout.TERMS, session["id"]) or {}
    subscription = subscriptions.start(
        account,
        customer=customer["id"],
        lines=checkout.lines_of(account, session["id"]),
        method=method["id"],
        metadata=terms["subscription_metadata"],
        trial_days=terms["trial_days"],
    )
    invoice = invoices.first(account, subscription, customer)
    subscription = account.save(
        {**subscription, "latest_invoice": invoice["id"], "description": terms["description"]}
    )
    if not invoice["total"]:
        links = {"subscription": subscription["id"], "invoice": invoice["id"]}
        return _announce(account, session, payer, "no_payment_required", links)
    intent, charge = payments.succeed(account, _intent(account, session, payer), payer)
    intent["payment_details"]["order_reference"] = invoice["id"]
    payment = invoices.record_payment(account, invoice, account.save(intent))
    account.emit("charge.succeeded", charge)
    links = {"subscription": subscription["id"], "invoice": invoice["id"]}
    completed = _announce(account, session, payer, "paid", links)
    account.emit("payment_intent.created", {**intent, "status": "requires_payment_method"})
    account.emit("payment_intent.succeeded", intent)
    account.emit("invoice_payment.paid", payment)
    return completed


def _announce(
    account: Account, session: Document, payer: Payer, status: str, links: dict[str, str]
) -> str:
    completed = _complete(account, session, payer, status, links)
    event = account.emit("checkout.session.completed", completed)
    account.emit(
        "customer.subscription.created", account.get("subscription", links["subscription"])
    )
    invoice = account.get("invoice", links["invoice"])
    for type_ in ("created", "finalized", "paid", "payment_succeeded"):
        account.emit(f"invoice.{type_}", invoice)
    return event


def _buy(account: Account, session: Document, payer: Payer) -> str:
    if session["customer_creation"] == "always":
        customer = _customer(account, session, payer)
        payer = Payer(customer["id"], payer.email, payer.name, payer.method)
    intent, charge = payments.succeed(account, _intent(account, session, payer), payer)
    account.emit("payment_intent.created", {**intent, "status": "requires_payment_method"})
    account.emit("charge.succeeded", charge)
    account.emit("payment_intent.succeeded", intent)
    completed = _complete(account, session, payer, "paid", {"payment_intent": intent["id"]})
    return account.emit("checkout.session.completed", completed)


def _customer(account: Account, session: Document, payer: Payer) -> Document:
    if session["customer"]:
        return account.get("customer", session["customer"])
    given = {"email": payer.email, "name": payer.name}
    return customers.create(account, given)


def _complete(
    account: Account, session: Document, payer: Payer, status: str, links: dict[str, str]
) -> Document:
    known = session["customer_details"] or {}
    details: Document = {
        "address": {**payments.NO_ADDRESS, "country": "DE"},
        "business_name": None,
        "email": payer.email,
        "individual_name": None,
        "name": payer.name or known.get("name"),
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
    return account.save(
        {
            **session,
            **links,
            "customer": payer.customer,
            "customer_details": details,
            "payment_status": status,
            "status": "complete",
            "url": None,
        }
    )
