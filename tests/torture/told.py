"""Everything Stripe's API tells, each list read whole."""

from collections.abc import Iterator
from typing import Any

import requests

from tests.torture.facts import Stripe

AUTHORIZED = {"Authorization": "Bearer sk_test_sandbox"}


class Api:
    """Stripe's, spoken to by hand."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._http = requests.Session()
        self._http.trust_env = False

    def close(self) -> None:
        self._http.close()

    def everything(self) -> Stripe:
        return Stripe(
            products=[*self.list("products")],
            customers=[*self.list("customers")],
            subscriptions=[*self.list("subscriptions", status="all")],
            invoices=[*self.list("invoices")],
            invoice_payments=[*self.list("invoice_payments")],
            charges=[*self.list("charges")],
            disputes=[*self.list("disputes")],
            sessions=[*self.list("checkout/sessions", **{"expand[]": "data.line_items"})],
        )

    def list(self, name: str, **wanted: str) -> Iterator[dict[str, Any]]:
        """Page by page, newest first."""
        after: dict[str, str] = {}
        while True:
            page = self._get(name, limit="100", **wanted, **after)
            yield from page["data"]
            if not page["has_more"]:
                return
            after = {"starting_after": page["data"][-1]["id"]}

    def post(self, name: str, **asked: str) -> str:
        """Ask again while Stripe fails on purpose; "ok", or what Stripe says against it."""
        while True:
            answer = self._http.post(
                f"{self._base}/v1/{name}", data=asked, headers=AUTHORIZED, timeout=20
            )
            if answer.ok:
                return "ok"
            if answer.status_code not in (429, 500):
                return str(answer.json()["error"]["message"])

    def _get(self, name: str, **wanted: str) -> Any:
        answer = self._http.get(
            f"{self._base}/v1/{name}", params=wanted, headers=AUTHORIZED, timeout=20
        )
        assert answer.status_code == 200, f"{answer.url}: {answer.text}"
        return answer.json()
