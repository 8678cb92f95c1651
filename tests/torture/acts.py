"""What may happen to a person of the town, and how often.

Each act does nothing when it makes no sense just now, and says in words what it did. It is told all
that it chooses by its dice, so that one that is left out of a history changes nothing about others.
"""

from collections.abc import Callable
from random import Random

from tests.torture import at_stripe, on_the_site, owner, weather
from tests.torture.townsfolk import Person

Act = Callable[[Person, Random], str | None]

WEIGHTS: dict[Act, int] = {
    on_the_site.joins: 12,
    on_the_site.joins_and_pays_at_once: 3,
    on_the_site.buys: 16,
    on_the_site.pays_what_was_left: 3,
    on_the_site.pays_by_link: 8,
    on_the_site.claims: 4,
    on_the_site.looks: 3,
    at_stripe.cancels_later: 4,
    at_stripe.cancels_on_a_day: 3,
    at_stripe.cancels_now: 2,
    at_stripe.stays: 3,
    at_stripe.switches_plan: 4,
    at_stripe.pauses: 2,
    at_stripe.resumes: 2,
    at_stripe.is_not_collected_from: 1,
    at_stripe.is_collected_from_again: 1,
    at_stripe.has_another_card: 4,
    at_stripe.pays_what_is_open: 2,
    at_stripe.is_served_by_hand: 1,
    at_stripe.is_refunded: 5,
    at_stripe.disputes_a_charge: 4,
    at_stripe.a_dispute_goes_on: 4,
    at_stripe.is_deleted: 1,
    owner.gives: 3,
    owner.takes_back: 1,
    owner.binds: 4,
    owner.unbinds: 2,
    weather.time_passes: 14,
    weather.nothing_is_heard_of_stripe: 3,
    weather.webhooks_are_held_back: 2,
    weather.webhooks_go_on: 3,
    weather.webhooks_go_wrong: 3,
    weather.webhooks_are_lost: 4,
    weather.a_month_is_lost: 2,
    weather.the_secret_is_another: 2,
    weather.the_endpoint_is_switched_off: 1,
    weather.mail_fails: 1,
    weather.the_sweep_looks: 2,
    weather.the_night_comes: 2,
    weather.two_compare_at_once: 1,
    weather.stripe_fails: 4,
    weather.works: 6,
    weather.somebody_is_killed: 4,
    weather.everybody_is_back: 2,
}
BY_NAME = {act.__name__: act for act in WEIGHTS}
