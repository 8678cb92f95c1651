"""What MailerLite would tell anybody with the key."""

from dataclasses import dataclass
from http import HTTPStatus

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
    answer = requests.get(
        f"{sandbox.mailerlite_base}/subscribers/{email}",
        headers={"Authorization": "Bearer sandbox", "Accept": "application/json"},
        timeout=10,
    )
    if answer.status_code == HTTPStatus.NOT_FOUND:
        return None
    found = answer.json()["data"]
    fields = {key: value for key, value in found["fields"].items() if value}
    return Listed(found["status"], {group["name"] for group in found["groups"]}, fields)


def becomes(sandbox: Sandbox, email: str, status: str) -> None:
    """What a reader, or their mail server, makes of the letters: unsubscribed, bounced."""
    answer = requests.post(
        f"{sandbox.mailerlite_base}/subscribers",
        json={"email": email, "status": status},
        headers={"Authorization": "Bearer sandbox", "Accept": "application/json"},
        timeout=10,
    )
    assert answer.ok, answer.text


def may_be_called_again(app: Flask) -> None:
    """The pause that it asked for, which is real time, is over."""
    with app.app_context(), transaction() as session:
        session.execute(update(Pace).values(next_at=0.0, closed_until=0.0))


def set_up(app: Flask) -> str:
    """flask newsletter setup; what it said."""
    done = app.test_cli_runner().invoke(args=["newsletter", "setup"])
    assert done.exit_code == 0, done.output
    return str(done.output)
