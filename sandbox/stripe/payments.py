"""Cards, and what becomes of a payment: paid, declined, challenged, or on its way."""

from dataclasses import dataclass
from typing import Literal

from sandbox.store import Document
from sandbox.stripe import payment_documents
from sandbox.stripe.account import Account

Verdict = Literal["paid", "declined", "challenged", "delayed"]
NO_ADDRESS = payment_documents.NO_ADDRESS
DEBIT = "debit"  # a charge on its way: when it lands, and by which clock
DEBIT_TAKES = 3 * 24 * 60 * 60


@dataclass(frozen=True)
class Card:
    """A card of the sandbox's, or an account to debit when it is `delayed`.

    `decline`: the reason every charge is declined for. `declines_later`: it attaches and pays while
    its owner is there, and every charge without them is declined. `challenge`: 3-D Secure, "once"
    while its owner is there, or "always". `delayed`: a SEPA debit that settles three days later,
    as "paid" or "failed".
    """

    number: str
    title: str
    decline: str | None = None
    declines_later: bool = False
    challenge: str = ""
    delayed: str = ""

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def spaced(self) -> str:
        return " ".join(self.number[i : i + 4] for i in range(0, len(self.number), 4))

    @property
    def fingerprint(self) -> str:
        """What a payment method made of it carries: the same card, the same fingerprint."""
        return f"Sandbox{self.number[-9:]}"


# Stripe's own numbers for testing.
CARDS = {
    card.number: card
    for card in (
        Card("4242424242424242", "pays"),
        Card("4000000000000002", "is declined", decline="generic_decline"),
        Card("4000000000009995", "has too little on it", decline="insufficient_funds"),
        Card("4000000000000341", "pays now, is declined at renewals", declines_later=True),
        Card("4000002500003155", "asks for 3-D Secure once", challenge="once"),
        Card("4000002760003184", "asks for 3-D Secure every time", challenge="always"),
        Card("DE89370400440532013000", "SEPA debit: paid three days later", delayed="paid"),
        Card("DE62370400440532013001", "SEPA debit: fails three days later", delayed="failed"),
    )
}
BY_FINGERPRINT = {card.fingerprint: card for card in CARDS.values()}


def card_of(method: Document) -> Card:
    """The card a payment method was made of."""
    return BY_FINGERPRINT[method[method["type"]]["fingerprint"]]


def verdict(card: Card, *, off_session: bool) -> Verdict:
    """What the bank says to a charge, with its owner there or not."""
    if card.decline or (card.declines_later and off_session):
        return "declined"
    if card.challenge == "always" or (card.challenge and not off_session):
        return "challenged"
    return "delayed" if card.delayed else "paid"


def reason(card: Card) -> str:
    """What a declined charge is declined for."""
    return card.decline or "generic_decline"


@dataclass(frozen=True)
class Payer:
    """Who pays with what. `customer` is None for somebody who pays as a guest."""

    customer: str | None
    email: str | None
    name: str | None
    method: Document


def new_method(account: Account, card: Card, *, email: str | None, name: str | None) -> Document:
    """A payment method, not yet anybody's."""
    shape = payment_documents.sepa_debit if card.delayed else payment_documents.card
    details = shape(card.number, card.fingerprint)
    return account.save(
        payment_documents.method(details, email=email, name=name, now=account.now())
    )


def attach(account: Account, method: Document, customer: str) -> Document:
    attached = account.save({**method, "customer": customer})
    account.emit("payment_method.attached", attached)
    return attached


def new_intent(
    account: Account,
    payer: Payer,
    *,
    amount: int,
    currency: str,
    description: str | None,
    metadata: dict[str, str],
    off_session: bool,
) -> Document:
    """A payment intent that is still to be paid."""
    return account.save(
        payment_documents.intent(
            kind=payer.method["type"],
            customer=payer.customer,
            amount=amount,
            currency=currency,
            description=description,
            metadata=metadata,
            off_session=off_session,
            now=account.now(),
        )
    )


def succeed(account: Account, intent: Document, payer: Payer) -> tuple[Document, Document]:
    """The card is charged: the intent and its charge, saved."""
    charge = account.save(_charge(account, intent, payer))
    paid = {
        **intent,
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "payment_method": payer.method["id"],
        "status": "succeeded",
    }
    return account.save(paid), charge


def decline(account: Account, intent: Document, payer: Payer, reason: str) -> Document:
    """The card says no; the intent can be paid with another one."""
    charge = account.save(_charge(account, intent, payer, decline=reason))
    failed = {
        **intent,
        "last_payment_error": _declined(reason, charge, payer.method),
        "latest_charge": charge["id"],
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    account.emit("charge.failed", charge)
    account.emit("payment_intent.payment_failed", account.save(failed))
    return failed


def _declined(reason: str, charge: Document, method: Document) -> Document:
    return {
        "advice_code": "try_again_later",
        "charge": charge["id"],
        "code": "card_declined",
        "decline_code": reason,
        "doc_url": "https://stripe.com/docs/error-codes/card-declined",
        "message": "Your card was declined.",
        "payment_method": method,
        "type": "card_error",
    }


def challenge(account: Account, intent: Document, payer: Payer, url: str) -> Document:
    """The bank wants to hear from the owner of the card, at an address, before it pays."""
    challenged = account.save(
        {
            **intent,
            "next_action": {
                "redirect_to_url": {"return_url": None, "url": url},
                "type": "redirect_to_url",
            },
            "payment_method": payer.method["id"],
            "status": "requires_action",
        }
    )
    account.emit("payment_intent.requires_action", challenged)
    return challenged


def unauthenticated(account: Account, intent: Document) -> Document:
    """The owner of the card did not pass their bank's question: another one can be tried."""
    failed = account.save(
        {
            **intent,
            "last_payment_error": {
                "code": "payment_intent_authentication_failure",
                "doc_url": "https://stripe.com/docs/error-codes/"
                "payment-intent-authentication-failure",
                "message": "The provided PaymentMethod has failed authentication.",
                "payment_method": account.get("payment_method", intent["payment_method"]),
                "type": "invalid_request_error",
            },
            "next_action": None,
            "payment_method": None,
            "status": "requires_payment_method",
        }
    )
    account.emit("payment_intent.payment_failed", failed)
    return failed


def process(account: Account, intent: Document, payer: Payer) -> tuple[Document, Document]:
    """An account is to be debited, which takes days: the intent and its charge, saved."""
    charge = account.save(_charge(account, intent, payer, pending=True))
    lands = account.now() + DEBIT_TAKES
    debit = {"id": charge["id"], "at": lands, "test_clock": account.clock.test_clock}
    account.store.put(DEBIT, charge["id"], debit)
    processing = {
        **intent,
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "payment_method": payer.method["id"],
        "status": "processing",
    }
    return account.save(processing), charge


def _charge(
    account: Account,
    intent: Document,
    payer: Payer,
    *,
    decline: str | None = None,
    pending: bool = False,
) -> Document:
    return payment_documents.charge(
        intent,
        payer.method,
        customer=payer.customer,
        public_url=account.public_url,
        now=account.now(),
        decline=decline,
        pending=pending,
    )
