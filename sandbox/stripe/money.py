"""Amounts as a person reads them."""

from datetime import UTC, datetime

from sandbox.store import Document

SYMBOLS = {"eur": "€", "usd": "$", "gbp": "£"}
ZERO_DECIMAL = {"bif", "clp", "jpy", "krw", "pyg", "vnd", "xaf", "xof", "xpf"}


def amount(minor: int, currency: str) -> str:
    """`amount(500, "eur")` is “€5.00”."""
    units = f"{minor:,}" if currency in ZERO_DECIMAL else f"{minor / 100:,.2f}"
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{units}" if symbol else f"{units} {currency.upper()}"


def price(document: Document) -> str:
    """“€5.00 / month”, “€29.00”."""
    told = amount(document["unit_amount"], document["currency"])
    recurring = document["recurring"]
    if not recurring:
        return told
    count = recurring["interval_count"]
    every = recurring["interval"] if count == 1 else f"{count} {recurring['interval']}s"
    return f"{told} / {every}"


def day(moment: int) -> str:
    """“21 Nov 2026”."""
    return f"{datetime.fromtimestamp(moment, UTC):%-d %b %Y}"
