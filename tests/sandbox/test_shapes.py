"""What the sandbox's Stripe says and takes, held against the installed SDK's own classes.

A field that no class knows, and a parameter that no signature knows, is an invention; a value of
another type than the annotation's is a mistake.
"""

import builtins
import functools
import sys
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import stripe
from stripe import params as sdk
from stripe import test_helpers
from stripe.billing_portal import Configuration
from stripe.billing_portal import Session as PortalSession
from stripe.checkout import Session as CheckoutSession

from sandbox.server import Sandbox
from sandbox.store import Document
from sandbox.stripe import disputes, fraud_warnings
from sandbox.stripe.api import ROUTES
from sandbox.stripe.params import Many, Nested, Table
from tests.sandbox.shop import Buys

CLASSES: dict[str, type] = {
    "account": stripe.Account,
    "balance_transaction": stripe.BalanceTransaction,
    "billing_portal.configuration": Configuration,
    "billing_portal.session": PortalSession,
    "charge": stripe.Charge,
    "checkout.session": CheckoutSession,
    "coupon": stripe.Coupon,
    "customer": stripe.Customer,
    "discount": stripe.Discount,
    "dispute": stripe.Dispute,
    "event": stripe.Event,
    "invoice": stripe.Invoice,
    "invoice_payment": stripe.InvoicePayment,
    "invoiceitem": stripe.InvoiceItem,
    "item": stripe.LineItem,
    "line_item": stripe.InvoiceLineItem,
    "payment_intent": stripe.PaymentIntent,
    "payment_link": stripe.PaymentLink,
    "payment_method": stripe.PaymentMethod,
    "plan": stripe.Plan,
    "price": stripe.Price,
    "product": stripe.Product,
    "promotion_code": stripe.PromotionCode,
    "radar.early_fraud_warning": stripe.radar.EarlyFraudWarning,
    "refund": stripe.Refund,
    "subscription": stripe.Subscription,
    "subscription_item": stripe.SubscriptionItem,
    "test_helpers.test_clock": test_helpers.TestClock,
    "webhook_endpoint": stripe.WebhookEndpoint,
}
# What the annotations do not give: the recorded answers of the real API have it.
ALSO_REAL = {
    "Charge.PaymentMethodDetails.Card.checks",
    "Configuration.Features.PaymentMethodUpdate.payment_method_configuration",
}


@pytest.fixture
def everything(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    buys: Buys,
    curl: Callable[..., requests.Response],
) -> Callable[[str], list[Document]]:
    """Objects of every kind, after a little life; called with the address of a list or of one."""
    membership = buys("monthly", subscription_data={"metadata": {"user_id": "1"}})
    guide = buys("guide", email="guest@example.com")
    buys("yearly", subscription_data={"trial_period_days": 7}, email="grace@example.com")
    buys("monthly", card="4000000000000002", email="eve@example.com")
    _bargains(client, buys)
    client.v1.refunds.create({"payment_intent": str(guide.payment_intent), "amount": 100})
    disputed = str(client.v1.charges.list({"customer": str(membership.customer)}).data[0].id)
    fraud_warnings.warn(sandbox.account, disputed)
    disputes.win(sandbox.account, disputes.open_(sandbox.account, disputed)["id"])
    client.v1.subscriptions.update(str(membership.subscription), {"cancel_at_period_end": True})
    upgraded = client.v1.subscriptions.retrieve(str(buys("monthly").subscription))
    item = upgraded["items"].data[0].id
    client.v1.subscriptions.update(upgraded.id, {"items": [{"id": item, "quantity": 2}]})
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": upgraded.created})
    client.v1.customers.create({"test_clock": clock.id, "payment_method": "pm_card_visa"})
    client.v1.subscriptions.pause(upgraded.id)
    sandbox.clock.advance(40 * 24 * 60 * 60)
    configuration = client.v1.billing_portal.configurations.create(
        {"features": {"subscription_cancel": {"enabled": True}}}
    )
    client.v1.billing_portal.sessions.create(
        {"customer": str(membership.customer), "configuration": configuration.id}
    )
    client.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/", "enabled_events": ["*"]})

    def read(path: str) -> list[Document]:
        answer = curl("GET", f"/v1{path}", params={"limit": "100"} if path != "/account" else {})
        body: Document = answer.json()
        assert answer.status_code == 200, body
        found: list[Document] = body["data"] if body["object"] == "list" else [body]
        return found

    return read


