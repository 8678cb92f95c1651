"""What people do: join, buy, pay by a link, come back or not."""

import threading
from random import Random

from tests.support.paying import DECLINED, WORKS
from tests.torture import peace, shop
from tests.torture.at_stripe import FAILS_LATER
from tests.torture.townsfolk import Person

DEBIT, DEBIT_FAILS = "DE89370400440532013000", "DE62370400440532013001"  # days later


def joins(person: Person, _dice: Random) -> str | None:
    if person.is_member:
        return None
    person.joins()
    return "joins"


def buys(person: Person, dice: Random) -> str | None:
    """A plan or something once, through the site; mostly to the end."""
    if not person.is_member:
        return None
    price = dice.choice([*shop.RECURRING, "monthly", "yearly", *shop.ONCE])
    page = person.begins(price)
    if page is None:
        return f"is not sold {price}"
    if dice.random() < 0.1:
        return f"begins to buy {price}, and leaves"
    return f"buys {price}: {_finishes(person, page, dice)}"


def pays_what_was_left(person: Person, dice: Random) -> str | None:
    """A tab that was still open."""
    if not person.open_sessions:
        return None
    return f"goes on where they left: {_finishes(person, dice.choice(person.open_sessions), dice)}"


def _finishes(person: Person, page: str, dice: Random) -> str:
    card = dice.choices([WORKS, FAILS_LATER, DECLINED, DEBIT, DEBIT_FAILS], [10, 3, 1, 1, 1])[0]
    way_back = _pays(person, page, card=card)
    if way_back is None:
        return f"not paid with {card}"
    if dice.random() < 0.5:
        person.comes_back(way_back)
        return f"paid with {card}, and comes back"
    return f"paid with {card}, and never comes back"


def _pays(person: Person, page: str, *, card: str, email: str | None = None) -> str | None:
    way_back = person.pays(page, card=card, email=email)
    session = person.town.sandbox.account.find("checkout.session", page.rpartition("/")[2])
    if session and session["status"] == "complete":
        person.diary.paid_by[session["customer"] or session["id"]] = person.name
    return way_back


def claims(person: Person, dice: Random) -> str | None:
    """What they paid with their other address; or, in vain, what somebody else paid with theirs."""
    if not person.is_member:
        return None
    peace.settle(person.town)
    if dice.random() < 0.3:
        person.claims_in_vain(person.neighbour)
        return f"tries to claim what {person.neighbour.name} paid"
    claimed = person.claims()
    for key in claimed:
        person.diary.gives(key, person.name)
    return f"claims {', '.join(claimed) or 'nothing'}"


def looks(person: Person, dice: Random) -> str | None:
    if not person.is_member:
        return None
    page = dice.choice(["/plans", "/premium", "/account"])
    person.looks_at(page)
    return f"looks at {page}"


def joins_and_pays_at_once(person: Person, dice: Random) -> str | None:
    """Two browsers, at the same moment."""
    if person.is_member:
        return None
    joining = threading.Thread(target=person.joins)
    joining.start()
    paid = pays_by_link(person, dice)
    joining.join()
    return f"joins, and at the same moment {paid}"


def pays_by_link(person: Person, dice: Random) -> str | None:
    """A payment link found anywhere: with their own or another address, or a reference."""
    price = dice.choice(["monthly", "yearly", "guide", "archive", "letters", *shop.STRANGERS])
    email = dice.choice(
        [person.email, person.other_email, person.email.upper(), f"{person.name}+x@example.com"]
    )
    reference = None
    if dice.random() < 0.25:
        reference = person.reference() if dice.random() < 0.5 else person.forges_reference()
    page = shop.follow_link(person.town.sandbox, person.browser, price, reference)
    way_back = _pays(
        person, page, card=dice.choice([WORKS, WORKS, WORKS, FAILS_LATER, DEBIT]), email=email
    )
    if way_back is not None and dice.random() < 0.3:
        person.comes_back(way_back)
    return f"pays {price} by link as {email}, with reference {reference}"
