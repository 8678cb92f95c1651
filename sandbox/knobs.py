"""The knobs of a sandbox: one set for Python, for `POST /control/faults` and for the control room.

    sandbox.stripe_fault, sandbox.stripe_fault_share = "down", 0.3
    sandbox.webhook_faults.twice = 0.5
    sandbox.seed_random(7)

By HTTP and in the control room each has the same name; those of `webhook_faults` stand by
themselves (`twice`, `late_seconds`, …), and `seed` is `seed_random`.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

from sandbox.courier import Courier
from sandbox.faults import MAILERLITE, STRIPE, Faults, WebhookFaults, one_of, seconds, share
from sandbox.mailerlite.budget import Budget
from sandbox.mailerlite.campaigns import PLANS, plan
from sandbox.mailerlite.lists import Lists
from sandbox.stripe import dunning
from sandbox.stripe.account import Account


class Knobs:
    """What can go wrong, and how often. All is well until somebody turns one of them.

    A restart sets all of them right, but for how the accounts are set up, which is kept:
    `after_retries`, `double_opt_in` and `mailerlite_plan`.
    """

    account: Account
    lists: Lists
    faults: Faults
    _courier: Courier
    _budget: Budget
    _imports: Budget

    @property
    def stripe_fault(self) -> str | None:
        """None, "down" (500), "slow" (answers after `slowness`) or "limit" (429)."""
        return self.faults.stripe

    @stripe_fault.setter
    def stripe_fault(self, fault: str | None) -> None:
        self.faults.stripe = one_of("stripe_fault", fault, STRIPE)

    @property
    def stripe_fault_share(self) -> float:
        """The share of calls to Stripe's API that the fault strikes, from 0 to 1."""
        return self.faults.stripe_share

    @stripe_fault_share.setter
    def stripe_fault_share(self, value: float) -> None:
        self.faults.stripe_share = share("stripe_fault_share", value)

    @property
    def mailerlite_fault(self) -> str | None:
        """None, "down" (503), "error" (500), "gateway" (502, a page), "slow", "hang" (no answer),
        "limit" (429), "unauthorized" (401), "forbidden" (403), "missing" (404), "refuse" (422 for
        every write) or "bare" (the same, and nothing but a sentence).
        """
        return self.faults.mailerlite

    @mailerlite_fault.setter
    def mailerlite_fault(self, fault: str | None) -> None:
        self.faults.mailerlite = one_of("mailerlite_fault", fault, MAILERLITE)

    @property
    def mailerlite_fault_share(self) -> float:
        """The share of calls to MailerLite's API that the fault strikes, from 0 to 1."""
        return self.faults.mailerlite_share

    @mailerlite_fault_share.setter
    def mailerlite_fault_share(self, value: float) -> None:
        self.faults.mailerlite_share = share("mailerlite_fault_share", value)

    @property
    def mailerlite_limit(self) -> int:
        """Calls a minute before MailerLite answers 429; 120 unless told otherwise."""
        return self._budget.limit

    @mailerlite_limit.setter
    def mailerlite_limit(self, calls: int) -> None:
        self._budget.limit = calls_a_minute("mailerlite_limit", calls)

    @property
    def mailerlite_import_limit(self) -> int:
        """The same for batches that only make subscribers; 5 unless told otherwise."""
        return self._imports.limit

    @mailerlite_import_limit.setter
    def mailerlite_import_limit(self, calls: int) -> None:
        self._imports.limit = calls_a_minute("mailerlite_import_limit", calls)

    @property
    def mailerlite_fault_only(self) -> str | None:
        """The calls that the fault strikes: None is all, or a pattern of method and path.

        "POST batch", "* campaigns/*/schedule", "GET *".
        """
        return self.faults.mailerlite_only

    @mailerlite_fault_only.setter
    def mailerlite_fault_only(self, pattern: str | None) -> None:
        if pattern is not None and not is_call(pattern):
            wanted = 'a pattern such as "POST campaigns/*"'
            raise ValueError(f"mailerlite_fault_only is {wanted}, not {pattern!r}")
        self.faults.mailerlite_only = pattern

    @property
    def double_opt_in(self) -> bool:
        """Whether who comes to the list by the API has to confirm it first. False from the start.

        The setting of a MailerLite account: "Double opt-in for API and integrations".
        """
        return bool(self.lists.setting("double_opt_in", False))

    @double_opt_in.setter
    def double_opt_in(self, asked: bool) -> None:
        if not isinstance(asked, bool):
            raise ValueError(f"double_opt_in is true or false, not {asked!r}")
        self.lists.set_up("double_opt_in", asked)

    @property
    def mailerlite_plan(self) -> str:
        """What is paid to MailerLite: "advanced" (from the start), or "lower", where no mail can be
        written by the API."""
        return plan(self.lists)

    @mailerlite_plan.setter
    def mailerlite_plan(self, value: str) -> None:
        if value not in PLANS:
            raise ValueError(f"there is no mailerlite_plan {value!r}; there is {', '.join(PLANS)}")
        self.lists.set_up("plan", value)

    @property
    def slowness(self) -> float:
        """Seconds before a call is answered that is struck by "slow"; 15 unless told otherwise."""
        return self.faults.slowness

    @slowness.setter
    def slowness(self, value: float) -> None:
        self.faults.slowness = seconds("slowness", value)

    @property
    def mail_refused(self) -> float:
        """The share of mails that the mail server does not take just now (451), from 0 to 1."""
        return self.faults.mail_refused

    @mail_refused.setter
    def mail_refused(self, value: float) -> None:
        self.faults.mail_refused = share("mail_refused", value)

    @property
    def after_retries(self) -> str:
        """What becomes of a subscription when the last retry of its charge has failed.

        The setting of a Stripe account: "cancel" (from the start), "unpaid", "leave" (past due for
        good) or "pause".
        """
        return dunning.after_retries(self.account)

    @after_retries.setter
    def after_retries(self, value: str) -> None:
        dunning.set_after_retries(self.account, value)

    @property
    def webhooks_paused(self) -> bool:
        """Whether deliveries of both senders are held back."""
        return self._courier.paused

    @webhooks_paused.setter
    def webhooks_paused(self, paused: bool) -> None:
        if not isinstance(paused, bool):
            raise ValueError(f"webhooks_paused is true or false, not {paused!r}")
        self._courier.paused = paused

    @property
    def webhook_faults(self) -> WebhookFaults:
        """`twice`, `lost`, `late`, `late_seconds`, `shuffled`, `twins`, `two_signatures`,
        `old_timestamp` and `wrong_secret`, each to be set by itself; `WebhookFaults()` sets all of
        them right.
        """
        return self.faults.webhooks

    @webhook_faults.setter
    def webhook_faults(self, faults: WebhookFaults) -> None:
        self.faults.webhooks = replace(faults)

    def seed_random(self, number: int) -> None:
        """From here on the same calls meet the same faults as the last time with this number."""
        self.faults.chance.seed(number)

    def read(self) -> dict[str, Any]:
        """Every knob by its name, as `turn` takes them."""
        own = {name: getattr(self, name) for name in OWN}
        return own | {each.name: getattr(self.webhook_faults, each.name) for each in OF_WEBHOOKS}

    def turn(self, given: Mapping[str, Any]) -> None:
        """Set what is given, by name, and `seed`; all of it or, with a ValueError, nothing."""
        before = self.read()
        try:
            for name, value in given.items():
                self._turn(name, value)
        except (ValueError, TypeError, AttributeError) as error:
            for name, value in before.items():
                self._turn(name, value)
            raise ValueError(str(error)) from error

    def _turn(self, name: str, value: Any) -> None:
        if name in OWN:
            setattr(self, name, value)
        elif name == "seed":
            self.seed_random(int(value))
        else:
            setattr(self.webhook_faults, name, value)


