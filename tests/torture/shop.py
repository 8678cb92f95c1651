"""What is on sale in the town: the example plans, and whatever else an owner may have at Stripe."""

from urllib.parse import urljoin

from sandbox.server import Sandbox
from sandbox.stripe import payment_links, products
from tests.support.browser import Elsewhere

OURS = {
    "letters": {"plan": "letters", "features": "letters"},  # ours, but opens nothing premium
    "trial": {"plan": "trial", "trial_days": "14"},
    "archive": {"plan": "archive"},  # bought once, for good
}
STRANGERS = {"poster": {}, "workshop": {"note": "not a plan"}}
PRICES = {  # lookup key: product, minor units, interval
    "letters": ("letters", 300, "month"),
    "trial": ("trial", 700, "month"),
    "archive": ("archive", 9900, None),
    "poster": ("poster", 1500, None),
    "workshop": ("workshop", 4000, "month"),
}
RECURRING = ("monthly", "yearly", "letters", "trial")
ONCE = ("guide", "archive")


def stock(sandbox: Sandbox) -> None:
    sandbox.seed()
    for name, metadata in (OURS | STRANGERS).items():
        product = {"id": f"prod_{name}", "name": name.title(), "metadata": metadata}
        products.create_product(sandbox.account, product)
    for key, (name, amount, interval) in PRICES.items():
        recurring = {"recurring": {"interval": interval}} if interval else {}
        price = {"currency": "eur", "lookup_key": key, "unit_amount": amount, **recurring}
        products.create_price(sandbox.account, {**price, "product": f"prod_{name}"})


def price_id(sandbox: Sandbox, key: str) -> str:
    return str(sandbox.account.all("price", lookup_key=key)[0]["id"])


def follow_link(
    sandbox: Sandbox, browser: Elsewhere, price: str, reference: str | None = None
) -> str:
    """Open the payment link that sells a price; the address of the page to pay on."""
    query = {"client_reference_id": reference} if reference else {}
    answer = browser.session.get(
        _link(sandbox, price), params=query, allow_redirects=False, timeout=20
    )
    return urljoin(sandbox.url, answer.headers["Location"])


def _link(sandbox: Sandbox, price: str) -> str:
    """Made when it is first asked for."""
    for link in sandbox.account.all("payment_link"):
        if link["metadata"] == {"price": price}:
            return str(link["url"])
    line = {"price": price_id(sandbox, price), "quantity": 1}
    asked = {"line_items": [line], "metadata": {"price": price}}
    return str(payment_links.create(sandbox.account, asked)["url"])
