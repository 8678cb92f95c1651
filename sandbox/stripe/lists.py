"""Lists: newest first, a page at a time, by cursor."""

from collections.abc import Callable, Sequence
from typing import Any

from sandbox.store import Document
from sandbox.stripe import errors
from sandbox.stripe.account import Account

USUAL = 10


def page(url: str, oldest_first: Sequence[Document], params: dict[str, Any]) -> Document:
    """One page of documents, as Stripe's list object."""
    _refuse_both_ways(params)
    documents = list(reversed(oldest_first))
    limit = params.get("limit") or USUAL
    if params.get("ending_before"):
        documents = documents[: _place(documents, params, "ending_before")]
        data, more = documents[-limit:], len(documents) > limit
    else:
        if params.get("starting_after"):
            documents = documents[_place(documents, params, "starting_after") + 1 :]
        data, more = documents[:limit], len(documents) > limit
    return {"object": "list", "data": data, "has_more": more, "url": url}


def newest(
    account: Account,
    kind: str,
    url: str,
    params: dict[str, Any],
    wanted: Callable[[Document], bool],
    by: str = "customer",
) -> Document:
    """The same of all objects of a kind that are wanted, however many there are.

    `wanted` must not change what it is shown. `by` is the parameter, named like the field, that
    narrows the search when it is given.
    """
    _refuse_both_ways(params)
    _refuse_nobody(account, params)
    if params.get(by):
        found = account.all(kind, **{by: params[by]})
        return page(url, [document for document in found if wanted(document)], params)
    limit = params.get("limit") or USUAL
    cursor = "ending_before" if params.get("ending_before") else "starting_after"
    place = params.get(cursor)
    if place and account.find(kind, place) is None:
        raise errors.no_such("object", place, param=cursor)
    newer = cursor == "ending_before"
    found = account.store.beyond(
        kind,
        place,
        newer=newer,
        most=limit + 1,
        wanted=lambda d: not d.get("deleted") and wanted(d),
    )
    data = found[:limit]
    data = list(reversed(data)) if newer else data
    return {"object": "list", "data": data, "has_more": len(found) > limit, "url": url}


def whole(url: str, documents: Sequence[Document]) -> Document:
    """A list inside an object, in its own order."""
    return {"object": "list", "data": list(documents), "has_more": False, "url": url}


def _refuse_both_ways(params: dict[str, Any]) -> None:
    if params.get("starting_after") and params.get("ending_before"):
        raise errors.Refusal(
            "Received both ending_before and starting_after parameters. Please pass in only one."
        )


def _refuse_nobody(account: Account, params: dict[str, Any]) -> None:
    """Who was deleted still has a past; who was never there has none that could be empty."""
    customer = params.get("customer")
    if customer and account.find("customer", customer) is None:
        raise errors.no_such("customer", customer, param="customer")


def _place(documents: Sequence[Document], params: dict[str, Any], cursor: str) -> int:
    wanted = params[cursor]
    for place, document in enumerate(documents):
        if document["id"] == wanted:
            return place
    raise errors.no_such("object", wanted, param=cursor)