OWN = (
    "stripe_fault",
    "stripe_fault_share",
    "mailerlite_fault",
    "mailerlite_fault_share",
    "mailerlite_fault_only",
    "mailerlite_limit",
    "mailerlite_import_limit",
    "mailerlite_plan",
    "double_opt_in",
    "slowness",
    "mail_refused",
    "after_retries",
    "webhooks_paused",
)
OF_WEBHOOKS = fields(WebhookFaults)


def from_text(given: Mapping[str, str]) -> dict[str, Any]:
    """What a form holds as the values that `turn` takes. Raises ValueError."""
    return {name: _read(name, text.strip()) for name, text in given.items()}


def _read(name: str, text: str) -> Any:
    kinds: dict[str, Callable[[str], Any]] = {
        "after_retries": str,
        "stripe_fault": _word,
        "mailerlite_fault": _word,
        "mailerlite_fault_only": _word,
        "mailerlite_plan": str,
        "double_opt_in": _flag,
        "mailerlite_import_limit": int,
        "webhooks_paused": _flag,
        "mailerlite_limit": int,
        "seed": int,
        **{each.name: _flag for each in OF_WEBHOOKS if isinstance(each.default, bool)},
    }
    try:
        return kinds.get(name, float)(text)
    except ValueError:
        raise ValueError(f"{name} cannot be {text!r}") from None


def is_call(pattern: object) -> bool:
    """Whether it is a method and a path."""
    return isinstance(pattern, str) and " " in pattern


def calls_a_minute(name: str, calls: int) -> int:
    if isinstance(calls, bool) or not 0 <= calls <= 1_000_000:
        raise ValueError(f"{name} is a number of calls a minute, not {calls!r}")
    return int(calls)


def _word(text: str) -> str | None:
    return None if text in ("", "none") else text


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"
