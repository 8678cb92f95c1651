"""What each kind of journal entry says, in a sentence.

They name nobody and no id, so that they can be shown to whom they are about.
"""

from collections.abc import Callable
from datetime import datetime

from membership.billing.dates import day
from membership.billing.explain.verdicts import name_of
from membership.journal import Entry

Sentence = Callable[[Entry], str]


def of_entry(entry: Entry) -> str:
    return SENTENCES.get(entry.kind, _always("Something was noted."))(entry)


def _always(words: str) -> Sentence:
    return lambda _: words


def _about_feature(words: str) -> Sentence:
    """A sentence that begins with the feature's name."""
    return lambda entry: f"{_feature(entry)} {words}"


def _stopped(entry: Entry) -> str:
    return {
        "here": "The newsletter was stopped here.",
        "deleted there": "The address was deleted from MailerLite’s list: no more letters go out.",
    }.get(entry.detail["where"], "The newsletter was unsubscribed from at MailerLite.")


def _came_back(entry: Entry) -> str:
    if entry.detail["where"] == "here":
        return "The newsletter was asked for again here."
    return "The address was put on MailerLite’s list there: the newsletter goes to it."


def _code_asked(entry: Entry) -> str:
    by = "MailerLite" if entry.detail["channel"] == "mailerlite" else "our own mail server"
    return f"A code was asked for, to be sent by {by}."


def _bound(entry: Entry) -> str:
    how = {
        "checkout": "it was begun on this site, by this account",
        "reference": "it came with a reference that this site had signed",
        "email": "it was paid with this account’s address",
        "claim": "the address it was paid with was proven with a code",
        "owner": "the owner said so",
    }
    return f"A payment was found to be this account’s: {how[entry.detail['by']]}."


def _granted(entry: Entry) -> str:
    """Also says so when what is granted is over: a canceled subscription's grant ends at once."""
    end, reason = _end(entry), entry.detail["reason"]
    because = _because(reason)
    if end is None:
        return f"{_feature(entry)} was granted for good: {because}."
    if end <= entry.at:
        return f"{_feature(entry)} was closed: {CLOSED_BECAUSE.get(reason, because)}."
    return f"{_feature(entry)} was granted until {day(end)}: {because}."


def _revoked(entry: Entry) -> str:
    return f"{_feature(entry)} was closed: {_because(entry.detail['reason'])}."


def _given(entry: Entry) -> str:
    end = _end(entry)
    until = f"until {day(end)}" if end else "for good"
    return f"{_feature(entry)} was given, without payment, {until}."


def _feature(entry: Entry) -> str:
    return name_of(entry.detail["feature"])


def _end(entry: Entry) -> datetime | None:
    written = entry.detail["ends_at"]
    return datetime.fromisoformat(written) if written else None


# The rules by which a grant is written, as entitlements and grants name them.
BECAUSE = {
    "active": "the subscription is paid",
    "active, collection paused": "payments are paused",
    "active, ends as scheduled": "the subscription was cancelled, and ends then",
    "canceled": "the subscription has ended",
    "incomplete": "the first payment has not gone through",
    "incomplete_expired": "the first payment never went through",
    "no longer part of the product": "what was bought does not include it any more",
    "no longer this member's payment": "the payment is no longer this account’s",
    "paid": "it was bought",
    "past_due, in grace": "the payment is overdue, and the days of grace are running",
    "paused": "the subscription is paused",
    "refunded": "the payment was refunded in full",
    "trialing": "the free trial has begun",
    "trialing, collection paused": "payments are paused",
    "trialing, ends as scheduled": "the free trial was cancelled, and ends then",
    "unpaid": "a payment failed, and Stripe has stopped trying",
}
# The same rules, where what they grant is over already.
CLOSED_BECAUSE = {
    "active": "no later payment has reached us",
    "active, ends as scheduled": "the subscription was cancelled",
    "past_due, in grace": "the payment is overdue, and the days of grace are over",
    "trialing": "no payment has reached us",
    "trialing, ends as scheduled": "the free trial was cancelled",
}


