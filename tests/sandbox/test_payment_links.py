"""Payment links: an address on a poster, and what becomes of who follows it."""

from typing import Any

import pytest
import stripe

from tests.sandbox.shop import WORKS, Hook, open_checkout
from tests.support.browser import Elsewhere

THANKS = "http://127.0.0.1:9/done?session_id={CHECKOUT_SESSION_ID}"
REDIRECT = {"type": "redirect", "redirect": {"url": THANKS}}


def link_to(client: stripe.StripeClient, price: str, **more: Any) -> stripe.PaymentLink:
    wanted: Any = {"line_items": [{"price": price, "quantity": 1}], **more}
    return client.v1.payment_links.create(wanted)


def follows(payer: Elsewhere, link: stripe.PaymentLink, **query: str) -> str:
    """Open a link; the address of the checkout page it leads to."""
    answer = payer.session.get(link.url, params=query, allow_redirects=False, timeout=20)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def test_a_visitor_buys_a_guide_by_link_as_a_guest(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    link = link_to(client, prices["guide"], after_completion=REDIRECT, metadata={"from": "poster"})

    page = follows(payer, link)
    answer = payer.submit(page, email="guest@example.com", card=WORKS)

    (session,) = client.v1.checkout.sessions.list({"payment_link": link.id}).data
    assert answer.headers["Location"] == THANKS.replace("{CHECKOUT_SESSION_ID}", session.id)
    assert (session.mode, session.payment_status, session.customer) == ("payment", "paid", None)
    assert (session.payment_link, session.client_reference_id) == (link.id, None)
    assert session.metadata is not None
    assert session.metadata.to_dict() == {"from": "poster"}
    assert session.customer_details is not None
    assert session.customer_details.email == "guest@example.com"
    assert session.customer_email is None


def test_a_subscriber_by_link_becomes_a_new_customer_each_time(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    link = link_to(client, prices["monthly"], subscription_data={"metadata": {"k": "v"}})

    for _ in range(2):
        payer.submit(follows(payer, link), email="ada@example.com", card=WORKS)

    sessions = client.v1.checkout.sessions.list({"payment_link": link.id}).data
    assert len({session.id for session in sessions}) == 2
    assert len({session.customer for session in sessions}) == 2
    subscription = client.v1.subscriptions.retrieve(str(sessions[0].subscription))
    assert subscription.metadata.to_dict() == {"k": "v"}


def test_the_address_may_say_who_comes(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    half = client.v1.coupons.create({"percent_off": 50})
    client.v1.promotion_codes.create(
        {"code": "HALF", "promotion": {"type": "coupon", "coupon": half.id}}
    )
    link = link_to(client, prices["guide"], allow_promotion_codes=True)

    page = follows(
        payer,
        link,
        client_reference_id="u1_a-B",
        prefilled_email="ada@example.com",
        prefilled_promo_code="HALF",
    )
    shown = payer.get(page).text
    payer.submit(page, card=WORKS)

    assert 'value="ada@example.com"' in shown
    assert "readonly" not in shown  # she may pay with another address
    (session,) = client.v1.checkout.sessions.list({"payment_link": link.id}).data
    assert (session.client_reference_id, session.amount_total) == ("u1_a-B", 1450)
    assert session.customer_details is not None
    assert session.customer_details.email == "ada@example.com"


@pytest.mark.parametrize("reference", ["u1.signature", "a b", "ü", "x" * 201, ""])
def test_a_reference_that_stripe_does_not_take_is_dropped_without_a_word(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere, reference: str
) -> None:
    link = link_to(client, prices["guide"])

    page = follows(payer, link, client_reference_id=reference, prefilled_promo_code="NONE")
    payer.submit(page, email="ada@example.com", card=WORKS)

    (session,) = client.v1.checkout.sessions.list({"payment_link": link.id}).data
    assert (session.client_reference_id, session.amount_total) == (None, 2900)


def test_without_a_redirect_stripe_says_thank_you_itself(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    confirmation: Any = {
        "type": "hosted_confirmation",
        "hosted_confirmation": {"custom_message": "Look into your mailbox."},
    }
    link = link_to(client, prices["guide"], after_completion=confirmation)

    page = follows(payer, link)
    answer = payer.submit(page, email="ada@example.com", card=WORKS)

    assert answer.headers["Location"] == page
    thanks = payer.get(page).text
    assert "Thank you" in thanks
    assert "Look into your mailbox." in thanks


def test_a_link_ends_when_it_is_switched_off_or_sold_out(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    link = link_to(
        client,
        prices["guide"],
        inactive_message="The guide is sold out.",
        restrictions={"completed_sessions": {"limit": 1}},
    )
    payer.submit(follows(payer, link), email="ada@example.com", card=WORKS)

    sold_out = payer.get(link.url)
    client.v1.payment_links.update(link.id, {"restrictions": ""})
    open_again = payer.get(link.url)
    client.v1.payment_links.update(link.id, {"active": False})

    assert (sold_out.status_code, open_again.status_code) == (410, 200)
    assert "The guide is sold out." in sold_out.text
    assert payer.get(link.url).status_code == 410
    assert client.v1.payment_links.list({"active": True}).data == []


def test_what_a_link_is_changed_to_holds_for_who_comes_after(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    link = link_to(client, prices["guide"])
    before = payer.get(follows(payer, link)).text

    client.v1.payment_links.update(
        link.id, {"allow_promotion_codes": True, "metadata": {"campaign": "june"}}
    )
    after = payer.get(follows(payer, link)).text

    assert "Promotion code" not in before
    assert "Promotion code" in after
    newest, oldest = client.v1.checkout.sessions.list({"payment_link": link.id}).data
    assert newest.metadata is not None
    assert newest.metadata.to_dict() == {"campaign": "june"}
    assert oldest.metadata is not None
    assert oldest.metadata.to_dict() == {}


def test_what_a_link_sells_can_be_asked_for(
    client: stripe.StripeClient, prices: dict[str, str]
) -> None:
    link = link_to(client, prices["monthly"])

    whole = client.v1.payment_links.retrieve(link.id, {"expand": ["line_items"]})
    lines = client.v1.payment_links.line_items.list(link.id).data

    assert whole.line_items is not None
    for line in (*whole.line_items.data, *lines):
        assert line.price is not None
        assert line.price.id == prices["monthly"]


def test_a_link_that_does_not_sell_any_more_shows_no_traceback(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    link = link_to(client, prices["guide"])
    client.v1.prices.update(prices["guide"], {"active": False})

    answer = payer.get(link.url)

    assert answer.status_code == 400
    assert "inactive" in answer.text


def test_the_shop_hears_of_links(
    sandbox: Any, client: stripe.StripeClient, prices: dict[str, str], hook: Hook
) -> None:
    sandbox.webhook_url = hook.url
    link = link_to(client, prices["guide"])
    client.v1.payment_links.update(link.id, {"active": False})
    sandbox.deliver_pending()

    types = [event.type for event in client.v1.events.list().data]
    assert types[:2] == ["payment_link.updated", "payment_link.created"]


@pytest.mark.parametrize(
    ("name", "more", "wrong"),
    [
        ("guide", {"after_completion": {"type": "redirect"}}, "redirect"),
        (
            "guide",
            {"after_completion": {"type": "redirect", "redirect": {"url": "/x"}}},
            "Not a valid",
        ),
        ("guide", {"subscription_data": {"trial_period_days": 3}}, "subscription_data"),
        ("monthly", {"customer_creation": "always"}, "customer_creation"),
        ("guide", {"success_url": THANKS}, "unknown parameter"),
        ("guide", {"line_items": [{"price": "price_none", "quantity": 1}]}, "No such price"),
    ],
)
def test_a_link_that_cannot_be_is_refused(
    client: stripe.StripeClient,
    prices: dict[str, str],
    name: str,
    more: dict[str, Any],
    wrong: str,
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=wrong):
        link_to(client, prices[name], **more)


def test_an_unknown_link_is_a_page_that_says_so(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    session = open_checkout(client, prices["monthly"])
    assert session.url
    base = session.url.split("/pay/")[0]

    answer = payer.get(f"{base}/link/plink_none")

    assert answer.status_code == 404
    assert "No such payment_link" in answer.text
