"""How every page is looked at: as whom, and where. A route that is on no list fails a test.

Words in braces are found on the running site: where, says FOUND_ON.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

VISITOR, READER, FREE = "visitor", "reader", "free"  # a reader has the letters and no account
LAPSED, PAID, OWNER = "lapsed", "paid", "owner"
EVERYBODY = (VISITOR, FREE, LAPSED, PAID)
PAYMENT_REQUIRED, GONE = HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.GONE


@dataclass(frozen=True)
class Look:
    """A page as these people see it, and how it answers."""

    path: str
    who: tuple[str, ...] = (VISITOR,)
    status: int = HTTPStatus.OK


def public(path: str) -> tuple[Look, ...]:
    return (Look(path),)


def own(path: str, *who: str) -> tuple[Look, ...]:
    return (Look(path, who or (FREE,)),)


def desk(path: str) -> tuple[Look, ...]:
    return (Look(path, (OWNER,)),)


PAGES: dict[str, tuple[Look, ...]] = {
    "pages.home": (Look("/", (VISITOR, FREE)),),
    "library.posts": (Look("/posts", (VISITOR, PAID)),),
    "library.post": (
        Look("/posts/how-this-letter-works"),
        Look("/posts/a-night-with-the-lamp-crew", EVERYBODY),
        Look("/posts/the-bench-that-faces-away", (VISITOR, FREE)),
        Look("/posts/no-such-post", status=HTTPStatus.NOT_FOUND),
    ),
    "archive.years": public("/archive"),
    "archive.year": public("/archive/2026"),
    "archive.month": public("/archive/2026/11"),
    "archive.tags": public("/tags"),
    "archive.tag": public("{tag}"),
    "search.search": (Look("/search"), Look("/search?q=lamp"), Look("/search?q=zzzz")),
    "downloads.listed": (Look("/downloads", (VISITOR, PAID)),),
    "billing.plans": (Look("/plans", EVERYBODY),),
    "premium.index": (
        Look("/premium", (PAID,)),
        Look("/premium", (FREE, LAPSED), PAYMENT_REQUIRED),
    ),
    "premium.measure": (
        Look("/premium/measure", (PAID,)),
        Look("/premium/measure", (FREE, LAPSED), PAYMENT_REQUIRED),
    ),
    "accounts.login": public("/login?next=/premium"),
    "accounts.join": public("/join"),
    "accounts.link": (Look("/join/link/too-old", status=GONE),),
    "claim.way_in_page": public("{way_in}"),
    "claim.page": own("/claim"),
    "reset.forgot": public("/forgot"),
    "reset.page": (Look("/reset/too-old", status=GONE),),
    "texts.about": public("/about"),
    "texts.privacy": public("/privacy"),
    "texts.terms": public("/terms"),
    "goodbye.receipt": public("/goodbye"),
    "reader.ask_page": public("/newsletter"),
    "reader.link": (
        Look("{reader_link}"),
        Look("/newsletter/link/too-old", status=GONE),
    ),
    "reader.page": own("/newsletter/yours", READER),
    "reader_data.address": own("/newsletter/yours/address", READER),
    "reader_data.forget": own("/newsletter/yours/forget", READER),
    "dashboard.account": own("/account", FREE, LAPSED, PAID),
    "dashboard.why": own("/account/why", FREE, LAPSED, PAID),
    "data.page": own("/account/data", PAID),
    "address.page": own("/account/email"),
    "address.undo_page": public("/account/email/undo/too-old"),
    "goodbye.page": own("/account/goodbye", FREE, PAID),
    "security.password": own("/account/password"),
    "security.page": own("/account/security"),
    "admin.overview": desk("/admin"),
    "desk_codes.codes": desk("/admin/codes"),
    "desk_posts.posts": desk("/admin/posts"),
    "desk_posts.post": desk("/admin/posts/how-this-letter-works"),
    "desk_events.newest": (
        Look("/admin/events", (OWNER,)),
        Look("/admin/events?which=failed", (OWNER,)),
    ),
    "desk_events.event": desk("{event}"),
    "desk_payments.waiting": desk("/admin/payments"),
    "desk_payments.payer": desk("{payer}"),
    "desk_payments.unbind_page": desk("{payer}/unbind"),
    "desk_doubles.page": desk("{double}"),
    "desk_people.people": (Look("/admin/people", (OWNER,)), Look("/admin/people?q=zzzz", (OWNER,))),
    "desk_person.person": desk("{person}"),
    "desk_person.give": desk("{person}/give"),
    "desk_person.sign_out": desk("{person}/sign-out"),
}

# Where a word in braces is found: the page that links to it.
FOUND_ON = {
    "{tag}": ("/tags", r'href="(/tags/[^"/]+)"'),
    "{event}": ("/admin/events", r'href="(/admin/events/\d+)"'),
    "{payer}": ("/admin/payments", r'href="(/admin/payments/(?!subscriptions)[^"/?]+)"'),
    "{double}": ("/admin/payments", r'href="(/admin/payments/subscriptions/[^"/]+)"'),
    "{person}": ("/admin/people", r'href="(/admin/people/\d+)"'),
}

NO_PAGES = {
    "static": "a file",
    "theme.icon": "a picture",
    "downloads.download": "a file",
    "downloads.picture": "a picture",
    "data.download": "JSON, to save",
    "feeds.public": "a feed",
    "feeds.private": "a feed",
    "sitemap.sitemap": "for search engines",
    "sitemap.robots": "for search engines",
    "library.is_open": "JSON, for the script",
    "premium.measured": "JSON, for programs",
    "health.healthz": "JSON, for machines",
    "health.readyz": "JSON, for machines",
    "billing.is_complete": "JSON, for the script",
    "billing.complete": "leads on, once Stripe has said that it is paid",
    "billing.invoice": "leads on to Stripe's PDF",
    "billing.returned": "leads on",
    "previews.index": "on a developer's own machine alone",
    "previews.mail": "on a developer's own machine alone",
    "reader.asked": "leads back to /newsletter, unless somebody has just asked there",
    "reader_data.forgotten": "leads back to /newsletter, unless somebody has just been forgotten",
    "reset.asked": "leads back to /forgot, unless somebody has just asked there",
    "desk_doubles.leave_page": "exists while a refund is half done; drawn like {double}",
    "desk_person.disable": "not for the owner's own account; drawn like give",
    "desk_person.enable": "exists while an account is shut; drawn like give",
    "desk_person.take_back": "exists while something was given; drawn like give",
}


def of(who: str) -> Iterator[Look]:
    """What these people look at."""
    return (look for each in PAGES.values() for look in each if who in look.who)
