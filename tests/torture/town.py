"""A whole site to be hard on: in this process, or as two web and two worker processes to kill.

The sandbox always lives here, so that its knobs are at hand. So does an application of our own on
the same database: it runs the owner's commands, rings the workers, and looks at the rows.
"""

import random
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import psutil
from flask import Flask
from sqlalchemy import ColumnElement, select, update

from membership import clock, jobs
from membership.billing.pace import Pace
from membership.db import db, transaction
from membership.inbox import InboxEvent
from membership.outbox import OutboxMessage
from sandbox import run
from sandbox.faults import WebhookFaults
from sandbox.server import Sandbox
from tests.torture.facts import Policy
from tests.torture.told import Api

ROUNDS = 15  # of hurrying what was put off, before what still fails is said to fail
WAITED_FOR: tuple[type[InboxEvent | OutboxMessage], ...] = (InboxEvent, OutboxMessage)
WORKERS = ("worker-1", "worker-2")


class Wrong(NamedTuple):
    """`kind` tells whether two histories go wrong in the same way."""

    kind: str
    text: str


class Unsettled(AssertionError):
    """Something is still not done, however often it was tried."""


@dataclass
class Town:
    sandbox: Sandbox
    app: Flask
    url: str
    policy: Policy
    processes: run.Household | None = None
    kills: int = 0
    story: list[str] = field(default_factory=list)
    complaints: list[Wrong] = field(default_factory=list)

    @cached_property
    def api(self) -> Api:
        """Stripe's, as an owner would ask it."""
        return Api(self.sandbox.stripe_base)

    def events(self) -> set[str]:
        """Ids of all that Stripe has ever sent: its API tells of the last 30 days alone."""
        return {event["id"] for event in self.sandbox.account.all("event")}

    def complain(self, kind: str, text: str) -> None:
        """Something happened that never should."""
        self.complaints.append(Wrong(kind, text))

    def say(self, line: str) -> None:
        self.story.append(line)

    # What its people make it do

    def flask(self, *arguments: str) -> tuple[bool, str]:
        """One of the site's commands: whether it did as it was told, and what it said."""
        done = self.app.test_cli_runner().invoke(args=list(arguments))
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code == 0, done.output

    def work(self) -> None:
        """What workers do by themselves; here, where there are none, it is done now."""
        if not self.processes:
            self._everything()

    def mails(self, address: str) -> list[str]:
        """Subjects, oldest first."""
        return [mail.subject for mail in self.sandbox.mailbox.messages if mail.to == address]

    # What is done to it

    def kill(self, name: str) -> None:
        """`kill -9`: a worker, the whole web, or one of the web's two processes."""
        if not self.processes:
            return
        self.kills += 1
        process = self.processes.members.get(name)
        if process is None:  # killed already, and not yet started again
            return
        if name == "web":
            self._one_of_the_web(process.pid)
            return
        run.send(process, signal.SIGKILL)
        process.wait()
        del self.processes.members[name]

    def kill_all(self) -> None:
        """A power cut."""
        if not self.processes:
            return
        for process in self.processes.members.values():
            self.kills += 1
            run.send(process, signal.SIGKILL)
            process.wait()
        self.processes.members.clear()

    def _one_of_the_web(self, master: int) -> None:
        serving = psutil.Process(master).children()
        if serving:
            random.choice(serving).kill()  # noqa: S311 - both are alike

    def revive(self) -> None:
        """Everybody who was killed is started again, and the site answers."""
        if not self.processes:
            return
        for name in WORKERS:
            if name not in self.processes.members:
                self.processes.start(name, "-m", "flask", "worker")
        if "web" not in self.processes.members:
            self.processes.start("web", "-m", "gunicorn", "-c", "gunicorn.conf.py")
            self.processes.wait_until(lambda: run.answers(f"{self.url}/healthz"), "web")

    # Peace

    def settle(self) -> None:
        """No fault any more; everything is delivered and done. Raises Unsettled."""
        self.sandbox.stripe_fault = None
        self.sandbox.webhook_faults = WebhookFaults()
        self.sandbox.webhooks_paused = False
        self.revive()
        for _ in range(ROUNDS):
            self.sandbox.deliver_pending()
            self._hurry()
            self._everything()
            if self._is_quiet():
                return
        raise Unsettled(self._unrest())

    def _everything(self) -> None:
        """The workers' sweep, at once: with workers it is only asked for, and given a moment."""
        with self.app.app_context():
            if not self.processes:
                jobs.run_due()
                return
            for kind in self.app.extensions["jobs"].kinds:
                jobs.nudge(kind)
        moment = time.monotonic() + 2
        while not self._is_quiet() and time.monotonic() < moment:
            time.sleep(0.05)

    def _is_quiet(self) -> bool:
        return not self._unrest()

    def _unrest(self) -> str:
        """What is not done yet, in words; nothing when all is."""
        deliveries = self.sandbox.account.store.find("delivery", _is_on_its_way)
        with self.app.app_context():
            undone = [
                f"{model.__tablename__} {id_}, {attempts} failures: {error or ''}"
                for model in WAITED_FOR
                for id_, attempts, error in db.session.execute(
                    select(model.id, model.attempts, model.last_error)
                    .where(_is_undone(model))
                    .limit(9)
                )
            ]
            db.session.rollback()
        return "\n".join([*(f"on its way: {d['event']}" for d in deliveries), *undone])

    def _hurry(self) -> None:
        """Nobody waits for back-offs and pauses, nor for the leases that the dead have left."""
        with self.app.app_context(), transaction() as session:
            for model in WAITED_FOR:
                waits = _is_undone(model), model.due_at > clock.now()
                session.execute(update(model).where(*waits).values(due_at=clock.now()))
            session.execute(update(Pace).values(closed_until=0.0, refusals=0))


def _is_undone(model: type[InboxEvent | OutboxMessage]) -> ColumnElement[bool]:
    return model.due_at.is_not(None)


def _is_on_its_way(delivery: Mapping[str, Any]) -> bool:
    return bool(delivery["state"] == "pending")
