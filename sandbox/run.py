"""`make run`: the whole site on this machine, with the sandbox for Stripe, MailerLite and mail.

    python -m sandbox.run                  start everything; Ctrl-C stops it
    python -m sandbox.run owner add EMAIL  one of the site's own commands, for the site started here

Settings are this module's own, so that no key in `.env` or in the shell is ever used here.
PORT, SANDBOX_PORT and SMTP_PORT choose other ports than 8000, 4242 and 4225.
"""

import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
PATIENCE = 60.0  # seconds for a process to answer; a cold laptop is slow
MANNERS = 10.0  # seconds for a process to end when asked, before it is made to
LAST_LINES = 15

# What the machine needs to run programs, and what a person may want to see changed here.
FROM_THE_SHELL = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "WEB_CONCURRENCY",
)
FROM_THE_OWNER = (
    "SITE_NAME",
    "CONTACT_EMAIL",
    "CONTENT_DIR",
    "PASSWORD_MIN_LENGTH",
    "GRACE_DAYS",
    "LOG_LEVEL",
)


class Failed(Exception):
    """It cannot go on; the message is for the person at the terminal."""


class Asked(Exception):
    """Somebody asked to stop."""


@dataclass(frozen=True)
class Ports:
    web: int
    sandbox: int
    smtp: int

    @classmethod
    def chosen(cls, environ: Mapping[str, str]) -> "Ports":
        return cls(
            web=_port(environ, "PORT", 8000),
            sandbox=_port(environ, "SANDBOX_PORT", 4242),
            smtp=_port(environ, "SMTP_PORT", 4225),
        )

    @property
    def site(self) -> str:
        return f"http://{HOST}:{self.web}"

    @property
    def counterpart(self) -> str:
        """Where Stripe, MailerLite and the mailbox are."""
        return f"http://{HOST}:{self.sandbox}"


