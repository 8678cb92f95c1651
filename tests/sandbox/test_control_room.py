"""The control room: what it shows of everybody, and that every button does what it says."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests
import stripe

from sandbox.server import Sandbox
from sandbox.stripe import disputes, refunds
from sandbox.stripe.account import Account
from tests.sandbox.shop import Buys, Hook
from tests.sandbox.test_webhooks import until
from tests.support.browser import Elsewhere

DAY = 24 * 60 * 60
FAILS = "4000000000000341"


class Desk:
    """Somebody in the control room: presses a button of a page, and is shown what comes."""

    def __init__(self, sandbox: Sandbox, person: Elsewhere) -> None:
        self.url = sandbox.url
        self.person = person

    def page(self, path: str = "/control") -> str:
        answer = self.person.get(self.url + path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def press(self, page: str, action: str, **typed: str) -> str:
        """The page it leads to."""
        answer = self.person.submit(self.url + page, action=action, having=None, **typed)
        assert answer.status_code == 303, answer.text
        return self.page(answer.headers["Location"])

    def refused(self, page: str, action: str, **typed: str) -> str:
        answer = self.person.submit(self.url + page, action=action, having=None, **typed)
        assert 400 <= answer.status_code < 500
        return answer.text


@pytest.fixture
def desk(sandbox: Sandbox, payer: Elsewhere) -> Desk:
    return Desk(sandbox, payer)


@pytest.fixture
def ada(buys: Buys) -> str:
    """Ada's customer id: she pays by the month."""
    return str(buys("monthly").customer)


def subscription(account: Account, customer: str) -> dict[str, object]:
    return account.all("subscription", customer=customer)[-1]


def charges(account: Account, customer: str) -> list[str]:
    return [charge["status"] for charge in account.all("charge", customer=customer)]


def test_nobody_has_paid_yet(desk: Desk) -> None:
    assert "Nobody has paid yet." in desk.page("/")
    for path in ("payments", "events", "readers", "list", "faults", "deliveries/mailerlite"):
        assert "<h1>" in desk.page(f"/control/{path}")


def test_everybody_is_on_the_line_of_time(
    sandbox: Sandbox, desk: Desk, buys: Buys, ada: str
) -> None:
    buys("yearly", email="grace@example.com", subscription_data={"trial_period_days": 7})
    buys("monthly", email="edsger@example.com", card=FAILS)
    sandbox.clock.advance(33 * DAY)

    page = desk.page()

    rows = dict(
        re.findall(r'<li class="row">.*?">(\S+@example.com)</a>(.*?)</li>', page, re.DOTALL)
    )
    assert rows.keys() == {"ada@example.com", "grace@example.com", "edsger@example.com"}
    kinds = {who: re.findall(r'class="bar (\w+)"', row) for who, row in rows.items()}
    assert kinds["ada@example.com"] == ["active", "planned"]
    assert kinds["grace@example.com"] == ["trialing", "active", "planned"]
    assert kinds["edsger@example.com"] == ["active", "past_due"]
    assert rows["ada@example.com"].count("mark paid") == 2
    assert rows["edsger@example.com"].count("mark failed") == 1
    assert "Past due: the last charge failed" in rows["edsger@example.com"]


