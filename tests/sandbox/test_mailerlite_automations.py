"""MailerLite's automations, their surprises included."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox.mailerlite import automations, people
from sandbox.server import Sandbox

Call = Callable[..., requests.Response]
GRACE = "grace@example.com"
DAY = 24 * 60 * 60


def test_a_code_is_mailed_to_who_joins(mailerlite: Call, verify: str, sandbox: Sandbox) -> None:
    mailerlite(
        "POST", "/subscribers", email=GRACE, groups=[verify], fields={"verification_code": "482913"}
    )

    mail = sandbox.mailbox.latest(to=GRACE)
    assert mail.subject == "482913 is your code"
    assert "482913" in mail.text
    assert "482913" in mail.html
    assert "Unsubscribe: http://127.0.0.1" in mail.text
    assert ">Unsubscribe</a>" in mail.html
    assert mail.headers["List-Unsubscribe"].startswith("<http://127.0.0.1")
    assert mail.via == "MailerLite"


def test_nobody_is_mailed_twice_within_a_day(
    mailerlite: Call, verify: str, sandbox: Sandbox
) -> None:
    def sign_up(code: str) -> None:
        fields = {"verification_code": code}
        answer = mailerlite("POST", "/subscribers", email=GRACE, groups=[verify], fields=fields)
        mailerlite("DELETE", f"/subscribers/{answer.json()['data']['id']}/groups/{verify}")

    def subjects() -> list[str]:
        return [mail.subject for mail in sandbox.mailbox.to(GRACE)]

    sign_up("1")
    sign_up("2")
    assert subjects() == ["1 is your code"]
    sandbox.clock.advance(DAY)
    sign_up("3")
    assert subjects() == ["1 is your code", "3 is your code"]


def test_who_is_inside_already_is_not_mailed(
    mailerlite: Call, verify: str, sandbox: Sandbox
) -> None:
    mailerlite("POST", "/subscribers", email=GRACE, groups=[verify])
    sandbox.clock.advance(2 * DAY)
    mailerlite("POST", "/subscribers", email=GRACE, groups=[verify])

    assert len(sandbox.mailbox.to(GRACE)) == 1


def test_only_the_active_are_mailed(mailerlite: Call, verify: str, sandbox: Sandbox) -> None:
    mailerlite("POST", "/subscribers", email=GRACE, groups=[verify], status="unconfirmed")
    assert sandbox.mailbox.messages == []

    mailerlite("POST", "/subscribers", email=GRACE, status="active")
    assert len(sandbox.mailbox.to(GRACE)) == 1


def test_another_automation_has_a_day_of_its_own(
    mailerlite: Call, verify: str, sandbox: Sandbox
) -> None:
    sandbox.lists.code_group = "Verify too"
    other = mailerlite("POST", "/groups", name="Verify too").json()["data"]["id"]
    mailerlite("POST", "/subscribers", email=GRACE, groups=[verify])
    mailerlite("POST", "/subscribers", email=GRACE, groups=[other])

    assert len(sandbox.mailbox.to(GRACE)) == 2


def automation_of(mailerlite: Call, group: str) -> Any:
    (found,) = mailerlite("GET", f"/automations?filter[group]={group}").json()["data"]
    return found


def rejoin(mailerlite: Call, group: str) -> None:
    id_ = mailerlite("POST", "/subscribers", email=GRACE).json()["data"]["id"]
    mailerlite("DELETE", f"/subscribers/{id_}/groups/{group}")
    mailerlite("POST", f"/subscribers/{id_}/groups/{group}")


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ({"enabled": False}, {"enabled": False}),
        ({"complete": False}, {"complete": False}),
        ({"broken": True}, {"broken": True}),
    ],
)
def test_an_automation_that_mails_nobody(
    mailerlite: Call,
    verify: str,
    sandbox: Sandbox,
    state: dict[str, bool],
    shown: dict[str, bool],
) -> None:
    automations.set_up(sandbox.lists, automation_of(mailerlite, verify)["id"], **state)
    assert shown.items() <= automation_of(mailerlite, verify).items()

    mailerlite("POST", "/subscribers", email=GRACE, groups=[verify])
    assert sandbox.mailbox.messages == []


def test_one_that_is_not_repeatable_mails_once_for_good(
    mailerlite: Call, verify: str, sandbox: Sandbox
) -> None:
    id_ = automation_of(mailerlite, verify)["id"]
    automations.set_up(sandbox.lists, id_, repeatable=False)
    rejoin(mailerlite, verify)
    sandbox.clock.advance(30 * DAY)
    rejoin(mailerlite, verify)

    assert len(sandbox.mailbox.to(GRACE)) == 1
    assert not automation_of(mailerlite, verify)["trigger_data"]["repeatable"]


def test_a_mail_that_waits_has_what_the_fields_hold_when_it_is_sent(
    mailerlite: Call, verify: str, sandbox: Sandbox
) -> None:
    id_ = automation_of(mailerlite, verify)["id"]
    automations.set_up(sandbox.lists, id_, delay=600)
    mailerlite(
        "POST", "/subscribers", email=GRACE, groups=[verify], fields={"verification_code": "1"}
    )
    (under_way,) = mailerlite("GET", f"/automations/{id_}/activity?filter[status]=active").json()[
        "data"
    ]
    assert (under_way["status"], under_way["currentStep"]["type"]) == ("Active", "email")
    assert automation_of(mailerlite, verify)["steps"][0]["type"] == "delay"

    mailerlite("POST", "/subscribers", email=GRACE, fields={"verification_code": "2"})
    assert sandbox.mailbox.messages == []
    sandbox.clock.advance(600)
    assert [mail.subject for mail in sandbox.mailbox.to(GRACE)] == ["2 is your code"]


def test_who_leaves_the_list_on_the_way_is_mailed_no_more(
    mailerlite: Call, verify: str, sandbox: Sandbox
) -> None:
    id_ = automation_of(mailerlite, verify)["id"]
    automations.set_up(sandbox.lists, id_, delay=600)
    mailerlite("POST", "/subscribers", email=GRACE, groups=[verify])
    people.unsubscribe(sandbox.lists, GRACE)
    sandbox.clock.advance(600)

    assert sandbox.mailbox.messages == []
    (run,) = mailerlite("GET", f"/automations/{id_}/activity?filter[status]=canceled").json()[
        "data"
    ]
    assert (run["status"], run["reason"]) == ("Canceled", "The subscriber is not active")


def test_a_mail_that_cannot_be_sent_is_a_failed_run(
    mailerlite: Call, verify: str, sandbox: Sandbox
) -> None:
    id_ = automation_of(mailerlite, verify)["id"]
    automations.set_up(sandbox.lists, id_, mail_fails=True)
    mailerlite("POST", "/subscribers", email=GRACE, groups=[verify])

    assert sandbox.mailbox.messages == []
    assert not automation_of(mailerlite, verify)["steps"][0]["eligible_for_sending"]
    path = f"/automations/{id_}/activity?filter[status]=failed"
    (run,) = mailerlite("GET", f"{path}&filter[search]=GRACE").json()["data"]
    assert run["reason_description"] == "The email could not be sent"
    assert mailerlite("GET", f"{path}&filter[search]=ada").json()["data"] == []
    assert mailerlite("GET", f"{path}&filter[date_to]=2020-01-01").json()["data"] == []


def test_one_made_by_the_api_is_a_draft_that_does_nothing(mailerlite: Call) -> None:
    made = mailerlite("POST", "/automations", name="Welcome")
    assert made.status_code == 201
    draft = made.json()["data"]
    assert (draft["enabled"], draft["complete"], draft["triggers"]) == (False, False, [])
    assert mailerlite("POST", "/automations").status_code == 422
    assert mailerlite("DELETE", f"/automations/{draft['id']}").status_code == 204
    assert mailerlite("GET", f"/automations/{draft['id']}").status_code == 404


def test_a_group_that_is_deleted_breaks_its_automation(mailerlite: Call, verify: str) -> None:
    id_ = automation_of(mailerlite, verify)["id"]
    mailerlite("DELETE", f"/groups/{verify}")

    assert mailerlite("GET", f"/automations/{id_}").json()["data"]["broken"]


def test_what_an_automation_cannot_be(mailerlite: Call, verify: str, sandbox: Sandbox) -> None:
    id_ = automation_of(mailerlite, verify)["id"]
    for wrong in ({"delay": -1}, {"enabled": "yes"}, {"subject": "Hello"}):
        with pytest.raises(ValueError, match="cannot have"):
            automations.set_up(sandbox.lists, id_, **wrong)


def test_the_automation_can_be_checked(mailerlite: Call, verify: str) -> None:
    mailerlite("POST", "/subscribers", email=GRACE, groups=[verify])

    (automation,) = mailerlite("GET", f"/automations?filter[group]={verify}").json()["data"]
    assert automation["enabled"]
    assert automation["trigger_data"]["repeatable"]
    assert automation["triggers"][0]["group_ids"] == [verify]
    assert automation["steps"][0]["eligible_for_sending"]
    one = f"/automations/{automation['id']}"
    assert mailerlite("GET", one).json()["data"] == automation
    assert mailerlite("GET", f"{one}/activity").status_code == 422
    runs = mailerlite("GET", f"{one}/activity?filter[status]=completed").json()["data"]
    assert [run["subscriber"]["email"] for run in runs] == [GRACE]