@dataclass
class Household:
    """The processes that make up the running site, in the order in which they were started."""

    instance: Path
    environ: dict[str, str]
    members: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    errands: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    asked: bool = False

    def start(self, name: str, *arguments: str) -> None:
        """Start a process that is to stay."""
        self.members[name] = self._spawn(name, arguments)

    def do(self, name: str, *arguments: str) -> None:
        """Run a command to its end. Raises Failed with what it said."""
        self.errands[name] = errand = self._spawn(name, arguments)
        self.wait_until(lambda: errand.poll() is not None, name)
        del self.errands[name]
        if errand.returncode:
            raise Failed(f"{name} failed:\n{self.last_lines(name)}")

    def wait_until(self, true: Callable[[], bool], name: str) -> None:
        """Raises Failed when it takes longer than PATIENCE, or somebody dies meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while not true():
            self.look_round()
            if time.monotonic() > deadline:
                waited = f"{name} is not ready after {PATIENCE:.0f} seconds:"
                raise Failed(f"{waited}\n{self.last_lines(name)}")
            time.sleep(0.05)

    def stay(self) -> None:
        """Until Asked or Failed is raised."""
        while True:
            self.look_round()
            time.sleep(0.2)

    def look_round(self) -> None:
        """Raises Asked when it is time to go, and Failed when somebody has died."""
        if self.asked:
            raise Asked
        for name, process in self.members.items():
            if process.poll() is not None:
                raise Failed(f"{name} stopped by itself:\n{self.last_lines(name)}")

    def stop(self) -> None:
        """Ask all of them to end, then make them."""
        everybody = [*self.errands.values(), *reversed(self.members.values())]
        for process in everybody:
            send(process, signal.SIGTERM)
        deadline = time.monotonic() + MANNERS
        for process in everybody:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0, deadline - time.monotonic()))
            send(process, signal.SIGKILL)  # and whatever it may have left behind
            process.wait()

    def log(self, name: str) -> Path:
        return self.instance / "logs" / f"{name}.log"

    def last_lines(self, name: str) -> str:
        lines = self.log(name).read_text(errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join(f"    {line}" for line in [*lines, f"(all of it: {self.log(name)})"])

    def _spawn(self, name: str, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C reaches us alone, and we stop them in good order.
        self.log(name).parent.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("wb") as log:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def main(arguments: Sequence[str], instance: Path = ROOT / "instance") -> int:
    try:
        ports = Ports.chosen(os.environ)
        instance.mkdir(mode=0o700, exist_ok=True)
        written = {name: value or "" for name, value in dotenv_values(ROOT / ".env").items()}
        environ = settings(ports, instance, written=written, owner={**written, **os.environ})
        if arguments:
            os.execve(sys.executable, [sys.executable, "-m", "flask", *arguments], environ)
        run(Household(instance, environ), ports)
    except Failed as failure:
        print(failure, file=sys.stderr, flush=True)
        return 1
    return 0


def run(household: Household, ports: Ports) -> None:
    """Start everything, stay until asked to stop, stop everything."""
    _listen_for_goodbye(household)
    try:
        _refuse_another(household.instance)
        _refuse_taken_ports(ports)
        start(household, ports, say=_say)
        _announce(ports)
        household.stay()
    except Asked:
        _say("Stopping.")
    finally:
        household.stop()


def settings(
    ports: Ports, instance: Path, *, written: Iterable[str], owner: Mapping[str, str]
) -> dict[str, str]:
    """The whole environment of every process started here.

    `written` are the names that stand in `.env`; `owner` is what the owner says, there or in
    the shell.
    """
    return {
        # The application reads `.env` too; a name given here, empty, is silent there.
        **dict.fromkeys(written, ""),
        **{name: os.environ[name] for name in FROM_THE_SHELL if name in os.environ},
        **{name: owner[name] for name in FROM_THE_OWNER if name in owner},
        "PYTHONUNBUFFERED": "1",
        "FLASK_APP": "membership.commands:create_app",
        "FLASK_SKIP_DOTENV": "1",
        "HOST": HOST,
        "PORT": str(ports.web),
        "SITE_URL": ports.site,
        "SECRET_KEY": _secret(instance / "run-secret"),
        "DATABASE_URL": f"sqlite:///{instance / 'sandbox-site.db'}",
        "QUEUE_URL": f"sqlite:///{instance / 'sandbox-queue.db'}",
        "STRIPE_API_BASE": f"{ports.counterpart}/stripe",
        "STRIPE_SECRET_KEY": "sk_test_sandbox",
        "STRIPE_CALLS_PER_SECOND": "1000",  # the sandbox counts none
        "SANDBOX_CLOCK": str(instance / "sandbox-clock.json"),
        "STRIPE_WEBHOOK_SECRET": "whsec_" + _secret(instance / "run-webhook-secret"),
        "MAILERLITE_API_BASE": f"{ports.counterpart}/mailerlite/api",
        "MAILERLITE_API_KEY": "sandbox",
        "MAIL_SERVER": HOST,
        "MAIL_PORT": str(ports.smtp),
        "MAIL_USE_TLS": "false",
        "MAIL_USE_SSL": "false",
    }


def start(household: Household, ports: Ports, *, say: Callable[[str], None]) -> None:
    """Start the sandbox, prepare the data, start the site. Raises Failed, Asked."""
    say("Starting the sandbox: a Stripe, a MailerLite and a mailbox on this machine.")
    household.start("sandbox", *_sandbox(household, ports))
    household.wait_until(lambda: answers(ports.counterpart), "sandbox")
    household.environ["MAILERLITE_WEBHOOK_SECRET"] = _list_webhook(household, ports)
    say("Bringing the database up to date.")
    household.do("migrations", "-m", "flask", "db", "upgrade")
    say("Copying the plans from Stripe and preparing the newsletter.")
    household.do("catalogue", "-m", "flask", "billing", "catalogue")
    household.do("newsletter", "-m", "flask", "newsletter", "setup")
    say("Starting the worker and the site.")
    start_worker(household)
    start_web(household, ports)


def start_worker(household: Household) -> None:
    household.start("worker", "-m", "flask", "worker")


def start_web(household: Household, ports: Ports) -> None:
    household.start("web", "-m", "gunicorn", "-c", "gunicorn.conf.py")
    household.wait_until(lambda: answers(f"{ports.site}/healthz"), "web")


def _sandbox(household: Household, ports: Ports) -> list[str]:
    return [
        *("-m", "sandbox"),
        *("--port", str(ports.sandbox)),
        *("--smtp-port", str(ports.smtp)),
        *("--state", str(household.instance / "sandbox.db")),
        *("--clock-file", household.environ["SANDBOX_CLOCK"]),
        *("--webhook-url", f"{ports.site}/webhooks/stripe"),
        *("--webhook-secret", household.environ["STRIPE_WEBHOOK_SECRET"]),
    ]


def _announce(ports: Ports) -> None:
    _say(f"Open   {ports.site}")
    _say(f"Mail   {ports.counterpart}/mail")
    _say(f"Time   {ports.counterpart}/control   next month's renewal, a card that fails, a refund")
    _say("Stop   Ctrl-C")


def _listen_for_goodbye(household: Household) -> None:
    def remember(_number: int, _frame: FrameType | None) -> None:
        household.asked = True

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, remember)


def _list_webhook(household: Household, ports: Ports) -> str:
    """The secret of the webhook by which the sandbox's MailerLite tells the site; made once."""
    address = f"{household.environ['MAILERLITE_API_BASE']}/webhooks"
    url = f"{ports.site}/webhooks/mailerlite"
    for webhook in _asked(address, None):
        if webhook["url"] == url:
            return str(webhook["secret"])
    events = [f"subscriber.{name}" for name in ("unsubscribed", "bounced", "spam_reported")]
    made = _asked(address, {"name": "site", "url": url, "events": [*events, "subscriber.active"]})
    return str(made["secret"])


