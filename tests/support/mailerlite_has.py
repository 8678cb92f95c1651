"""What MailerLite tells anybody with the key, and does for them."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import requests
from flask import Flask
from sqlalchemy import update

from membership.db import transaction
from membership.pace import Pace
from sandbox.server import Sandbox


@dataclass(frozen=True)
class Listed:
    """A subscriber there: status, names of the groups, the fields that are set."""

    status: str
    groups: set[str]
    fields: dict[str, str]


def listed(sandbox: Sandbox, email: str) -> Listed | None:
    answer = _asked(sandbox, "GET", f"subscribers/{email}")
    if answer.status_code == HTTPStatus.NOT_FOUND:
        return None
    found = answer.json()["data"]
    fields = {key: value for key, value in found["fields"].items() if value}
    return Listed(found["status"], {group["name"] for group in found["groups"]}, fields)


def by_hand(sandbox: Sandbox, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """What the owner does on MailerLite's own pages."""
    answer = _asked(sandbox, method, path, body)
    assert answer.ok, answer.text
    return answer.json()["data"] if answer.content else None


def becomes(sandbox: Sandbox, email: str, status: str) -> None:
    """What a reader, or their mail server, makes of the letters: unsubscribed, bounced."""
    by_hand(sandbox, "POST", "subscribers", {"email": email, "status": status})


def may_be_called_again(app: Flask) -> None:
    """The pause that it asked for, which is real time, is over."""
    with app.app_context(), transaction() as session:
        session.execute(update(Pace).values(next_at=0.0, closed_until=0.0))


def set_up(app: Flask) -> str:
    """flask newsletter setup; what it said."""
    done = app.test_cli_runner().invoke(args=["newsletter", "setup"])
    assert done.exit_code == 0, done.output
    return str(done.output)


def _asked(
    sandbox: Sandbox, method: str, path: str, body: dict[str, Any] | None = None
) -> requests.Response:
    return requests.request(
        method,
        f"{sandbox.mailerlite_base}/{path}",
        json=body,
        headers={"Authorization": "Bearer sandbox", "Accept": "application/json"},
        timeout=10,
    )