def test_time_moves_by_its_buttons(
    sandbox: Sandbox, desk: Desk, account: Account, ada: str
) -> None:
    begun = sandbox.clock.now()
    for step, seconds in (("hour", 3600), ("day", DAY), ("month", 30 * DAY)):
        before = sandbox.clock.now()
        assert "now." in desk.press("/control", "/control/clock", by=step)
        assert 0 <= sandbox.clock.now() - before - seconds < 60

    assert charges(account, ada) == ["succeeded", "succeeded"]
    assert sandbox.clock.ahead >= 31 * DAY
    due = sandbox.next_renewal(ada)
    assert due is not None
    page = desk.press("/control/events", "/control/clock", by="renewal")
    assert "<h1>Events</h1>" in page  # back where the button was
    assert "is charged in an hour" in page
    assert 0 <= sandbox.clock.now() - due < 60
    desk.press("/control", "/control/clock/date", date="2031-01-01")
    assert sandbox.clock.now() > begun + 3 * 365 * DAY


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"date": "2020-01-01"}, "Time does not go back"),
        ({"date": "9999-01-01"}, "more than five years"),
        ({"date": "soon"}, "no such moment"),
        ({"seconds": "-5"}, "Time does not go back"),
        ({"seconds": "9" * 30}, "more than five years"),
        ({"by": "fortnight"}, "no such moment"),
        ({"by": "renewal"}, "Nothing is going to be renewed"),
        ({}, "Say how far"),
    ],
)
@pytest.mark.parametrize("kind", ["data", "json"])
def test_time_that_cannot_be_reached(
    sandbox: Sandbox, given: dict[str, str], why: str, kind: str
) -> None:
    answer = requests.post(f"{sandbox.url}/control/clock", timeout=5, **{kind: given})  # type: ignore[arg-type]

    assert answer.status_code == 400
    assert why in answer.text
    assert sandbox.clock.ahead == 0


def test_time_moves_by_http(sandbox: Sandbox) -> None:
    answer = requests.post(f"{sandbox.url}/control/clock", json={"seconds": DAY}, timeout=5)

    assert answer.json()["ahead"] == DAY
    assert requests.get(f"{sandbox.url}/control/clock", timeout=5).json()["ahead"] == DAY


def test_adas_card_fails_and_works_again(desk: Desk, account: Account, ada: str) -> None:
    page = f"/control/customers/{ada}"
    assert "•••• 4242" in desk.page(page)
    assert "•••• 0341" in desk.press(page, f"{page}/card/fails")
    sub = subscription(account, ada)["id"]

    desk.press(page, f"/control/subscriptions/{sub}/renew")
    assert charges(account, ada) == ["succeeded", "failed"]
    assert subscription(account, ada)["status"] == "past_due"
    assert "•••• 4242" in desk.press(page, f"{page}/card/works")
    for _ in range(4):
        desk.press(page, "/control/clock", by="day")

    assert charges(account, ada) == ["succeeded", "failed", "succeeded"]
    assert subscription(account, ada)["status"] == "active"


def test_a_subscription_by_its_buttons(desk: Desk, account: Account, ada: str) -> None:
    page = f"/control/customers/{ada}"
    url = f"/control/subscriptions/{subscription(account, ada)['id']}"

    assert "Active, ends on" in desk.press(page, f"{url}/end-later")
    assert subscription(account, ada)["cancel_at_period_end"] is False  # as the portal does it
    assert "Active, renews on" in desk.press(page, f"{url}/keep")
    assert "Paused." in desk.press(page, f"{url}/pause")
    assert "Active, renews on" in desk.press(page, f"{url}/resume")
    assert "Ended on" in desk.press(page, f"{url}/end")
    assert subscription(account, ada)["status"] == "canceled"
    assert url not in desk.page(page)  # there is nothing left to press


def test_refunds_by_their_buttons(desk: Desk, account: Account, ada: str) -> None:
    page = f"/control/customers/{ada}"
    (charge,) = account.all("charge")
    url = f"/control/charges/{charge['id']}/refund"

    assert "Refunded €1.20" in desk.press(page, f"{url}-part", amount="1.20")
    for wrong, why in (
        ("lots", "no amount"),
        ("", "no amount"),
        ("0", "no amount"),
        ("nan", "no amount"),
        ("1e99", "no amount"),
        ("3,81", "greater than unrefunded"),
    ):
        assert why in desk.refused(page, f"{url}-part", amount=wrong)
    assert account.all("charge")[0]["amount_refunded"] == 120
    whole = desk.press(page, url)
    assert "Refunded</span>" in whole
    assert account.all("charge")[0]["amount_refunded"] == 500

    refund = account.all("refund")[-1]
    assert "Refunded €1.20" in desk.press(page, f"/control/refunds/{refund['id']}/fail")
    assert account.all("charge")[0]["amount_refunded"] == 120


