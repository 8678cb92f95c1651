"""What is kept of somebody who left, and why: in sentences, for their receipt."""

from dataclasses import dataclass

from membership.newsletter.leaving import EVIDENCE

HISTORY = (
    "That somebody was here, and when: the site’s history keeps its lines, without a name, an "
    "address or where they came from, so that what was done on the site can still be checked."
)


@dataclass(frozen=True)
class Receipt:
    """`payments`: how many are in the books. `at_stripe`: whether Stripe has them as a customer.
    `letters`: whether the newsletter goes on. `list_to_tell`: whether MailerLite has yet to forget
    them. `trial`: whether it is remembered that they had one. `unclaimed`: how many payments with
    an address of theirs were never found to be theirs. `consent`: whether it is kept that they had
    agreed to the letters.
    """

    payments: int
    at_stripe: bool
    letters: bool
    list_to_tell: bool
    trial: bool
    unclaimed: int
    consent: bool


def sentences(receipt: Receipt) -> list[str]:
    """In the order in which they matter; the first ones always hold."""
    found = [HISTORY]
    if receipt.payments:
        payments = "one payment" if receipt.payments == 1 else f"{receipt.payments} payments"
        found.append(
            f"The amount and the date of {payments}, under Stripe’s numbers, without your name or "
            "address: the law wants the books kept."
        )
    if receipt.at_stripe:
        found.append(
            "Stripe, who took your payments, keeps its own records of them, with your name on the "
            "invoices. Nothing can be charged to you any more; to have more deleted, ask Stripe."
        )
    if receipt.trial:
        found.append(
            "A code, made from your address, by which we know that it has had its free trial. The "
            "address cannot be read out of it."
        )
    if receipt.consent:
        found.append(EVIDENCE)
    if receipt.letters:
        found.append(
            "Your address on the newsletter, because you wanted to go on reading it. Every letter "
            "has a link to unsubscribe."
        )
    if receipt.list_to_tell:
        found.append(
            "Your address, until MailerLite, who sends our newsletter, has taken it off its list "
            "and forgotten it. That usually takes a minute here, and up to thirty days there."
        )
    if receipt.unclaimed:
        found.append(
            "A payment made with an address of yours that was never found to be this account’s, "
            "with that address, until it is known whose it is. Write to us if it was yours."
        )
    return found
