"""Which way a code goes first."""

from dataclasses import replace

import pytest

from membership.newsletter.codes.channels import Channel, Facts, first

ASKED = Facts(
    delivery="auto", configured=True, for_newsletter=True, mailed_today=False, resend=False
)


@pytest.mark.parametrize(
    ("facts", "channel"),
    [
        (ASKED, Channel.MAILERLITE),
        (replace(ASKED, configured=False), Channel.SMTP),
        (replace(ASKED, mailed_today=True), Channel.SMTP),
        (replace(ASKED, resend=True), Channel.SMTP),
        (replace(ASKED, for_newsletter=False), Channel.SMTP),
        (replace(ASKED, delivery="smtp"), Channel.SMTP),
        (replace(ASKED, delivery="mailerlite", resend=True), Channel.MAILERLITE),
        (replace(ASKED, delivery="mailerlite", for_newsletter=False), Channel.SMTP),
    ],
)
def test_a_newsletter_code_goes_by_mailerlite_only_when_that_can_work(
    facts: Facts, channel: Channel
) -> None:
    assert first(facts)[0] is channel


def test_every_choice_has_a_reason_for_the_owner() -> None:
    assert first(ASKED)[1] == "newsletter sign-up"