def _because(reason: str) -> str:
    if reason.startswith("disputed, "):
        return "the payment is disputed at the payer’s bank"
    if reason.startswith("unknown "):
        return f"Stripe told us of an {reason}, and what was there before stays"
    return BECAUSE.get(reason, reason)


# One for every kind that is recorded anywhere, and no other: tests/billing/test_timeline.py looks.
SENTENCES: dict[str, Sentence] = {
    "account.disabled": _always("The owner shut this account: nobody can sign in to it."),
    "account.enabled": _always("The owner opened this account again."),
    "account.address_asked": _always("It was asked to move the account to another address."),
    "account.address_changed": _always("The account moved to another address."),
    "account.address_undone": _always("A change of address was taken back."),
    "account.closed": _always("The account was closed by its member."),
    "account.opened": _always("The account was opened."),
    "billing.bound": _bound,
    "billing.checkout_begun": _always("A page to pay on was opened at Stripe."),
    "billing.claim_asked": _always("A code was asked for, to claim what another address paid."),
    "billing.customer_made": _always(
        "Stripe was told of this account, so that what is paid finds it."
    ),
    "billing.two_subscriptions": _always("There was more than one subscription at a time."),
    "billing.unbound": _always("The owner took a payment away from this account."),
    "billing.unclaimed": _always("Something was paid, and no account was known that it is for."),
    "billing.unknown_status": _always("Stripe said something this site does not understand."),
    "comp.ended": _about_feature("was taken back by the owner."),
    "comp.given": _given,
    "feed.ended": _always("The address of the account’s own feed was ended."),
    "feed.made": _always("The account got a feed of its own, at an address that is a key."),
    "feed.renewed": _always("The account’s own feed got another address."),
    "grant.ended": _about_feature("ended."),
    "grant.revoked": _revoked,
    "grant.written": _granted,
    "newsletter.address_changed": _always("The letters go to another address, by its owner."),
    "newsletter.code_asked": _code_asked,
    "newsletter.code_waits": _always("A code was asked for once more, too soon: none was sent."),
    "newsletter.confirmed": _always("The address was proven with the code, for the newsletter."),
    "newsletter.stopped": _stopped,
    "newsletter.came_back": _came_back,
    "newsletter.link_asked": _always("A link to the page about the letters was asked for."),
    "newsletter.page_opened": _always("The page about the letters was opened by a link."),
    "owner.added": _always("The account became an owner’s."),
    "owner.bound": _always("An owner gave this account a payment that was nobody’s."),
    "owner.payment_refunded": _always(
        "An owner gave the latest payment of a second subscription back."
    ),
    "owner.published": _always("An owner sent a post to the list."),
    "owner.refund_left": _always("An owner decided that nothing more is given back."),
    "owner.removed": _always("The account is an owner’s no more."),
    "owner.replayed": _always("An owner had events worked on again."),
    "owner.subscription_ended": _always("An owner ended one of two subscriptions."),
    "owner.unbound": _always("An owner said that a payment is nobody’s."),
    "owner.disabled": _always("An owner shut this account at the desk."),
    "owner.enabled": _always("An owner opened this account again at the desk."),
    "owner.gave": _always("An owner gave access at the desk."),
    "owner.read_again": _always("An owner had Stripe asked again what this account has."),
    "owner.signed_out": _always("An owner signed this account out everywhere."),
    "owner.took_back": _always("An owner took back at the desk what had been given."),
    "password.changed": _always("The password was changed, and every other device signed out."),
    "password.reset": _always(
        "A new password was set by the link from a mail, and every other device signed out."
    ),
    "password.reset_asked": _always("A link for a new password was asked for."),
    "session.begun": _always("Signed in."),
    "session.closed_for_a_while": _always(
        "Many passwords were wrong: for a few minutes, only browsers known here could sign in."
    ),
    "session.ended": _always("Other devices were signed out by hand."),
    "session.refused": _always("Somebody was not let in: the password was not right."),
}
