"""`/v1/disputes`: reading them, answering them with evidence, and giving one up.

Evidence is submitted once. As in Stripe's own test mode, the text decides at once when it is
`winning_evidence` or `losing_evidence`; any other waits for somebody to decide in the control room.
"""

from typing import Any

from sandbox.store import Document
from sandbox.stripe import errors, lists
from sandbox.stripe.account import Account
from sandbox.stripe.disputes import EVIDENCE, lose, still, win
from sandbox.stripe.params import Flag, Metadata, Nested, Span, Table, Text, merged, within
from sandbox.stripe.routes import Params, get, index, post

LONGEST = 150_000
REVIEWED = {
    "needs_response": "under_review",
    "warning_needs_response": "warning_under_review",
}
VERDICTS = {"winning_evidence": win, "losing_evidence": lose}
UPDATE: Table = {
    "evidence": Nested({name: Text(LONGEST) for name in EVIDENCE}),
    "metadata": Metadata(),
    "submit": Flag(),
}


def update(account: Account, params: Params, dispute_id: str) -> Document:
    """Evidence is submitted with it unless `submit` is false: then it is kept for later."""
    before = account.get("dispute", dispute_id)
    changes: dict[str, Any] = {}
    if "metadata" in params:
        changes["metadata"] = merged(before["metadata"], params["metadata"])
    submitted = False
    if params.get("evidence") or params.get("submit"):
        submitted = params.get("submit") is not False
        changes |= _answered(before, params.get("evidence") or {}, submitted=submitted)
    after = account.save({**before, **changes})
    if after != before:
        account.emit("charge.dispute.updated", after, before)
    verdict = VERDICTS.get(after["evidence"]["uncategorized_text"] or "") if submitted else None
    return verdict(account, dispute_id) if verdict else after


def _answered(before: Document, given: Params, *, submitted: bool) -> dict[str, Any]:
    if before["status"] not in REVIEWED:
        raise errors.Refusal(
            f"Dispute {before['id']} is {before['status']}: its evidence cannot be changed."
        )
    evidence = {**before["evidence"], **given}
    details = {**before["evidence_details"], "has_evidence": True}
    if not submitted:
        return {"evidence": evidence, "evidence_details": details}
    details |= {"submission_count": 1, "submission_method": "manual"}
    return {
        "evidence": evidence,
        "evidence_details": details,
        "status": REVIEWED[before["status"]],
    }


def close(account: Account, _params: Params, dispute_id: str) -> Document:
    """The shop gives in: the dispute is lost, while an inquiry is only over."""
    before = still(account, dispute_id, *REVIEWED)
    inquiry = before["status"].startswith("warning")
    return win(account, dispute_id) if inquiry else lose(account, dispute_id)


def retrieve(account: Account, _params: Params, dispute_id: str) -> Document:
    return account.get("dispute", dispute_id)


def list_(account: Account, params: Params) -> Document:
    names = {"charge", "payment_intent"} & params.keys()
    found = [
        dispute
        for dispute in account.all("dispute", **{name: params[name] for name in names})
        if within(params.get("created"), dispute["created"])
    ]
    return lists.page("/v1/disputes", found, params)


ROUTES = [
    index("/disputes", list_, {"charge": Text(), "created": Span(), "payment_intent": Text()}),
    get("/disputes/<dispute_id>", retrieve),
    post("/disputes/<dispute_id>", update, UPDATE),
    post("/disputes/<dispute_id>/close", close),
]
