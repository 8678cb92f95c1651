"""Plans as Stripe has them, put in words: pure rules over our copy of the catalogue."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Protocol

from babel.numbers import format_currency, get_currency_symbol

# Stripe counts these in whole units: an amount of 500 is ¥500, not ¥5.00.
ZERO_DECIMAL = frozenset({"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA"}) | frozenset(
    {"PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
THREE_DECIMAL = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
LONGEST = 36_500  # days: a date much further on is none that a computer has


def amount(minor: int, currency: str) -> str:
    """500, "eur" → "€5.00"."""
    code = currency.upper()
    digits = 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2
    spoken = get_currency_symbol(code, locale="en")[-1].isalpha()  # CHF 5.00, but €5.00
    pattern = "¤\u00a0#,##0.00" if spoken else None
    return format_currency(Decimal(minor).scaleb(-digits), code, pattern, locale="en")


def period(interval: str | None, count: int) -> str:
    """ "month", 1 → "a month"; None → "once"."""
    if interval is None:
        return "once"
    return f"a {interval}" if count == 1 else f"every {count} {interval}s"


class Priced(Protocol):
    """A price, in our copy of the catalogue or as Stripe has it."""

    @property
    def unit_amount(self) -> int: ...
    @property
    def currency(self) -> str: ...
    @property
    def interval(self) -> str | None: ...
    @property
    def interval_count(self) -> int: ...


def price_in_words(price: Priced) -> str:
    """€5.00 a month; €29.00 for what is bought once."""
    words = amount(price.unit_amount, price.currency)
    return f"{words} {period(price.interval, price.interval_count)}" if price.interval else words


def saved_a_year(price: Priced, others: Iterable[Priced]) -> int | None:
    """What a price by the year saves against twelve months of the same, in minor units."""
    if (price.interval, price.interval_count) != ("year", 1):
        return None
    by_the_month = [
        other.unit_amount
        for other in others
        if (other.interval, other.interval_count) == ("month", 1)
        and other.currency == price.currency
    ]
    saved = 12 * min(by_the_month, default=0) - price.unit_amount
    return saved if saved > 0 else None


def switched(price: Priced, beside: Iterable[Priced]) -> bool:
    """Whether this is by the month and there is the same by the year, or the other way round."""
    other = {"month": "year", "year": "month"}.get(price.interval or "")
    return price.interval_count == 1 and any(
        (p.interval, p.interval_count, p.currency) == (other, 1, price.currency) for p in beside
    )


def features(metadata: Mapping[str, str]) -> frozenset[str]:
    """What a product opens; `premium` when its metadata does not say."""
    names = (name.strip() for name in metadata.get("features", "").split(","))
    return frozenset(name for name in names if name) or frozenset({"premium"})


def days(metadata: Mapping[str, str], key: str) -> int | None:
    """A whole number of days in the metadata, up to a hundred years; anything else counts as not
    said."""
    value = metadata.get(key, "").strip()
    if not (value.isascii() and value.isdecimal() and len(value) <= len(str(LONGEST))):
        return None
    return int(value) if 0 < int(value) <= LONGEST else None
