"""What happens to everybody: time, lost nudges, a Stripe that fails, and sudden deaths."""

from random import Random

from tests.torture import model
from tests.torture.facts import DAY, Answer, Stripe
from tests.torture.townsfolk import Person

HOUR = 60 * 60


def time_passes(person: Person, dice: Random) -> str | None:
    hours = dice.choice([1, 5, 24, 3 * 24, 8 * 24, 15 * 24, 31 * 24])
    person.town.sandbox.clock.advance(hours * HOUR)
    return f"waits {hours} hours, as does everybody"


def nothing_is_heard_of_stripe(person: Person, dice: Random) -> str | None:
    """Time passes and every webhook is lost: doors fall shut by what was known, or what is true."""
    town, deeds = person.town, person.diary.deeds()
    town.settle()
    known = town.api.everything()
    town.sandbox.webhooks_paused = True
    hours = dice.choice(_until_something_ends(known, town.sandbox.clock.now()))
    town.sandbox.clock.advance(hours * HOUR)
    true, now = town.api.everything(), town.sandbox.clock.now()
    by_what_was_known = model.answers(known, deeds, town.policy, now)
    by_what_is_true = model.answers(true, deeds, town.policy, now)
    for name in deeds.members:
        right = {by_what_was_known[name], by_what_is_true[name]}
        said = person.meets(name).reads()
        if Answer.EITHER not in right and said not in right:
            town.complain(f"not {by_what_was_known[name]}", f"{name} is answered {said} unheard of")
    town.sandbox.webhooks_paused = False
    return f"hears nothing of Stripe for {hours} hours, as does everybody"


def _until_something_ends(stripe: Stripe, now: int) -> list[int]:
    """Hours after which what is known to end has ended, or what was to be renewed was not."""
    ends = [
        s["cancel_at"] or s["items"]["data"][0]["current_period_end"] for s in stripe.subscriptions
    ]
    soon = [(end - now) // HOUR + 2 for end in ends if now < end < now + 40 * DAY]
    return soon + [hours + 24 for hours in soon] or [2, 30, 9 * 24]


def webhooks_are_held_back(person: Person, _dice: Random) -> str | None:
    person.town.sandbox.webhooks_paused = True
    return "sees no webhook arrive"


def webhooks_go_on(person: Person, _dice: Random) -> str | None:
    person.town.sandbox.webhooks_paused = False
    return "sees webhooks arrive again"


def webhooks_go_wrong(person: Person, dice: Random) -> str | None:
    faults = person.town.sandbox.webhook_faults
    faults.twice = dice.choice([0.0, 0.3, 1.0])
    faults.twins = dice.choice([0.0, 0.3])
    faults.late = dice.choice([0.0, 0.3])
    faults.late_seconds = dice.choice([0.2, 1.0])
    faults.shuffled = dice.random() < 0.5
    faults.old_timestamp = dice.choice([0.0, 0.2])
    return f"sees webhooks go wrong: {faults}"


def stripe_fails(person: Person, dice: Random) -> str | None:
    sandbox = person.town.sandbox
    sandbox.stripe_fault = dice.choice([None, "down", "down", "down", "limit"])
    sandbox.stripe_fault_share = 0.1 if sandbox.stripe_fault == "limit" else dice.choice([0.1, 0.5])
    return f"sees Stripe fail: {sandbox.stripe_fault}, {sandbox.stripe_fault_share} of calls"


def works(person: Person, _dice: Random) -> str | None:
    person.town.work()
    return "sees the work done"


def somebody_is_killed(person: Person, dice: Random) -> str | None:
    if not person.town.processes:
        return None
    if dice.random() < 0.2:
        person.town.kill_all()
        return "sees the power fail"
    name = dice.choice(["worker-1", "worker-2", "web"])
    person.town.kill(name)
    return f"sees {name} killed"


def everybody_is_back(person: Person, _dice: Random) -> str | None:
    if not person.town.processes:
        return None
    person.town.revive()
    return "sees everybody back"