def test_a_pending_refund_arrives_by_its_button(desk: Desk, account: Account, ada: str) -> None:
    (charge,) = account.all("charge")
    refund = refunds.refund(account, {"charge": charge["id"]}, pending=True)

    page = desk.press(f"/control/customers/{ada}", f"/control/refunds/{refund['id']}/settle")

    assert "Refund of €5.00 succeeded" in page


def test_disputes_by_their_buttons(desk: Desk, account: Account, ada: str) -> None:
    page = f"/control/customers/{ada}"
    (charge,) = account.all("charge")
    opened = desk.press(
        page, f"/control/charges/{charge['id']}/dispute", reason="product_not_received"
    )
    assert "needs response: product not received" in opened
    (dispute,) = account.all("dispute")

    assert "Dispute won" in desk.press(page, f"/control/disputes/{dispute['id']}/win")

    answer = desk.person.session.post(
        f"{desk.url}/control/disputes/{dispute['id']}/lose", timeout=5
    )
    assert "won already" in answer.text
    assert account.all("dispute")[0]["status"] == "won"


def test_an_inquiry_by_its_buttons(desk: Desk, account: Account, buys: Buys) -> None:
    """Of a guest's payment, which is on no customer's page."""
    buys("guide", email="guest@example.com")
    (charge,) = account.all("charge")
    disputes.warn(account, charge["id"])
    (dispute,) = account.all("dispute")
    page = "/control/payments"

    assert "Make it a dispute" in desk.page(page)
    assert "needs response" in desk.press(page, f"/control/disputes/{dispute['id']}/escalate")
    assert "Dispute lost" in desk.press(page, f"/control/disputes/{dispute['id']}/lose")


def test_a_warning_by_its_button(desk: Desk, account: Account, ada: str) -> None:
    page = f"/control/customers/{ada}"
    (charge,) = account.all("charge")
    url = f"/control/charges/{charge['id']}/fraud-warning"

    assert "has warned of fraud" in desk.press(page, url)
    assert url not in desk.page(page)


def test_a_customer_is_deleted(desk: Desk, account: Account, ada: str) -> None:
    page = f"/control/customers/{ada}"

    after = desk.press(page, f"{page}/delete")

    assert "ada@example.com is deleted" in after
    assert subscription(account, ada)["status"] == "canceled"
    assert "A deleted customer" in desk.page(page)
    assert "is deleted" not in desk.page()  # said once


def test_what_is_not_there_is_said(desk: Desk) -> None:
    for path in ("customers/cus_none", "events/evt_none"):
        answer = desk.person.get(f"{desk.url}/control/{path}")
        assert (answer.status_code, "No such" in answer.text) == (404, True)
    for path in (
        "customers/cus_none/delete",
        "customers/cus_none/card/fails",
        "subscriptions/sub_none/end",
        "charges/ch_none/refund",
        "charges/ch_none/dispute",
        "refunds/re_none/fail",
        "disputes/du_none/win",
        "deliveries/dlv_none/send",
        "readers/1/bounce",
        "readers/1/forgive",
        "subscriptions/sub_none/praise",
        "charges/ch_none/praise",
    ):
        answer = desk.person.session.post(f"{desk.url}/control/{path}", timeout=5)
        assert answer.status_code in (400, 404), path
        assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("act", "event", "status"),
    [
        ("unsubscribe", "subscriber.unsubscribed", "unsubscribed"),
        ("bounce", "subscriber.bounced", "bounced"),
        ("complain", "subscriber.spam_reported", "junk"),
        ("delete", "subscriber.deleted", None),
        ("forget", "subscriber.deleted", None),
    ],
)
def test_what_becomes_of_a_reader(
    desk: Desk,
    hook: Hook,
    mailerlite: Callable[..., requests.Response],
    act: str,
    event: str,
    status: str | None,
) -> None:
    mailerlite("POST", "/webhooks", url=hook.url, events=[event], batchable=True)
    reader = mailerlite("POST", "/subscribers", email="grace@example.com").json()["data"]["id"]

    page = desk.press("/control/readers", f"/control/readers/{reader}/{act}")

    found = mailerlite("GET", f"/subscribers/{reader}")
    assert (found.json()["data"]["status"] if found.ok else None) == status
    assert "grace@example.com" in page
    until(lambda: len(hook.events) == 1)
    (told,) = hook.events[0]["events"]
    assert (told["event"], told["email"]) == (event, "grace@example.com")
    assert event in desk.page("/control/deliveries/mailerlite")


