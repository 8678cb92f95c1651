"""The traps of Stripe's API that shops fall into, each with the stories that show we do not.

What cannot touch us by the way the house is built has no line here: no object of the SDK leaves
`billing/stripe_api.py` (an import contract), and its old parameters are refused by the sandbox.
"""

import ast

import pytest
import stripe

from membership.config import ROOT

TRAPS = {
    "reading the period from the subscription, the subscription from the invoice": (
        "billing/test_lives.py::test_each_renewal_moves_the_end_on",
        "sandbox/test_shapes.py::test_what_endive_has_taken_away_is_away",
    ),
    "parameters that are gone: payment_method_types, coupon, ui_mode embedded": (
        "sandbox/test_shapes.py::test_every_parameter_is_one_the_sdk_knows",
        "sandbox/test_stripe_api.py::test_a_wrong_parameter_is_named",
    ),
    "cancel_at_period_end as the only sign of an end": (
        "billing/test_paying.py::test_cancelling_in_the_portal_keeps_the_door_open_to_the_paid_end",
    ),
    "only the way back, or only the webhook": (
        "billing/test_paying.py::test_the_webhook_opens_premium_without_the_payer_returning",
        "billing/test_paying.py::test_the_way_back_opens_premium_while_the_webhook_is_late",
    ),
    "a completed session that is not paid": (
        "billing/test_lives.py::test_a_debit_opens_when_it_has_come_in",
        "billing/test_lives.py::test_a_debit_that_bounces_opens_nothing",
    ),
    "one fact told twice, by one event or by two": (
        "webhooks/test_stripe.py::test_the_same_event_ten_times_at_once_is_stored_once",
        "torture/test_torture.py::test_everybody_gets_what_is_theirs",
    ),
    "a late word that undoes a later one": (
        "billing/test_paying.py::test_an_earlier_read_never_writes_over_a_later_one",
        "billing/test_events.py::test_an_event_stored_while_the_read_was_under_way_stays_due",
    ),
    "work before the answer, or 200 for what failed": (
        "webhooks/test_stripe.py::test_a_signed_event_is_stored_and_due_before_anyone_calls_stripe",
        "billing/test_events.py::test_an_effect_that_fails_leaves_its_events_due_and_nothing_written",
    ),
    "an error for what means nothing to us": (
        "webhooks/test_stripe.py::test_a_type_that_means_nothing_to_us_is_stored_and_left_alone",
        "billing/test_copies.py::test_a_payment_nobody_is_known_for_is_kept_and_opens_nothing",
    ),
    "a signature over something else than the bytes, too old, or in strange letters": (
        "webhooks/test_stripe.py::test_what_stripe_did_not_sign_leaves_no_trace",
        "webhooks/test_stripe.py::test_what_is_signed_but_no_event_leaves_no_trace",
    ),
    "one secret only": (
        "webhooks/test_stripe.py::test_either_secret_serves_while_they_are_rotated",
    ),
    "an endpoint of an old version": (
        "billing/test_register_webhook.py::test_one_of_another_version_goes_when_the_owner_says_so",
        "doctor/test_on_endpoint.py::test_an_old_version",
    ),
    "a payer's address taken for a member's, or a member's changed by it": (
        "billing/test_matching.py::test_an_address_that_only_looks_like_a_members_is_not_theirs",
        "billing/test_lives.py::test_the_address_somebody_signs_in_with_is_theirs_whatever_stripe_is_told",
    ),
    "a customer for every checkout, a subscription for every tab": (
        "billing/test_paying.py::test_two_tabs_pressed_at_once_leave_one_page_to_pay_on",
        "billing/test_attention.py::test_two_subscriptions_of_one_member_are_told_once_and_listed",
    ),
    "who it was for, known to the session alone": (
        "billing/test_matching.py::test_a_payment_on_our_own_page_is_of_the_member_we_made_it_for",
    ),
    "what was bought, looked for in the webhook": (
        "billing/test_several_at_once.py::test_both_open_and_both_are_on_the_account_page",
    ),
    "active as the only word for access": (
        "billing/test_entitlements.py::test_when_a_subscriptions_grant_ends",
        "billing/test_copies.py::test_an_unknown_status_keeps_what_was_granted_to_its_end",
        "billing/test_lives.py::test_while_collection_is_paused_nothing_new_is_granted",
    ),
    "past due for ever": (
        "billing/test_lives.py::test_whatever_stripe_is_told_to_do_after_the_last_retry_the_door_stays_shut",
    ),
    "paused taken for a trial without a card": (
        "billing/test_portal.py::test_a_pause_closes_the_door_and_its_end_opens_it",
    ),
    "a refund taken for a cancellation, a part for the whole": (
        "billing/test_refunds_and_disputes.py::test_a_subscription_given_back_goes_on",
        "billing/test_entitlements.py::test_what_a_refund_or_a_dispute_shuts",
    ),
    "the first page of a list": (
        "billing/test_lives.py::test_a_subscription_behind_a_hundred_others_is_found",
        "billing/repair/test_reconcile.py::test_a_purchase_on_the_second_page_is_found_too",
    ),
    "ids of prices in the code": (
        "billing/test_paying.py::test_a_new_plan_and_price_appear_without_a_change_of_code",
    ),
    "a price named by the buyer": (
        "billing/test_paying.py::test_only_a_price_of_ours_can_be_bought",
    ),
    "a Stripe that is slow, down or limiting": (
        "billing/test_paying.py::test_while_stripe_is_down_the_pages_stay_and_nothing_is_half_done",
        "billing/test_paying.py::test_while_stripe_is_down_a_stored_event_waits_and_nothing_is_lost",
    ),
    "keys that guard nothing, or bring a dead page back": (
        "billing/test_paying.py::test_pressing_twice_makes_one_session",
        "billing/test_paying.py::test_a_page_about_to_expire_is_closed_before_another_is_made",
    ),
    "a portal nobody configured, or another member's": (
        "billing/test_portal.py::test_the_first_visit_sets_the_portal_up_and_the_next_costs_one_call",
        "billing/test_portal.py::test_nobody_opens_the_portal_of_another_members_customer",
    ),
    "a change of plan nobody pays for": (
        "billing/test_portal.py::test_grace_changes_to_the_yearly_plan_and_everything_follows",
    ),
    "amounts divided by a hundred": (
        "billing/test_plans.py::test_amounts_are_in_the_currencys_own_units",
    ),
    "tax for a customer without an address": (
        "billing/test_checkout.py::test_with_each_setting_a_double_click_makes_one_session",
    ),
    "webhooks that were lost for good": (
        "billing/repair/test_missed_events.py::test_a_payment_whose_webhooks_are_all_lost_opens_all_the_same",
        "billing/repair/test_reconcile.py::test_what_ended_at_stripe_ends_here",
    ),
    "events of the other mode": (
        "webhooks/test_stripe.py::test_an_event_of_the_other_mode_is_refused",
    ),
}


def functions_of(file: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("stories", TRAPS.values(), ids=TRAPS.keys())
def test_each_has_its_stories(stories: tuple[str, ...]) -> None:
    for story in stories:
        file, name = story.split("::")
        assert name in functions_of(file)


def test_nothing_is_written_into_the_home_of_whoever_runs_it() -> None:
    assert stripe.enable_telemetry is False


def test_the_sdk_brings_no_second_way_to_speak_http() -> None:
    """Merely being there, they make every start slower."""
    pinned = (ROOT / "requirements" / "production.txt").read_text()
    assert not {"httpx", "aiohttp", "anyio"} & {line.split("==")[0] for line in pinned.split("\n")}
