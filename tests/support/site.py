"""The site as it is in production: gunicorn, worker and sandbox, each a process of its own."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from sandbox import run
from tests.support.ports import free_ports

PATIENCE = 30.0  # seconds until what must happen soon counts as not happening


@dataclass
class Site:
    """A running site. `household.environ` has its settings, `household.log(name)` what it says."""

    household: run.Household
    ports: run.Ports

    @property
    def url(self) -> str:
        return self.ports.site

    @property
    def sandbox_url(self) -> str:
        return self.ports.counterpart

    @property
    def mailbox_url(self) -> str:
        return f"{self.ports.counterpart}/mail"

    def flask(self, *arguments: str) -> str:
        """Run one of the site's commands; what it said. Raises CalledProcessError."""
        command = [sys.executable, "-m", "flask", *arguments]
        done = subprocess.run(
            command,
            cwd=run.ROOT,
            env=self.household.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout

    def kill(self, name: str) -> None:
        """End "web" or "worker" at once, as `kill -9` or a power cut does."""
        process = self.household.members.pop(name)
        run.send(process, signal.SIGKILL)
        process.wait()

    def start_worker(self) -> None:
        run.start_worker(self.household)

    def start_web(self) -> None:
        run.start_web(self.household, self.ports)


@contextmanager
def running_site(instance: Path, **changed: str) -> Iterator[Site]:
    """A whole site on free ports, with these settings changed. Stopped at the end."""
    ports = run.Ports(*free_ports(3))
    instance.mkdir(parents=True, exist_ok=True)
    written = dotenv_values(run.ROOT / ".env")
    environ = (
        run.settings(ports, instance, written=written, owner={})
        | {"BCRYPT_LOG_ROUNDS": "4"}
        | {"RATELIMIT_ENABLED": "false"}  # everybody comes from one network
        | changed
    )
    household = run.Household(instance, environ)
    try:
        run.start(household, ports, say=lambda _: None)
        yield Site(household, ports)
        household.look_round()  # nobody may have died on the way
    finally:
        household.stop()


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Redis on a free port, keeping nothing; its address. `redis_program` says if there is one."""
    port = free_ports(1)[0]
    with (folder / "redis.log").open("wb") as log:
        process = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        soon(lambda: "Ready to accept" in (folder / "redis.log").read_text())
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def redis_program() -> str | None:
    return shutil.which("redis-server")


def soon(true: Callable[[], bool], *, within: float = PATIENCE) -> None:
    """Wait until it is true. Raises AssertionError when it does not become so."""
    deadline = time.monotonic() + within
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"still not so after {within:.0f} seconds")
        time.sleep(0.05)