def _bargains(client: stripe.StripeClient, buys: Buys) -> None:
    """A code redeemed, a link opened and paid, a debit on its way, a bank's question answered."""
    coupon = client.v1.coupons.create(
        {"percent_off": 12.5, "duration": "repeating", "duration_in_months": 3}
    )
    client.v1.promotion_codes.create(
        {
            "code": "SPRING",
            "promotion": {"type": "coupon", "coupon": coupon.id},
            "restrictions": {"minimum_amount": 100, "minimum_amount_currency": "eur"},
        }
    )
    recovery: typing.Any = {"enabled": True, "allow_promotion_codes": True}
    buys(
        "monthly",
        email="hedy@example.com",
        promotion_code="SPRING",
        allow_promotion_codes=True,
        automatic_tax={"enabled": True},
        consent_collection={"terms_of_service": "required"},
        terms_of_service="accepted",
        after_expiration={"recovery": recovery},
    )
    buys("monthly", email="mary@example.com", card="DE89370400440532013000")
    buys("guide", email="joan@example.com", card="4000002500003155")
    price = client.v1.prices.list({"lookup_keys": ["guide"]}).data[0].id
    client.v1.payment_links.create(
        {
            "line_items": [{"price": price, "quantity": 1}],
            "after_completion": {"type": "redirect", "redirect": {"url": "http://127.0.0.1:9/"}},
            "restrictions": {"completed_sessions": {"limit": 5}},
            "consent_collection": {"terms_of_service": "required"},
            "payment_intent_data": {"metadata": {"from": "a poster"}},
        }
    )


LISTS = [
    "/account",
    "/products",
    "/prices",
    "/customers",
    "/checkout/sessions",
    "/subscriptions?status=all",
    "/invoices",
    "/invoice_payments",
    "/invoiceitems",
    "/payment_intents",
    "/charges",
    "/refunds",
    "/disputes",
    "/radar/early_fraud_warnings",
    "/coupons",
    "/promotion_codes",
    "/payment_links",
    "/billing_portal/configurations",
    "/events",
    "/webhook_endpoints",
]


def test_every_field_is_one_the_sdk_knows(everything: Callable[[str], list[Document]]) -> None:
    """All lists of one life, which takes longer to live than to read."""
    found = {path: everything(path) for path in LISTS}

    assert [path for path, objects in found.items() if not objects] == []
    assert [each for objects in found.values() for o in objects for each in strange(o)] == []


def test_every_event_shows_objects_the_sdk_knows(
    everything: Callable[[str], list[Document]],
) -> None:
    known = set(typing.get_args(_hints(stripe.Event)["type"]))

    for event in everything("/events"):
        assert event["type"] in known
        assert list(strange(event["data"]["object"])) == []


# What the application reads, whatever it may be: none of it may be missing.
READ = {
    "/subscriptions?status=all": "id customer status created cancel_at cancel_at_period_end "
    "canceled_at ended_at trial_end items latest_invoice metadata billing_mode",
    "/invoices": "id customer status created parent lines amount_due amount_paid attempt_count "
    "next_payment_attempt hosted_invoice_url billing_reason status_transitions",
    "/checkout/sessions": "id mode status payment_status customer client_reference_id metadata "
    "customer_details customer_email subscription payment_intent invoice url expires_at created",
    "/charges": "id amount amount_refunded refunded disputed payment_intent customer currency "
    "billing_details receipt_url status",
    "/products": "id name description active metadata marketing_features default_price created",
    "/prices": "id product active currency unit_amount recurring type lookup_key metadata",
    "/events": "id type created livemode api_version data request pending_webhooks",
}


