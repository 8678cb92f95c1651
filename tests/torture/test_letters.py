"""The judge of letters: a receipt for each payment, and none twice."""

from datetime import UTC, datetime

from sandbox.mailbox import Mail
from tests.torture import letters
from tests.torture.facts import Stripe

PAID_AT = datetime(2027, 1, 3, 12, tzinfo=UTC)
ADA = "ada@example.com"
PAYERS = {ADA: {"cus_1"}}
CHARGE = {
    "customer": "cus_1",
    "payment_intent": "pi_1",
    "status": "succeeded",
    "amount": 500,
    "created": int(PAID_AT.timestamp()),
}


def receipt(id_: str, text: str = "Your payment of €5.00 arrived on 3 January 2027.") -> Mail:
    return Mail(ADA, "", "", text, "", {"Message-ID": id_}, PAID_AT, "SMTP")


def wrongs(*mails: Mail, paid: int = 1, in_flight: int = 0) -> int:
    stripe = Stripe(charges=[CHARGE] * paid)
    return len(list(letters.wrong(mails, stripe, PAYERS, in_flight)))


def test_each_payment_is_told_once() -> None:
    assert wrongs(receipt("a")) == 0
    assert wrongs(receipt("a"), receipt("b")) == 1
    assert wrongs(receipt("a"), receipt("b"), paid=2) == 0
    assert wrongs() == 0


def test_nobody_is_told_of_what_was_never_paid() -> None:
    assert wrongs(receipt("a", "Your payment of €50.00 arrived on 3 January 2027.")) == 1
    assert wrongs(receipt("a", "Your payment of €5.00 arrived on 4 January 2027.")) == 1


def test_only_what_was_in_flight_may_come_again() -> None:
    assert wrongs(receipt("a"), receipt("a")) == 1
    assert wrongs(receipt("a"), receipt("a"), in_flight=1) == 0
    assert wrongs(*[receipt("a")] * 3, in_flight=1) == 1
