"""What somebody pays with, in words that they know it by: "Visa ending 4242".

Of a payment method at Stripe nothing else is kept.
"""

from typing import Any

UNNAMED = ""  # there is one, and we have no words for it, or may not look at it

BRANDS = {
    "amex": "American Express",
    "cartes_bancaires": "Cartes Bancaires",
    "diners": "Diners Club",
    "discover": "Discover",
    "eftpos_au": "eftpos",
    "jcb": "JCB",
    "link": "Link",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}
DEBITS = {
    "acss_debit": "Pre-authorized debit",
    "au_becs_debit": "BECS debit",
    "bacs_debit": "Bacs debit",
    "sepa_debit": "SEPA debit",
    "us_bank_account": "Bank account",
}
WALLETS = {
    "amazon_pay": "Amazon Pay",
    "cashapp": "Cash App",
    "link": "Link",
    "paypal": "PayPal",
    "revolut_pay": "Revolut Pay",
}


def in_words(method: Any) -> str:
    """Of a payment method of Stripe's, or of its id alone."""
    kind = getattr(method, "type", None)
    details = getattr(method, str(kind), None)
    if kind == "card":
        return _ending(_brand(details), details)
    if kind in DEBITS:
        return _ending(DEBITS[kind], details)
    return WALLETS.get(str(kind), UNNAMED)


def _brand(card: Any) -> str:
    """The one that its owner chose, where it has two."""
    shown = getattr(card, "display_brand", None) or getattr(card, "brand", None)
    return BRANDS.get(str(shown), "Card")


def _ending(name: str, details: Any) -> str:
    last = getattr(details, "last4", None)
    return f"{name} ending {last}" if last else name