def test_nothing_that_a_site_reads_is_left_out(
    everything: Callable[[str], list[Document]],
) -> None:
    for path, names in READ.items():
        for document in everything(path):
            assert set(names.split()) <= document.keys(), path


def test_what_is_paid_with_is_shown_to_who_asks_as_the_sdk_knows_it(
    buys: Buys, curl: Callable[..., requests.Response]
) -> None:
    """By Checkout it is the subscription's own; of one made by hand, the customer's."""
    buys("monthly", card="4242424242424242")
    buys("monthly", email="mary@example.com", card="DE89370400440532013000")

    def asked(path: str, expand: str) -> Document:
        found: Document = curl("GET", f"/v1/{path}", params={"expand[0]": expand}).json()
        return found

    listed = asked("subscriptions", "data.default_payment_method")["data"]
    made = {"payment_method": "pm_card_visa"}
    made["invoice_settings[default_payment_method]"] = "pm_card_visa"
    customer = curl("POST", "/v1/customers", data=made).json()["id"]
    shown = asked(f"customers/{customer}", "invoice_settings.default_payment_method")

    kinds = {each["default_payment_method"]["type"] for each in listed}
    assert kinds == {"card", "sepa_debit"}
    assert shown["invoice_settings"]["default_payment_method"]["card"]["last4"] == "4242"
    assert [each for document in (*listed, shown) for each in strange(document)] == []


def test_what_endive_has_taken_away_is_away(everything: Callable[[str], list[Document]]) -> None:
    gone = {
        "/subscriptions?status=all": {"current_period_end", "current_period_start", "discount"},
        "/invoices": {"subscription", "paid", "charge", "payment_intent", "discount", "tax"},
        "/charges": {"invoice", "refunds"},
        "/checkout/sessions": {"line_items"},
    }

    for path, names in gone.items():
        for document in everything(path):
            assert not names & document.keys()


