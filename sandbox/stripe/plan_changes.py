"""A change of what a subscription is for: its items afterwards, and what that costs at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sandbox.store import Document
from sandbox.stripe import errors, prorations, subscription_documents
from sandbox.stripe.account import Account
from sandbox.stripe.params import Flag, Integer, Many, Nested, Table, Text
from sandbox.stripe.subscription_state import items_of

ITEM: Table = {
    "deleted": Flag(),
    "id": Text(),
    "price": Text(),
    "quantity": Integer(0, 999_999),
}
ITEMS = Many(Nested(ITEM), 20)  # as a call asks for a change of them
PRORATIONS = ("always_invoice", "create_prorations", "none")


@dataclass(frozen=True)
class Plan:
    """`items` afterwards; `prorations` not saved; `begins_anew`: a new period starts now."""

    items: list[Document]
    prorations: list[Document]
    begins_anew: bool = False


def plan(
    account: Account,
    subscription: Document,
    wanted: Sequence[dict[str, Any]],
    *,
    behavior: str,
    at: int,
    anew: bool = False,
) -> Plan:
    """Work out a change from `items` as the API takes them, prorated at a moment. Saves nothing.

    `anew` starts a new period even when no interval changes.
    """
    before = items_of(subscription)
    after, changed = _applied(account, subscription, wanted)
    live = subscription["status"] in ("active", "past_due")
    anew = live and (anew or _interval_changes(before, after))
    prorated: list[Document] = []
    if live and behavior != "none":
        gone = before if anew else [item for item in before if item["id"] in changed]
        prorated = [
            credit
            for item in gone
            if (credit := prorations.credit(account, subscription, item, at))
        ]
        if not anew:
            prorated += [
                prorations.debit(subscription, item, at) for item in after if item["id"] in changed
            ]
    return Plan(_begun_anew(after, account.now()) if anew else after, prorated, anew)


def begun_anew(plan: Plan, now: int) -> Plan:
    """The same with a new period from now on, as at the end of a trial."""
    return replace(plan, items=_begun_anew(plan.items, now), begins_anew=True)


def until(plan: Plan, trial_end: int) -> Plan:
    """The same with periods that last until the end of a trial, which costs nothing now."""
    items = [{**item, "current_period_end": trial_end} for item in plan.items]
    return replace(plan, items=items, prorations=[], begins_anew=False)


def _applied(
    account: Account, subscription: Document, wanted: Sequence[dict[str, Any]]
) -> tuple[list[Document], set[str]]:
    """The items after the change, and the ids of those that were changed, added or taken away."""
    items = {item["id"]: item for item in items_of(subscription)}
    changed: set[str] = set()
    for place, given in enumerate(wanted):
        param = f"items[{place}]"
        id_ = given.get("id")
        if id_ is None:
            new = _added(account, subscription, given, param)
            items[new["id"]] = new
            changed.add(new["id"])
        elif id_ not in items:
            raise errors.no_such("subscription_item", id_, param=f"{param}[id]")
        elif given.get("deleted"):
            del items[id_]
            changed.add(id_)
        else:
            before, items[id_] = items[id_], _altered(account, items[id_], given, param)
            if before != items[id_]:
                changed.add(id_)
    if not items:
        raise errors.Refusal("A subscription must have at least one active plan.")
    return list(items.values()), changed


def _added(account: Account, subscription: Document, given: dict[str, Any], param: str) -> Document:
    price = priced(account, given.get("price"), f"{param}[price]")
    if any(item["price"]["id"] == price["id"] for item in items_of(subscription)):
        raise errors.invalid(
            f"A subscription item with price {price['id']} is already there.", f"{param}[price]"
        )
    line = {"price": price, "quantity": _quantity(given)}
    anchor = subscription["billing_cycle_anchor"]
    item = subscription_documents.item(line, subscription["id"], account.now(), anchor)
    beside = items_of(subscription)[0]
    same = not _interval_changes([beside], [item])
    bounds = ("current_period_start", "current_period_end") if same else ()
    return {**item, **{bound: beside[bound] for bound in bounds}}


def _altered(account: Account, item: Document, given: dict[str, Any], param: str) -> Document:
    changes: dict[str, Any] = {}
    if given.get("price") and given["price"] != item["price"]["id"]:
        price = priced(account, given["price"], f"{param}[price]")
        if price["currency"] != item["price"]["currency"]:
            raise errors.invalid(
                "The price specified supports another currency than the subscription's.",
                f"{param}[price]",
            )
        changes = {**subscription_documents.priced(price), "quantity": _quantity(given)}
    elif given.get("quantity") is not None:
        changes = {"quantity": given["quantity"]}
    return {**item, **changes}


def _quantity(given: dict[str, Any]) -> int:
    quantity = given.get("quantity")
    return 1 if quantity is None else int(quantity)


def priced(account: Account, price_id: str | None, param: str) -> Document:
    """A price that can be subscribed to."""
    if price_id is None:
        raise errors.missing(param)
    price = account.get("price", price_id, param=param)
    if not price["active"]:
        raise errors.invalid(
            "The price specified is inactive. This field only accepts active prices.", param
        )
    if price["type"] != "recurring":
        raise errors.invalid(
            "The price specified is set to `type=one_time` but this field only accepts prices "
            "with `type=recurring`.",
            param,
        )
    return price


def _interval_changes(before: Sequence[Document], after: Sequence[Document]) -> bool:
    return not {_interval(item) for item in after} <= {_interval(item) for item in before}


def _interval(item: Document) -> tuple[str, int]:
    recurring = item["price"]["recurring"]
    return recurring["interval"], recurring["interval_count"]


def _begun_anew(items: list[Document], now: int) -> list[Document]:
    return [subscription_documents.renewed(item, now, now) for item in items]
