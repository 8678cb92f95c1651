"""A Stripe that answers at once, for any number of customers: each has the one subscription, and
what came of it, that somebody had in the sandbox when `record` was asked to look.

Served by one process; it counts what it is asked. `GET /asked` says how often each customer was
read.
"""

import json
import os
import re
import tempfile
from collections import Counter
from pathlib import Path

import requests
from flask import Flask, Response, request

from sandbox.server import Sandbox

KEY = ("sk_test_bench", "")
EMAIL, NUMBER = "ada@example.com", "NUMBER"
OTHER_IDS = re.compile(r'"((?!cus_|price_|prod_|acct_)[a-z]+_[A-Za-z0-9]{14,})"')
LISTS = ("subscriptions", "invoices", "charges")
EMPTY = '{"object": "list", "data": [], "has_more": false}'


def record(path: Path) -> None:
    """Play the story once in the sandbox, and keep what Stripe says of it in a file."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(webhook_secret="whsec_bench", clock_file=Path(folder) / "clock") as sandbox,
    ):
        path.write_text(json.dumps(_story(sandbox)))


def _story(sandbox: Sandbox) -> dict[str, str]:
    def ask(method: str, path: str, **given: str) -> requests.Response:
        asked, sent = (given, None) if method == "GET" else (None, given)
        url = f"{sandbox.stripe_base}/v1/{path}"
        answer = requests.request(method, url, params=asked, data=sent, auth=KEY, timeout=30)
        answer.raise_for_status()
        return answer

    monthly = sandbox.seed()["monthly"]["id"]
    customer = ask("POST", "customers", email=EMAIL).json()["id"]
    card = ask("POST", "payment_methods/pm_card_visa/attach", customer=customer).json()["id"]
    chosen = {"items[0][price]": monthly}
    ask("POST", "subscriptions", customer=customer, default_payment_method=card, **chosen)
    about = {"customers": ask("GET", f"customers/{customer}").text}
    for each in LISTS:
        expand = {"expand[]": "data.payments"} if each == "invoices" else {}
        about[each] = ask("GET", each, customer=customer, limit="100", **expand).text
    same = {path: ask("GET", path).text for path in ("products", "prices", "account")}
    return same | {path: _of_anybody(told, customer) for path, told in about.items()}


def _of_anybody(told: str, customer: str) -> str:
    told = told.replace(customer, f"cus_{NUMBER}").replace(EMAIL, f"member{NUMBER}@example.com")
    return OTHER_IDS.sub(rf'"\1-{NUMBER}"', told)


def stripe() -> Flask:
    app = Flask("stripe")
    told: dict[str, str] = json.loads(Path(os.environ["BENCH_STRIPE"]).read_text())
    asked: Counter[str] = Counter()

    @app.get("/asked")
    def how_often() -> Counter[str]:
        return asked

    @app.get("/v1/<path:path>")
    def answer(path: str) -> Response:
        kind, _, customer = path.partition("/")
        if kind == "customers":
            asked[customer] += 1
        else:
            customer = request.args.get("customer", "")
        text = told.get(kind, EMPTY) if path != "checkout/sessions" else EMPTY
        return Response(
            text.replace(NUMBER, customer.removeprefix("cus_")), content_type="application/json"
        )

    return app