PARAMS: dict[str, type] = {
    "GET /charges": sdk.ChargeListParams,
    "GET /checkout/sessions": sdk.checkout.SessionListParams,
    "GET /checkout/sessions/<session_id>/line_items": sdk.checkout.SessionLineItemListParams,
    "POST /checkout/sessions": sdk.checkout.SessionCreateParams,
    "POST /checkout/sessions/<session_id>": sdk.checkout.SessionUpdateParams,
    "POST /checkout/sessions/<session_id>/expire": sdk.checkout.SessionExpireParams,
    "GET /billing_portal/configurations": sdk.billing_portal.ConfigurationListParams,
    "POST /billing_portal/configurations": sdk.billing_portal.ConfigurationCreateParams,
    "POST /billing_portal/configurations/<configuration_id>": (
        sdk.billing_portal.ConfigurationUpdateParams
    ),
    "POST /billing_portal/sessions": sdk.billing_portal.SessionCreateParams,
    "GET /coupons": sdk.CouponListParams,
    "POST /coupons": sdk.CouponCreateParams,
    "POST /coupons/<coupon_id>": sdk.CouponUpdateParams,
    "GET /customers": sdk.CustomerListParams,
    "POST /customers": sdk.CustomerCreateParams,
    "POST /customers/<customer_id>": sdk.CustomerUpdateParams,
    "GET /disputes": sdk.DisputeListParams,
    "POST /disputes/<dispute_id>": sdk.DisputeUpdateParams,
    "GET /radar/early_fraud_warnings": sdk.radar.EarlyFraudWarningListParams,
    "GET /events": sdk.EventListParams,
    "GET /invoice_payments": sdk.InvoicePaymentListParams,
    "GET /invoices": sdk.InvoiceListParams,
    "GET /invoices/<invoice_id>/lines": sdk.InvoiceLineItemListParams,
    "GET /payment_intents": sdk.PaymentIntentListParams,
    "GET /customers/<customer_id>/payment_methods": sdk.CustomerPaymentMethodListParams,
    "GET /payment_methods": sdk.PaymentMethodListParams,
    "POST /payment_methods": sdk.PaymentMethodCreateParams,
    "POST /payment_methods/<id_>/attach": sdk.PaymentMethodAttachParams,
    "GET /payment_links": sdk.PaymentLinkListParams,
    "POST /payment_links": sdk.PaymentLinkCreateParams,
    "POST /payment_links/<link_id>": sdk.PaymentLinkUpdateParams,
    "GET /payment_links/<link_id>/line_items": sdk.PaymentLinkLineItemListParams,
    "GET /prices": sdk.PriceListParams,
    "POST /prices": sdk.PriceCreateParams,
    "POST /prices/<price_id>": sdk.PriceUpdateParams,
    "GET /products": sdk.ProductListParams,
    "POST /products": sdk.ProductCreateParams,
    "POST /products/<product_id>": sdk.ProductUpdateParams,
    "GET /promotion_codes": sdk.PromotionCodeListParams,
    "POST /promotion_codes": sdk.PromotionCodeCreateParams,
    "POST /promotion_codes/<promotion_code_id>": sdk.PromotionCodeUpdateParams,
    "GET /refunds": sdk.RefundListParams,
    "POST /refunds": sdk.RefundCreateParams,
    "POST /refunds/<refund_id>": sdk.RefundUpdateParams,
    "GET /invoiceitems": sdk.InvoiceItemListParams,
    "POST /invoices/create_preview": sdk.InvoiceCreatePreviewParams,
    "POST /invoices/<invoice_id>/finalize": sdk.InvoiceFinalizeInvoiceParams,
    "POST /invoices/<invoice_id>/pay": sdk.InvoicePayParams,
    "GET /subscriptions": sdk.SubscriptionListParams,
    "POST /subscriptions": sdk.SubscriptionCreateParams,
    "POST /subscriptions/<subscription_id>/pause": sdk.SubscriptionPauseParams,
    "POST /subscriptions/<subscription_id>/resume": sdk.SubscriptionResumeParams,
    "GET /test_helpers/test_clocks": sdk.test_helpers.TestClockListParams,
    "POST /test_helpers/test_clocks": sdk.test_helpers.TestClockCreateParams,
    "POST /test_helpers/test_clocks/<clock_id>/advance": sdk.test_helpers.TestClockAdvanceParams,
    "POST /subscriptions/<subscription_id>": sdk.SubscriptionUpdateParams,
    "DELETE /subscriptions/<subscription_id>": sdk.SubscriptionCancelParams,
    "GET /webhook_endpoints": sdk.WebhookEndpointListParams,
    "POST /webhook_endpoints": sdk.WebhookEndpointCreateParams,
    "POST /webhook_endpoints/<endpoint_id>": sdk.WebhookEndpointUpdateParams,
}


def test_every_parameter_is_one_the_sdk_knows() -> None:
    """Routes that take nothing but `expand` need no class of the SDK's."""
    for route in ROUTES:
        if route.takes:
            name = f"{route.method} {route.path}"
            assert list(strange_params(route.table, PARAMS[name], name)) == []
    assert PARAMS.keys() <= {f"{route.method} {route.path}" for route in ROUTES}


def strange(document: Document) -> Iterator[str]:
    """Fields of an object, and of what it holds, that do not fit its class."""
    class_ = CLASSES[document["object"]]
    yield from _strange_fields(document, class_, class_.__name__)