def _asked(address: str, body: dict[str, Any] | None) -> Any:
    """The data in MailerLite's answer: to a question, or to something made."""
    request = Request(  # noqa: S310 - the sandbox's own address
        address, data=json.dumps(body).encode() if body else None
    )
    request.add_header("Authorization", "Bearer sandbox")
    request.add_header("Content-Type", "application/json")
    with build_opener(ProxyHandler({})).open(request, timeout=10) as answer:
        return json.load(answer)["data"]


def _refuse_another(instance: Path) -> None:
    """Raises Failed when this folder's site runs already. The lock ends with this process."""
    lock = os.open(instance / "run-lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise Failed("The site of this folder is running already; stop that one first.") from error


def _refuse_taken_ports(ports: Ports) -> None:
    if len({ports.web, ports.sandbox, ports.smtp}) < 3:
        raise Failed("PORT, SANDBOX_PORT and SMTP_PORT must be three different ports.")
    for name, port in (
        ("PORT", ports.web),
        ("SANDBOX_PORT", ports.sandbox),
        ("SMTP_PORT", ports.smtp),
    ):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                raise Failed(
                    f"Port {port} is taken: stop what uses it, or choose another one with "
                    f"{name}={port + 1} make run."
                ) from error


def answers(url: str) -> bool:
    """Whether somebody speaks HTTP there. Proxies of the shell have no business on loopback."""
    try:
        build_opener(ProxyHandler({})).open(url, timeout=5).close()
    except OSError:  # nobody there yet, or an answer that is an error
        return False
    return True


def _secret(path: Path) -> str:
    """The secret kept in this file, made at the first use and readable by nobody else."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
    return path.read_text()


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    value = environ.get(name) or str(default)
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise Failed(f"{name} must be a port number, not {value!r}.")
    return int(value)


def send(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # gone already
        os.killpg(process.pid, number)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
