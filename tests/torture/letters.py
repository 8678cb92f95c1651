"""Is each fact told once? What the mailbox holds against what was paid, as a reader would count."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from sandbox.mailbox import Mail
from tests.torture.facts import Json, Stripe
from tests.torture.town import Wrong

RECEIPT = re.compile(r"Your payment of €(\d+)\.(\d\d) arrived on (\d+ \w+ \d{4})\.")


def wrong(
    mails: Sequence[Mail], stripe: Stripe, payers: Mapping[str, Collection[str]], in_flight: int
) -> Iterator[Wrong]:
    """`payers` are the customers and guests' sessions that ever were somebody's, by address. So
    many mails may have been `in_flight` when whoever sent them was stopped: they come again."""
    sent = Counter(mail.headers["Message-ID"] for mail in mails if mail.via == "SMTP")
    again = {id_: often for id_, often in sent.items() if often > 1}
    if sum(again.values()) - len(again) > in_flight:
        yield Wrong("told twice", f"sent again, with {in_flight} in flight: {again}")
    for (address, amount, day), often in _receipts(mails).items():
        paid = _paid(stripe, payers.get(address, ()))[amount, day]
        if often > paid:
            text = f"{address} paid {amount} {paid} times on {day}, and was told {often} times"
            yield Wrong("told twice", text)


def _receipts(mails: Sequence[Mail]) -> Counter[tuple[str, int, str]]:
    """Who was told how often that so much came in on a day: a mail that came twice is one."""
    by_id = {mail.headers["Message-ID"]: mail for mail in mails if mail.via == "SMTP"}
    return Counter(
        (mail.to, int(found[1] + found[2]), found[3])
        for mail in by_id.values()
        if (found := RECEIPT.search(mail.text))
    )


def _paid(stripe: Stripe, keys: Collection[str]) -> Counter[tuple[int, str]]:
    guests = {s["payment_intent"] for s in stripe.sessions if s["id"] in keys}
    return Counter(
        (charge["amount"], _day(charge))
        for charge in stripe.charges
        if charge["status"] == "succeeded"
        and (charge["customer"] in keys or charge["payment_intent"] in guests)
    )


def _day(charge: Json) -> str:
    created = datetime.fromtimestamp(charge["created"], UTC)
    return f"{created.day} {created:%B %Y}"