def _strange_fields(document: Document, class_: type, path: str) -> Iterator[str]:
    known = _hints(class_)
    for name, value in document.items():
        if name not in known:
            if f"{path}.{name}" not in ALSO_REAL:
                yield f"{path}.{name} is unknown"
        elif value is not None:
            yield from _strange_value(value, known[name], f"{path}.{name}")


def _strange_value(value: Any, hint: Any, path: str) -> Iterator[str]:
    options = list(_options(hint))
    if isinstance(value, dict):
        yield from _strange_object(value, options, path)
    elif isinstance(value, list):
        (items,) = [o for o in options if typing.get_origin(o) is list] or [None]
        if items is None:
            yield f"{path} is no list"
        else:
            for each in value:
                yield from _strange_value(each, typing.get_args(items)[0], f"{path}[]")
    elif not any(_fits(value, option) for option in options):
        yield f"{path} must not be {value!r}"


def _strange_object(value: Document, options: list[Any], path: str) -> Iterator[str]:
    kind = value.get("object")  # of an event's data, it is the object itself
    if kind == "list":
        for each in value["data"]:
            yield from strange(each)
        if value.keys() != {"object", "data", "has_more", "url"}:
            yield f"{path} is no list as Stripe has it"
    elif isinstance(kind, str) and kind in CLASSES:
        yield from strange(value)
    else:
        classes = [o for o in options if isinstance(o, type) and issubclass(o, stripe.StripeObject)]
        untyped = [o for o in options if "UntypedStripeObject" in str(o)]
        if classes:
            yield from _strange_fields(value, classes[0], classes[0].__qualname__)
        elif not untyped:
            yield f"{path} is no object"


def _fits(value: Any, option: Any) -> bool:
    if option is Any:
        return True
    if typing.get_origin(option) is typing.Literal:
        return value in typing.get_args(option)
    if option.__name__ == "Decimal":
        return isinstance(value, str)  # decimals travel as text
    if isinstance(value, bool) or option is bool:
        return isinstance(value, bool) and option is bool
    return isinstance(option, type) and isinstance(value, option)


def _options(hint: Any) -> Iterator[Any]:
    """The types a hint allows, unions taken apart."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        for each in typing.get_args(hint):
            yield from _options(each)
    else:
        yield hint


class _Names(dict[str, Any]):
    """Names as annotations use them: many are imported for type checkers alone."""

    def __init__(self, module: str) -> None:
        super().__init__()
        self.module = sys.modules[module]

    def __missing__(self, name: str) -> Any:
        for place in (self.module, builtins, stripe, typing):
            if hasattr(place, name):
                return getattr(place, name)
        return Any


@functools.cache
def _hints(class_: type) -> dict[str, Any]:
    return typing.get_type_hints(class_, localns=_Names(class_.__module__))


def strange_params(table: Table, class_: type, path: str) -> Iterator[str]:
    known = _hints(class_)
    for name, reader in table.items():
        if name not in known:
            yield f"{path}[{name}] is unknown"
            continue
        inner = reader.each if isinstance(reader, Many) else reader
        if isinstance(inner, Nested):
            for option in _flat(known[name]):
                if typing.is_typeddict(option):
                    yield from strange_params(inner.table, option, f"{path}[{name}]")


def _flat(hint: Any) -> Iterator[Any]:
    """The classes anywhere inside a hint: NotRequired["Literal['']|List[X]"] has X."""
    arguments = typing.get_args(hint)
    if not arguments:
        yield hint
    for each in arguments:
        yield from _flat(each)


def test_this_file_can_fail(sandbox: Sandbox) -> None:
    """An invention, a wrong type and a wrong word are all seen."""
    product = sandbox.account.all("product")[0]

    assert list(strange({**product, "colour": "red"})) == ["Product.colour is unknown"]
    assert list(strange({**product, "created": "today"})) == ["Product.created must not be 'today'"]
    assert list(strange({**product, "type": "gadget"})) == []  # an open word: any text may come
    assert list(strange({**product, "object": "price"}))