def test_automations_are_switched_by_hand(
    desk: Desk, mailerlite: Callable[..., requests.Response], verify: str
) -> None:
    (automation,) = mailerlite("GET", "/automations").json()["data"]
    at = f"/control/automations/{automation['id']}"
    page = desk.page("/control/list")
    assert "Who joins “Verify” is mailed" in page
    assert "Nobody has been through it" in page

    page = desk.press("/control/list", f"{at}/enabled")
    assert "Switch it on" in page
    assert not mailerlite("GET", "/automations").json()["data"][0]["enabled"]
    desk.press("/control/list", f"{at}/enabled")
    for switch, seen in (("broken", "broken"), ("mail_fails", "its mail fails")):
        assert f'bad">{seen}<' in desk.press("/control/list", f"{at}/{switch}")
    assert "after 5 minutes" in desk.press("/control/list", f"{at}/delay", minutes="5")
    assert "no number" in desk.refused("/control/list", f"{at}/delay", minutes="soon")
    assert "30 days" in desk.refused("/control/list", f"{at}/delay", minutes="43201")


def test_campaigns_and_blocked_webhooks_are_seen(
    sandbox: Sandbox, desk: Desk, mailerlite: Callable[..., requests.Response], free: str
) -> None:
    hook = {"url": "http://127.0.0.1:9/hook", "events": ["subscriber.created"]}
    mailerlite("POST", "/webhooks", **hook)
    sandbox.webhooks_paused = True
    for number in range(3):
        mailerlite("POST", "/subscribers", email=f"{number}@example.com", groups=[free])
    for _ in range(12):
        sandbox.deliver_pending()
    mail = {"subject": "News", "from_name": "Us", "from": "us@example.com", "content": "<p>x</p>"}
    mailerlite("POST", "/campaigns", name="post:1", type="regular", emails=[mail], groups=[free])

    page = desk.page("/control/list")

    assert "3 active" in page
    assert "post:1 · Free · 3 readers" in page
    assert ">blocked<" in page


def test_mail_that_nobody_gets_does_not_bounce(
    desk: Desk, mailerlite: Callable[..., requests.Response]
) -> None:
    reader = mailerlite(
        "POST", "/subscribers", email="grace@example.com", status="unsubscribed"
    ).json()["data"]["id"]

    answer = desk.person.session.post(f"{desk.url}/control/readers/{reader}/bounce", timeout=5)

    assert answer.status_code == 409
    assert "no mail goes there" in answer.text
    assert mailerlite("GET", f"/subscribers/{reader}").json()["data"]["status"] == "unsubscribed"


