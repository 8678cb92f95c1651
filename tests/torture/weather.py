"""What happens to everybody: time, lost nudges, a Stripe that fails, and sudden deaths."""

import threading
from random import Random

from membership.billing.repair import reconcile
from tests.torture import model, on_the_site, peace
from tests.torture.facts import DAY, Answer, Stripe
from tests.torture.townsfolk import Person

HOUR = 60 * 60


def time_passes(person: Person, dice: Random) -> str | None:
    hours = dice.choice([5, 24, 3 * 24, 8 * 24, 15 * 24, 31 * 24, 31 * 24])
    person.town.sandbox.clock.advance(hours * HOUR)
    return f"waits {hours} hours, as does everybody"


def nothing_is_heard_of_stripe(person: Person, dice: Random) -> str | None:
    """Time passes and every webhook is lost: doors fall shut by what was known, or what is true."""
    town, deeds = person.town, person.diary.deeds()
    peace.settle(town)
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


def webhooks_are_lost(person: Person, dice: Random) -> str | None:
    """For good: nobody will ever bring them again."""
    faults = person.town.sandbox.webhook_faults
    faults.lost = dice.choice([0.1, 0.5, 1.0])
    return f"sees {faults.lost:.0%} of webhooks lost"


def a_month_is_lost(person: Person, dice: Random) -> str | None:
    """They pay, and no webhook arrives for longer than Stripe's list of events goes back: of what a
    guest paid, only the comparison can know."""
    town = person.town
    town.sandbox.webhook_faults.lost = 1.0
    paid = on_the_site.pays_by_link(person, dice)
    town.sandbox.clock.advance(31 * 24 * HOUR)
    return f"{paid}; and hears nothing for a month, as does everybody"


def the_secret_is_another(person: Person, dice: Random) -> str | None:
    """Each is refused, and tried again until Stripe gives it up or the secret is right again."""
    faults = person.town.sandbox.webhook_faults
    faults.wrong_secret = dice.choice([0.0, 1.0])
    return f"sees webhooks signed with {'another' if faults.wrong_secret else 'the right'} secret"


def the_endpoint_is_switched_off(person: Person, _dice: Random) -> str | None:
    peace.switch_endpoint(person.town, on=False)
    return "sees the endpoint switched off"


def mail_fails(person: Person, dice: Random) -> str | None:
    person.town.sandbox.mail_refused = dice.choice([0.0, 0.3])
    return f"sees {person.town.sandbox.mail_refused:.0%} of mails refused for now"


def the_sweep_looks(person: Person, _dice: Random) -> str | None:
    """Webhooks are as they are; within a quarter of an hour the sweep looks, and that must do."""
    town, diary = person.town, person.diary
    town.sandbox.stripe_fault = None
    town.revive()
    if not peace.sweep(town):
        return "waits for the sweep, which came too late to find all"
    now, stripe = town.sandbox.clock.now(), town.api.everything()
    right = model.answers(stripe, diary.deeds(), town.policy, now)
    for name, answer in right.items():
        said = person.meets(name).reads()
        if answer is not Answer.EITHER and said is not answer:
            town.complain(f"not {answer}", f"{name} is answered {said} after the sweep")
    return "waits for the sweep"


def the_night_comes(person: Person, dice: Random) -> str | None:
    """The workers compare with Stripe; perhaps one of them is killed in the middle of it."""
    town = person.town
    if not peace.begin_the_night(town):
        return None
    if dice.random() < 0.5 and peace.is_in_the_middle(town):
        town.kill(dice.choice(["worker-1", "worker-2"]))
        return "sees the night come, and a worker killed as it compares"
    return "sees the night come"


def two_compare_at_once(person: Person, _dice: Random) -> str | None:
    """The owner, in two windows, while the workers may be at it too."""
    app = person.town.app

    def compare() -> None:
        with app.app_context():
            reconcile.work_on(reconcile.begin(dry_run=False, force=False))

    windows = [threading.Thread(target=compare) for _ in range(2)]
    for window in windows:
        window.start()
    for window in windows:
        window.join()
    return "sees the owner compare in two windows"


def stripe_fails(person: Person, dice: Random) -> str | None:
    sandbox = person.town.sandbox
    sandbox.stripe_fault = dice.choice([None, "down", "down", "down", "limit", "slow"])
    sandbox.stripe_fault_share = dice.choice([0.1, 0.5]) if sandbox.stripe_fault == "down" else 0.1
    sandbox.slowness = 1.0
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
