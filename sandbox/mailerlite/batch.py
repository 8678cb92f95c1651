"""Many calls in one, each with its own answer; the whole is always 200."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sandbox.mailerlite.wire import Refusal, Reply, invalid

MOST = 50
IMPORT = ("POST", "api/subscribers")
# Method, path below `api/`, body, query.
Dispatch = Callable[[str, str, dict[str, Any], dict[str, str]], Reply]


def read(body: dict[str, Any]) -> list[Any]:
    requests = body.get("requests")
    if not isinstance(requests, list) or not requests:
        raise invalid(requests="The requests field is required.")
    if len(requests) > MOST:
        raise invalid(requests=f"The requests must not have more than {MOST} items.")
    return requests


def is_import(requests: list[Any]) -> bool:
    """Nothing but new subscribers: MailerLite counts such a batch as an import."""
    return all(
        isinstance(each, dict) and (str(each.get("method")).upper(), each.get("path")) == IMPORT
        for each in requests
    )


def answer(requests: list[Any], dispatch: Dispatch) -> Reply:
    responses = [_one(each, dispatch) for each in requests]
    good = sum(each["code"] < 400 for each in responses)
    return 200, {
        "total": len(responses),
        "successful": good,
        "failed": len(responses) - good,
        "responses": responses,
    }


def _one(each: Any, dispatch: Dispatch) -> dict[str, Any]:
    if not isinstance(each, dict) or not str(each.get("path", "")).startswith("api/"):
        return {"code": 422, "body": {"message": "The path must start with api/."}}
    parts = urlsplit(str(each["path"]).removeprefix("api/"))
    body = each.get("body") if isinstance(each.get("body"), dict) else {}
    try:
        if parts.path.split("/")[0] in ("webhooks", "batch"):
            raise Refusal(404, {"message": f"The route api/{parts.path} could not be found."})
        method = str(each.get("method", "")).upper()
        code, answered = dispatch(method, parts.path, body or {}, dict(parse_qsl(parts.query)))
    except Refusal as refusal:
        code, answered = refusal.status, refusal.body
    return {"code": code, "body": answered}
