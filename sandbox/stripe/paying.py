"""What happens when somebody presses the button of a checkout page."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from sandbox.store import Document
from sandbox.stripe import (
    checkout,
    completion,
    payments,
    promotion_codes,
)
from sandbox.stripe.account import Account
from sandbox.stripe.completion import Address, Buyer
from sandbox.stripe.payments import Card

HOME: Address = {"country": "DE"}
ATTEMPT = "checkout.attempt"  # what is paid once the bank has asked its question


class Declined(Exception):
    """The bank said no; the session stays open. `str()` is what the payer is told."""


class Repriced(Exception):
    """A promotion code ran out meanwhile and was taken off; nothing was charged."""


class Challenged(Exception):
    """The bank wants to hear from the payer first: 3-D Secure."""


class NotOpen(Exception):
    """The session is complete or has expired; nothing was done."""


def needs_card(session: Document) -> bool:
    """A free order needs none; a subscription that begins free does, unless told otherwise."""
    subscribes = session["mode"] == "subscription"
    asked = subscribes and session["payment_method_collection"] == "always"
    return bool(session["amount_total"]) or asked


def pay(
    account: Account,
    session_id: str,
    *,
    email: str,
    name: str | None,
    card: Card | None,
    address: Address | None = None,
) -> str:
    """Pay for a session; the id of its `checkout.session.completed`.

    `card` is None where the page asks for none. Raises Declined, Repriced, Challenged, NotOpen.
    """
    with _at(account, session_id) as session:
        _recount(account, session)
        method = payments.new_method(account, card, email=email, name=name) if card else None
        buyer = Buyer(email, name, address or HOME, method)
        said = payments.verdict(card, off_session=False) if card else "paid"
        if said == "declined" and method:
            _try_and_fail(account, session, buyer, method)
        if said == "challenged" and method:
            _challenge(account, session, buyer, method)
        return completion.complete(account, session, buyer, _intent(account, session))


def _told(reason: str) -> str:
    if reason == "insufficient_funds":
        return "Your card has insufficient funds. Try a different card."
    return "Your card was declined. Try a different card."


@contextmanager
def _at(account: Account, session_id: str) -> Iterator[Document]:
    """An open session, in the time of its customer, with nobody else at it. Raises NotOpen."""
    with account.store.lock, account.time_of(account.find("checkout.session", session_id)):
        session = checkout.opened(account, session_id)
        if session["status"] != "open":
            raise NotOpen
        yield session


def _recount(account: Account, session: Document) -> None:
    """Somebody else may have used a promotion code up since it was put on this session."""
    for each in session["discounts"]:
        code = account.find("promotion_code", each["promotion_code"] or "")
        if code and not promotion_codes.now(account, code)["active"]:
            checkout.discount(account, session["id"], None)
            raise Repriced


def _intent(account: Account, session: Document) -> Document | None:
    """The intent of an earlier try, which is tried again."""
    id_ = session["payment_intent"]
    return account.get("payment_intent", id_) if id_ else None


def _try_and_fail(account: Account, session: Document, buyer: Buyer, method: Document) -> NoReturn:
    reason = payments.reason(payments.card_of(method))
    if session["amount_total"]:  # a trial's card is checked, and no payment is tried
        payer = buyer.pays_as(session["customer"], method)
        intent = completion.intent(account, session, payer, _intent(account, session))
        _keep(account, session, payments.decline(account, intent, payer, reason))
    raise Declined(_told(reason))


def _keep(account: Account, session: Document, intent: Document) -> None:
    """The same intent is tried again; a subscription's begins anew."""
    if session["mode"] == "payment":
        account.save({**session, "payment_intent": intent["id"]})


def _challenge(account: Account, session: Document, buyer: Buyer, method: Document) -> NoReturn:
    intent = None
    if session["amount_total"]:
        payer = buyer.pays_as(session["customer"], method)
        url = f"{account.public_url}/pay/{session['id']}/authenticate"
        before = completion.intent(account, session, payer, _intent(account, session))
        intent = payments.challenge(account, before, payer, url)
        _keep(account, session, intent)
    attempt = {
        "address": buyer.address,
        "email": buyer.email,
        "intent": intent and intent["id"],
        "method": method["id"],
        "name": buyer.name,
    }
    account.store.put(ATTEMPT, session["id"], attempt)
    raise Challenged


def attempted(account: Account, session_id: str) -> Document | None:
    """The try that waits for its payer's answer."""
    return account.store.get(ATTEMPT, session_id)


def answer(account: Account, session_id: str, *, passed: bool) -> str:
    """What the payer told their bank; the id of the event if that completes the session.

    Raises Declined, Repriced, NotOpen.
    """
    with _at(account, session_id) as session:
        attempt = attempted(account, session_id)
        if attempt is None:
            raise Declined("That page has been answered already. Choose how to pay.")
        account.store.remove(ATTEMPT, session_id)
        kept = attempt["intent"] and account.get("payment_intent", attempt["intent"])
        if not passed:
            if kept:
                payments.unauthenticated(account, kept)
            raise Declined(
                "We could not authenticate your card. Try again, or choose a different one."
            )
        _recount(account, session)
        method = account.get("payment_method", attempt["method"])
        buyer = Buyer(attempt["email"], attempt["name"], attempt["address"], method)
        return completion.complete(account, session, buyer, kept)
