"""A whole site to be hard on: in this process, or as two web and two worker processes to kill.

The sandbox always lives here, so that its knobs are at hand. So does an application of our own on
the same database: it runs the owner's commands, rings the workers, and looks at the rows.
"""

import random
import signal
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import psutil
from flask import Flask

from sandbox import run
from sandbox.server import Sandbox
from tests.support.working import works
from tests.torture.facts import Policy
from tests.torture.told import Api

PROCESSES = {
    "web": ("gunicorn", "-c", "gunicorn.conf.py"),
    "worker-1": ("flask", "worker"),
    "worker-2": ("flask", "worker"),
}


class Wrong(NamedTuple):
    """`kind` tells whether two histories go wrong in the same way."""

    kind: str
    text: str


@dataclass
class Town:
    sandbox: Sandbox
    app: Flask
    url: str
    policy: Policy
    processes: run.Household | None = None
    kills: int = 0
    brakes: int = 0  # comparisons that closed nothing, and asked the owner to look
    mails_hurried: int = 0  # while somebody may have been about to send them
    heard_at: float = 0.0  # by Stripe's clock: what happened before has reached the site
    story: list[str] = field(default_factory=list)
    complaints: list[Wrong] = field(default_factory=list)

    @cached_property
    def api(self) -> Api:
        """Stripe's, as an owner would ask it."""
        return Api(self.sandbox.stripe_base)

    def events(self) -> dict[str, int]:
        """All that Stripe ever had to say, by id, and when: its API tells of 30 days alone."""
        return {event["id"]: event["created"] for event in self.sandbox.account.all("event")}

    def delivered(self) -> set[str]:
        """Events that a webhook brought."""
        there = self.sandbox.account.store.having("delivery", "state", "delivered")
        return {delivery["event"] for delivery in there}

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
            works(self.app)

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
        for name, arguments in PROCESSES.items():
            if name not in self.processes.members:
                self.processes.start(name, "-m", *arguments)
        self.processes.wait_until(lambda: run.answers(f"{self.url}/healthz"), "web")
