"""What the owner does: gives access away, and says whose a payment is."""

from random import Random

from tests.torture import model, peace
from tests.torture.facts import DAY, FOREVER, Comp
from tests.torture.townsfolk import Person


def gives(person: Person, dice: Random) -> str | None:
    """A comp, for good or for some days, in place of what was given before."""
    if not person.is_member:
        return None
    days = dice.choice([None, 3, 30])
    town = person.town
    for_so_long = ["--days", str(days)] if days else []
    now = town.sandbox.clock.now()
    done, said = town.flask("members", "comp", person.email, *for_so_long)
    assert done, said
    ends_at = now + days * DAY if days else FOREVER
    person.diary.comps[person.name] = Comp(person.name, now, ends_at)
    return f"is given {days or 'endless'} days"


def takes_back(person: Person, _dice: Random) -> str | None:
    if person.diary.comps.pop(person.name, None) is None:
        return None
    _, said = person.town.flask("members", "comp", person.email, "--end")
    return f"has what was given taken back: {said.strip()}"


def binds(person: Person, dice: Random) -> str | None:
    """Anything that was paid, to this member: done only when it is nobody's."""
    if not person.is_member:
        return None
    key, whose = _payment(person, dice, unclaimed=dice.random() < 0.7)
    if key is None:
        return None
    done, said = person.town.flask("billing", "bind", key, person.email)
    if done:
        person.diary.gives(key, person.name)
    if done != (whose is None) and whose != person.name:
        person.town.complain(
            "owner", f"{key} is {whose}'s, and binding it to {person.name} said: {said}"
        )
    return f"is to have {key} of {whose}: {said.strip()}"


def unbinds(person: Person, dice: Random) -> str | None:
    key, whose = _payment(person, dice, unclaimed=dice.random() < 0.1)
    if key is None:
        return None
    done, said = person.town.flask("billing", "unbind", key)
    if done:
        person.diary.said[key] = None
    elif whose is not None:
        person.town.complain("owner", f"{key} is {whose}'s, and unbinding it said: {said}")
    return f"sees {key} taken from {whose}: {said.strip()}"


def _payment(person: Person, dice: Random, *, unclaimed: bool) -> tuple[str | None, str | None]:
    """A customer, or a guest's session, and whose it is when everything has come to rest."""
    peace.settle(person.town)
    stripe, deeds = person.town.api.everything(), person.diary.deeds()
    owners = {
        key: model.owner_of(key, stripe, deeds)
        for key in model.keys(stripe)
        if model.payments_are_ours(key, stripe)
    }
    keys = [key for key, whose in owners.items() if (whose is None) is unclaimed]
    key = dice.choice(keys) if keys else None
    return key, owners.get(key or "")
