"""What an owner does in Stripe's dashboard, and time: told to a running site's sandbox by HTTP."""

from typing import Any

import requests

from tests.support.site import Site

HOUR, DAY = 3600, 24 * 3600


class Dashboard:
    """The Stripe account of one site."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def payment_link(self, lookup_key: str = "monthly") -> str:
        """The address of a link by which anybody may buy this price."""
        (price,) = self._listed("prices", **{"lookup_keys[]": lookup_key})
        sold = {"line_items[0][price]": price["id"], "line_items[0][quantity]": "1"}
        return str(self._asked("POST", "/stripe/v1/payment_links", sold)["url"])

    def refunds(self, email: str) -> None:
        """All of this person's newest payment."""
        self._asked("POST", "/stripe/v1/refunds", {"charge": self._newest_charge(email)})

    def is_disputed(self, email: str) -> None:
        """This person's newest payment, by their bank."""
        self._presses(f"charges/{self._newest_charge(email)}/dispute")

    def wins(self, email: str) -> None:
        """The bank decides for the shop."""
        (dispute,) = self._listed("disputes", charge=self._newest_charge(email))
        self._presses(f"disputes/{dispute['id']}/win")

    def subscriptions(self, email: str) -> list[str]:
        """Their statuses."""
        customers = self._listed("customers", email=email)
        return [
            subscription["status"]
            for customer in customers
            for subscription in self._listed("subscriptions", customer=customer["id"])
        ]

    def time_passes(self, seconds: int) -> None:
        """Everything due on the way happens, and is told to the site."""
        self._moves({"seconds": seconds})

    def reaches_next_renewal(self) -> None:
        """And the hour after it, in which it is charged."""
        self._moves({"by": "renewal"})
        self._moves({"seconds": 2 * HOUR})

    def _newest_charge(self, email: str) -> str:
        customers = self._listed("customers", email=email)
        charges = [c for one in customers for c in self._listed("charges", customer=one["id"])]
        return str(charges[0]["id"])

    def _listed(self, kind: str, **wanted: str) -> list[dict[str, Any]]:
        """Newest first."""
        listed = self._asked("GET", f"/stripe/v1/{kind}", wanted)
        return list(listed["data"])

    def _asked(self, method: str, path: str, form: dict[str, str]) -> dict[str, Any]:
        answer = requests.request(
            method,
            f"{self.site.sandbox_url}{path}",
            params=form if method == "GET" else None,
            data=form if method == "POST" else None,
            headers={"Authorization": "Bearer sk_test_sandbox"},
            timeout=20,
        )
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def _presses(self, button: str) -> None:
        answer = requests.post(f"{self.site.sandbox_url}/control/{button}", timeout=20)
        assert answer.ok, answer.text

    def _moves(self, how_far: dict[str, Any]) -> None:
        answer = requests.post(f"{self.site.sandbox_url}/control/clock", json=how_far, timeout=60)
        assert answer.ok, answer.text