def test_events_with_each_attempt_and_its_answer(
    sandbox: Sandbox, desk: Desk, hook: Hook, client: stripe.StripeClient
) -> None:
    hook.answers = [503]
    sandbox.webhook_url = hook.url
    client.v1.products.create({"name": "<b>Bold</b>"})
    until(lambda: len(hook.events) == 1)
    event = hook.events[0]["id"]
    (delivery,) = sandbox.account.courier.of(event)
    until(lambda: bool(sandbox.account.courier.of(event)[0]["attempts"]))
    assert re.search(r">503<.*after [\d.]+ s", desk.page("/control/events"))

    page = desk.press(f"/control/events/{event}", f"/control/deliveries/{delivery['id']}/send")

    assert "Sent again: the answer was 200." in page
    assert "&lt;b&gt;Bold" in page
    assert "<b>Bold" not in page
    assert [sent["id"] for sent in hook.events] == [event, event]
    sandbox.webhook_faults.lost = 1
    client.v1.products.create({"name": "Lost"})
    lost = desk.page("/control/events?undelivered=on")
    assert lost.count('class="item event"') == 1
    assert "Send now" in lost
    assert "Nothing fits." in desk.page("/control/events?q=invoice.paid")


def test_thousands_of_events_are_shown_fifty_at_a_time(
    sandbox: Sandbox, desk: Desk, account: Account
) -> None:
    for number in range(120):
        account.emit("product.updated", {"id": f"prod_{number}", "object": "product"})

    def shown(page: str) -> list[str]:
        return re.findall(r'/control/events/(evt_\w+)"', page)

    def leads(page: str, name: str) -> str:
        (query,) = re.findall(rf'href="(\?[^"]*)">{name}<', page)
        return f"/control/events{query.replace('&amp;', '&')}"

    first = desk.page("/control/events?q=updated")
    second = desk.page(leads(first, "Older"))
    third = desk.page(leads(second, "Older"))

    every = [event["id"] for event in reversed(account.all("event"))][:120]
    assert shown(first) + shown(second) + shown(third) == every
    assert ">Newer<" not in first
    assert ">Older<" not in third
    assert shown(desk.page(leads(third, "Newer"))) == shown(second)
    assert shown(desk.page(leads(second, "Newer"))) == shown(first)
    assert shown(desk.page("/control/events?before=evt_none")) == every[:50]


def test_customers_are_found_and_never_trusted(desk: Desk, client: stripe.StripeClient) -> None:
    client.v1.customers.create({"email": "ada@example.com"})
    client.v1.customers.create({"email": '"><script>x</script>@example.com'})

    found = desk.page("/control?q=ADA@")

    assert ("ada@example.com" in found, "script>x" in found) == (True, False)
    assert "<script>x" not in desk.page()
    nobody = desk.page("/control?q=<script>y")
    assert "No customer has" in nobody
    assert "<script>y" not in nobody


@pytest.mark.parametrize(
    "place", ["https://evil.example/", "//evil.example", "/controlled", "/\\evil.example", ""]
)
def test_nobody_is_led_elsewhere(sandbox: Sandbox, place: str) -> None:
    answer = requests.post(
        f"{sandbox.url}/control/clock",
        data={"by": "hour", "back": place},
        timeout=5,
        allow_redirects=False,
    )

    assert (answer.status_code, answer.headers["Location"]) == (303, "/control")


def test_the_knobs_are_set_and_seen(sandbox: Sandbox, desk: Desk) -> None:
    page = "/control/faults"
    well = desk.page(page)
    assert ">on</span>" not in well

    after = desk.press(page, page, twice="0.5", stripe_fault="slow", shuffled="true")

    assert sandbox.webhook_faults.twice == 0.5
    assert (sandbox.stripe_fault, sandbox.webhook_faults.shuffled) == ("slow", True)
    assert ">on</span>" in after
    assert "cannot be" in desk.refused(page, page, twice="often")
    assert sandbox.webhook_faults.twice == 0.5


def test_every_page_is_of_this_machine_and_works_without_a_script(
    sandbox: Sandbox, desk: Desk, ada: str
) -> None:
    for path in ("", "/payments", "/events", "/readers", "/faults", f"/customers/{ada}"):
        page = desk.page(f"/control{path}")
        assert "<script" not in page
        assert "onclick" not in page
        for link in re.findall(r'(?:href|src|action)="([^"]*)"', page):
            assert not urlsplit(link).netloc, link
