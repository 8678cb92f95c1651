"""Payment methods by the API: made of test numbers and tokens, attached, listed, taken away."""

from typing import Any

import pytest
import stripe

from tests.sandbox.lives import happened, now, someone, subscribes


def test_a_card_is_made_attached_and_listed(client: stripe.StripeClient) -> None:
    ada = someone(client, card=None)
    billing: Any = {"email": "ada@example.com", "phone": "+49 30 1"}
    made = client.v1.payment_methods.create(
        {"type": "card", "card": {"token": "tok_visa"}, "billing_details": billing}
    )
    assert made.customer is None

    attached = client.v1.payment_methods.attach(made.id, {"customer": ada})

    assert (attached.customer, attached.billing_details.phone) == (ada, "+49 30 1")
    assert happened(client)[-1] == "payment_method.attached"
    listed = client.v1.customers.payment_methods.list(ada)
    assert [method.id for method in listed.data] == [made.id]
    assert [m.id for m in client.v1.payment_methods.list({"customer": ada}).data] == [made.id]
    assert client.v1.payment_methods.attach(made.id, {"customer": ada}).id == made.id


def test_numbers_and_ibans_of_stripes_own_are_taken(client: stripe.StripeClient) -> None:
    card = client.v1.payment_methods.create(
        {"type": "card", "card": {"number": "4242424242424242"}}
    )
    debit = client.v1.payment_methods.create(
        {"type": "sepa_debit", "sepa_debit": {"iban": "DE89 3704 0044 0532 0130 00"}}
    )

    assert card.card is not None
    assert card.card.last4 == "4242"
    assert debit.sepa_debit is not None
    assert debit.sepa_debit.country == "DE"


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"type": "card"}, stripe.InvalidRequestError, "Missing required param: card"),
        ({"type": "card", "card": {"cvc": "1"}}, stripe.InvalidRequestError, "Missing required"),
        ({"type": "card", "card": {"number": "411"}}, stripe.CardError, "number is incorrect"),
        ({"type": "card", "card": {"token": "tok_no"}}, stripe.InvalidRequestError, "No such"),
        ({"type": "cash"}, stripe.InvalidRequestError, "must be one of"),
    ],
)
def test_anything_else_is_refused(
    client: stripe.StripeClient, params: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        client.v1.payment_methods.create(params)


def test_a_card_that_declines_everything_cannot_be_attached(client: stripe.StripeClient) -> None:
    eve = someone(client, card=None)

    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": eve})

    assert refused.value.http_status == 402
    assert client.v1.payment_methods.list({"customer": eve}).data == []


def test_a_card_is_nobody_elses(client: stripe.StripeClient, prices: dict[str, str]) -> None:
    ada, eve = someone(client), someone(client, card=None)
    hers = client.v1.payment_methods.list({"customer": ada}).data[0].id

    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        client.v1.payment_methods.attach(hers, {"customer": eve})
    with pytest.raises(stripe.InvalidRequestError, match="must be attached to the customer"):
        subscribes(client, eve, prices["monthly"], default_payment_method=hers)
    member = subscribes(client, ada, prices["monthly"])
    later = subscribes(client, ada, prices["yearly"], payment_behavior="default_incomplete")
    fresh = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    with pytest.raises(stripe.InvalidRequestError, match="not attached to the invoice's customer"):
        client.v1.invoices.pay(str(later.latest_invoice), {"payment_method": fresh.id})
    assert now(client, later).status == "incomplete"
    assert now(client, member).status == "active"


def test_a_detached_card_is_nobodys_default_any_more(
    client: stripe.StripeClient, prices: dict[str, str]
) -> None:
    ada = someone(client)
    card = client.v1.payment_methods.list({"customer": ada}).data[0].id
    member = subscribes(client, ada, prices["monthly"], default_payment_method=card)

    client.v1.payment_methods.detach(card)

    settings = client.v1.customers.retrieve(ada).invoice_settings
    assert settings is not None
    assert settings.default_payment_method is None
    assert now(client, member).default_payment_method is None
    with pytest.raises(stripe.InvalidRequestError, match="not attached to a customer"):
        client.v1.payment_methods.detach(card)


def test_an_open_invoice_tells_what_it_can_be_paid_with(
    client: stripe.StripeClient, prices: dict[str, str]
) -> None:
    begun = subscribes(
        client,
        someone(client),
        prices["monthly"],
        payment_behavior="default_incomplete",
        expand=["latest_invoice.confirmation_secret", "latest_invoice.payments"],
    )

    invoice = begun.latest_invoice
    assert isinstance(invoice, stripe.Invoice)
    assert invoice.confirmation_secret is not None
    assert invoice.confirmation_secret.client_secret.startswith("pi_")
    assert invoice.payments is not None
    assert [payment.status for payment in invoice.payments.data] == ["open"]
