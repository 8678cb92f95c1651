"""Each mail of ours as somebody might get it, for looking at: what its templates are drawn with."""

from datetime import datetime, timedelta
from typing import Any

from membership import links
from membership.billing.goodbye import kept
from membership.billing.goodbye.kept import Receipt
from membership.newsletter.readers import erasing

Context = dict[str, Any]
ADA, GRACE, HUGO = "ada@example.com", "grace@example.com", "hugo@example.com"
_KEY = "3fR0Zb7kQeW1uYtXc9LmVn5sAh2JdG8o"  # as long as those of links are


def samples(now: datetime) -> dict[str, Context]:
    """By package and name, as the templates are called."""
    return {
        **_newsletter(),
        **_accounts(now),
        **_payments(now),
        **_looking_for_members(),
        **_desk(),
    }


def _newsletter() -> dict[str, Context]:
    return {
        "newsletter/code": {
            "code": "482 913",
            "minutes": 30,
            "link_url": links.whole("accounts.link", token=f"1207.{_KEY[:22]}"),
            "login_url": links.whole("accounts.login"),
            "has_account": False,
        },
        "newsletter/reader_link": {
            "email": HUGO,
            "page_url": links.whole("reader.link", token=_KEY),
        },
        "newsletter/reader_unknown": {"email": HUGO, "home_url": links.whole("pages.home")},
        "newsletter/reader_code": {"code": "730 264", "minutes": 30, "asker": HUGO},
        "newsletter/reader_moved": {},
        "newsletter/reader_forgotten": {
            "kept": erasing.sentences(erasing.Kept(list_to_tell=True, consent=True))
        },
    }


def _accounts(now: datetime) -> dict[str, Context]:
    account_url, login_url = links.whole("dashboard.account"), links.whole("accounts.login")
    return {
        "accounts/password_reset": {
            "email": GRACE,
            "reset_url": links.whole("reset.page", token=_KEY),
        },
        "accounts/password_changed": {
            "email": GRACE,
            "at": now,
            "device": "Firefox on Linux",
            "ip": "203.0.113.7",
            "forgot_url": links.whole("reset.forgot"),
        },
        "accounts/no_account": {
            "email": HUGO,
            "disabled": False,
            "letters": True,
            "join_url": links.whole("accounts.join"),
        },
        "accounts/address_asked": {"account_url": account_url},
        "accounts/address_code": {"code": "519 046", "minutes": 30, "asker": GRACE},
        "accounts/address_taken": {"login_url": login_url},
        "accounts/address_changed": {
            "became": "grace.hopper@example.com",
            "days": 7,
            "undo_url": links.whole("address.undo_page", token=f"41.{_KEY}"),
        },
        "accounts/address_undone": {},
    }


def _payments(now: datetime) -> dict[str, Context]:
    urls = {
        "account_url": links.whole("dashboard.account"),
        "plans_url": links.whole("billing.plans"),
    }
    renews = "€5.00 a month, renews in a month"
    return {
        "billing/payment_received": {
            **urls,
            "amount": "€5.00",
            "paid_at": now,
            "lines": [("Membership", renews)],
            "has_invoices": True,
        },
        "billing/payment_failed": {
            **urls,
            "plan": "Membership",
            "price": "€5.00 a month",
            "until": now + timedelta(days=7),
        },
        "billing/trial_ending": {
            **urls,
            "plan": "Membership",
            "price": "€5.00 a month",
            "end": now + timedelta(days=3),
        },
        "billing/access_ended": {
            **urls,
            "plan": "Membership",
            "at": now,
            "features": ["premium"],
            "why": "The subscription was cancelled.",
            "remedy": "plans",
        },
        "billing/payment_claimed": {
            **urls,
            "paid_with": "ada.at.work@example.com",
            "by_code": True,
            "lines": [("Membership", renews)],
        },
        "billing/payment_given": {
            **urls,
            "paid_with": "ada.at.work@example.com",
            "account": ADA,
        },
    }


def _looking_for_members() -> dict[str, Context]:
    receipt = Receipt(
        payments=12,
        at_stripe=True,
        letters=False,
        list_to_tell=True,
        trial=True,
        unclaimed=0,
        consent=True,
    )
    return {
        "billing/paid_first": {
            "email": HUGO,
            "way_in_url": links.whole("claim.way_in_page", token=_KEY),
            "claim_url": links.whole("claim.page"),
        },
        "billing/claim_code": {
            "code": "905 172",
            "minutes": 30,
            "asker": ADA,
            "paid_with": "ada.at.work@example.com",
        },
        "billing/goodbye": {"kept": kept.sentences(receipt)},
    }


def _desk() -> dict[str, Context]:
    needs = [
        (
            "The mail server does not take our mail",
            "Nobody gets a code, so nobody can join or reset a password. What is to be sent waits.",
        ),
        ("One payment is nobody’s", "It was made with an address that no account has."),
    ]
    desk_url = links.whole("admin.overview")
    return {
        "admin/needs": {
            "needs": [({"title": title, "sentence": words}, desk_url) for title, words in needs],
            "desk_url": desk_url,
        }
    }
