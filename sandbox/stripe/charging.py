"""One try to collect an invoice, and what the bank makes of it."""

from sandbox.store import Document
from sandbox.stripe import invoice_state, payments, subscription_state
from sandbox.stripe.account import Account
from sandbox.stripe.payments import Payer

DAY = 24 * 60 * 60
RETRIES = (3 * DAY, 5 * DAY, 7 * DAY)  # after the attempt before


def next_attempt(account: Account, attempts: int) -> int | None:
    """When an invoice is tried again whose attempts have all failed; None after the last one."""
    return account.now() + RETRIES[attempts - 1] if attempts <= len(RETRIES) else None


def attempt(
    account: Account,
    invoice: Document,
    method: Document | None,
    *,
    off_session: bool,
    attempts: int,
    next_attempt: int | None,
) -> Document:
    """Charge an open invoice to a method; without one it fails. The invoice afterwards.

    `attempts` is its `attempt_count` when this one fails, `next_attempt` when it is tried again.
    """
    link = invoice_state.payment_of(account, invoice)
    if method is None or link is None:
        return fail(account, invoice, attempts=attempts, next_attempt=next_attempt)
    intent = account.get("payment_intent", link["payment"]["payment_intent"])
    payer = _payer(account, invoice, method)
    card = payments.card_of(method)
    verdict = payments.verdict(card, off_session=off_session)
    if verdict == "paid":
        return _succeed(account, invoice, intent, payer)
    if verdict == "delayed":
        return _wait(account, invoice, intent, payer, attempts)
    if verdict == "declined":
        payments.decline(account, intent, payer, payments.reason(card))
    else:
        payments.challenge(account, intent, payer, invoice["hosted_invoice_url"])
        account.emit("invoice.payment_action_required", invoice)
        if not off_session:  # the owner of the card is there: it is their turn, nothing has failed
            return invoice_state.change(account, invoice, attempted=True)
    return fail(account, invoice, attempts=attempts, next_attempt=next_attempt)


def _payer(account: Account, invoice: Document, method: Document) -> Payer:
    customer = account.get("customer", invoice["customer"])
    return Payer(customer["id"], customer["email"], customer["name"], method)


def _succeed(account: Account, invoice: Document, intent: Document, payer: Payer) -> Document:
    intent, charge = payments.succeed(account, intent, payer)
    account.emit("charge.succeeded", charge)
    account.emit("payment_intent.succeeded", intent)
    return invoice_state.settle(account, invoice, by_charge=True)


def answer(account: Account, invoice: Document, *, passed: bool) -> Document:
    """What the owner of a card told their bank about an invoice that waits for that."""
    link = invoice_state.payment_of(account, invoice)
    intent = account.get("payment_intent", link["payment"]["payment_intent"]) if link else None
    if intent is None or intent["status"] != "requires_action":
        return invoice
    if not passed:
        payments.unauthenticated(account, intent)
        return invoice
    method = account.get("payment_method", intent["payment_method"])
    return _succeed(account, invoice, intent, _payer(account, invoice, method))


def _wait(
    account: Account, invoice: Document, intent: Document, payer: Payer, attempts: int
) -> Document:
    """A debit takes days, and until then nothing has failed."""
    intent, charge = payments.process(account, intent, payer)
    account.emit("charge.pending", charge)
    account.emit("payment_intent.processing", intent)
    return invoice_state.change(
        account, invoice, attempt_count=attempts, attempted=True, next_payment_attempt=None
    )


def fail(
    account: Account, before: Document, *, attempts: int, next_attempt: int | None
) -> Document:
    """It was not paid; its subscription is past due."""
    invoice = invoice_state.change(
        account,
        before,
        attempt_count=attempts,
        attempted=True,
        next_payment_attempt=next_attempt,
    )
    account.emit("invoice.payment_failed", invoice)
    subscription_state.set_delinquent(account, invoice["customer"], delinquent=True)
    subscription_state.fall_behind(account, invoice)
    return invoice
