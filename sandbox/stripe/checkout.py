"""Checkout Sessions."""

from contextlib import suppress

from sandbox.shelf import Hour
from sandbox.store import Document
from sandbox.stripe import checkout_documents, checkout_lines, checkout_terms, errors, lists
from sandbox.stripe.account import Account
from sandbox.stripe.params import Metadata, Nested, Span, Text, choice, merged, within
from sandbox.stripe.promotion_codes import NotForThis
from sandbox.stripe.routes import Params, get, index, post
from sandbox.stripe.timed import Timed

KIND = "checkout.session"
EXPIRY = "checkout.expiry"  # when a session lapses, and by which clock, which it does not show
RECOVERABLE = 30 * checkout_terms.DAY


def create(account: Account, params: Params) -> Document:
    """A new session, saved."""
    checkout_terms.refuse_contradictions(params)
    lines = checkout_lines.asked(account, params["line_items"], params["mode"])
    customer = _customer(account, params)
    checkout_terms.refuse_untaxable(params, customer)
    expires_at = checkout_terms.expiry(account, params)
    terms = checkout_terms.kept(account, params)
    discounts = checkout_lines.chosen(account, params, lines)
    session = checkout_documents.session(account, params, lines, customer, expires_at)
    account.store.put(checkout_terms.KIND, session["id"], terms)
    expiry = {"id": session["id"], "at": expires_at, "test_clock": account.clock.test_clock}
    account.store.put(EXPIRY, session["id"], expiry)
    return _priced(account, session, lines, discounts)


def _priced(
    account: Account,
    session: Document,
    lines: list[Document],
    discounts: list[dict[str, str | None]],
) -> Document:
    trial = bool(checkout_terms.of(account, session["id"])["trial_days"])
    session, lines = checkout_lines.totals(account, session, lines, discounts, trial=trial)
    checkout_lines.keep(account, session["id"], lines)
    return account.save(session)


def discount(account: Account, session_id: str, code: str | None) -> Document:
    """Put the code somebody typed on an open session, or take the one there off (None).

    Raises promotion_codes.NotForThis.
    """
    session = opened(account, session_id)
    if session["status"] != "open" or not session["allow_promotion_codes"]:
        return session
    lines = lines_of(account, session_id)
    discounts = checkout_lines.typed(account, session, lines, code) if code else []
    return _priced(account, session, lines, discounts)


def prefill(account: Account, session: Document, *, email: str | None, code: str | None) -> None:
    """What a payment link's address already says. A code that does not count is left out."""
    terms = checkout_terms.of(account, session["id"])
    account.store.put(checkout_terms.KIND, session["id"], {**terms, "prefilled_email": email})
    if code:
        with suppress(NotForThis):
            discount(account, session["id"], code)


def _customer(account: Account, params: Params) -> Document | None:
    if not params.get("customer"):
        return None
    return account.get("customer", params["customer"], param="customer")


def opened(account: Account, session_id: str) -> Document:
    """A session as it is now: one whose time has passed expires when somebody looks."""
    session = account.get(KIND, session_id)
    with account.time_of(session):
        if session["status"] == "open" and account.now() >= session["expires_at"]:
            return _end(account, session)
    return session


def _when(expiry: Document) -> Hour:
    return expiry["test_clock"], expiry["at"]


def _lapse(account: Account, expiry: Document) -> None:
    account.store.remove(EXPIRY, expiry["id"])
    session = account.get(KIND, expiry["id"])
    if session["status"] == "open":
        _end(account, session)


def _end(account: Account, session: Document) -> Document:
    expired = {**session, "status": "expired", "url": None}
    recovery = (session["after_expiration"] or {}).get("recovery")
    if recovery and recovery["enabled"]:
        recovery["url"] = f"{account.public_url}/recover/{session['id']}"
        recovery["expires_at"] = account.now() + RECOVERABLE
    account.save(expired)
    account.emit("checkout.session.expired", expired)
    return expired


def recover(account: Account, session_id: str) -> Document:
    """A fresh session like an expired one, for who follows its recovery link."""
    expired = opened(account, session_id)
    recovery = (expired["after_expiration"] or {}).get("recovery") or {}
    if not recovery.get("url") or account.now() >= recovery["expires_at"]:
        raise errors.Refusal("This link has expired. Go back to the site.", status=410)
    asked = checkout_terms.of(account, session_id)["asked"]
    dropped = ("discounts", "expires_at") if recovery["allow_promotion_codes"] else ("expires_at",)
    params = {name: value for name, value in asked.items() if name not in dropped}
    if recovery["allow_promotion_codes"]:
        params["allow_promotion_codes"] = True
    return account.save({**create(account, params), "recovered_from": session_id})


def retrieve(account: Account, _params: Params, session_id: str) -> Document:
    return opened(account, session_id)


def expire(account: Account, _params: Params, session_id: str) -> Document:
    session = opened(account, session_id)
    if session["status"] != "open":
        raise errors.Refusal(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f"Session has a status of {session['status']}."
        )
    return _end(account, session)


def update(account: Account, params: Params, session_id: str) -> Document:
    session = opened(account, session_id)
    metadata = merged(session["metadata"], params["metadata"]) if "metadata" in params else None
    return account.save(session if metadata is None else {**session, "metadata": metadata})


def list_(account: Account, params: Params) -> Document:
    email = (params.get("customer_details") or {}).get("email")

    def wanted(session: Document) -> bool:
        return (
            all(
                params.get(name) in (None, session[name])
                for name in ("customer", "payment_intent", "payment_link", "subscription", "status")
            )
            and email in (None, (session["customer_details"] or {}).get("email"))
            and within(params.get("created"), session["created"])
        )

    return lists.newest(account, KIND, "/v1/checkout/sessions", params, wanted)


def lines_of(account: Account, session_id: str) -> list[Document]:
    return checkout_lines.of(account, session_id)


def list_lines(account: Account, params: Params, session_id: str) -> Document:
    account.get("checkout.session", session_id)
    url = f"/v1/checkout/sessions/{session_id}/line_items"
    return lists.page(url, list(reversed(lines_of(account, session_id))), params)


ROUTES = [
    post("/checkout/sessions", create, checkout_terms.CREATE),
    index(
        "/checkout/sessions",
        list_,
        {
            "created": Span(),
            "customer": Text(),
            "customer_details": Nested({"email": Text(required=True)}),
            "payment_intent": Text(),
            "payment_link": Text(),
            "status": choice("complete", "expired", "open"),
            "subscription": Text(),
        },
    ),
    get("/checkout/sessions/<session_id>", retrieve),
    post("/checkout/sessions/<session_id>", update, {"metadata": Metadata()}),
    post("/checkout/sessions/<session_id>/expire", expire),
    index("/checkout/sessions/<session_id>/line_items", list_lines),
]
TIMED = Timed(EXPIRY, _when, _lapse)
