"""Lists: newest first, a page at a time, by cursor."""

from collections.abc import Sequence
from typing import Any

from sandbox.store import Document
from sandbox.stripe import errors

USUAL = 10


def page(url: str, oldest_first: Sequence[Document], params: dict[str, Any]) -> Document:
    """One page of documents, as Stripe's list object."""
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


def whole(url: str, documents: Sequence[Document]) -> Document:
    """A list inside an object, in its own order."""
    return {"object": "list", "data": list(documents), "has_more": False, "url": url}


def _place(documents: Sequence[Document], params: dict[str, Any], cursor: str) -> int:
    wanted = params[cursor]
    for place, document in enumerate(documents):
        if document["id"] == wanted:
            return place
    raise errors.no_such("object", wanted, param=cursor)
