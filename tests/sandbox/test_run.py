"""`make run`, as the person at the terminal sees it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
import requests

from sandbox import run
from tests.support.ports import free_ports
from tests.support.site import Site, soon

STARTED = 2 * run.PATIENCE  # seven programs, one after another

# The same as `python -m sandbox.run`, with its data in a folder of the test's.
ONE_RUN = """
import sys
from pathlib import Path
from sandbox import run
ports, instance = run.Ports(*map(int, sys.argv[2:])), Path(sys.argv[1])
run.run(run.Household(instance, run.settings(ports, instance, written=[], owner={})), ports)
"""

MAIN = """
import sys
from pathlib import Path
from sandbox import run
sys.exit(run.main([], Path(sys.argv[1])))
"""


@pytest.fixture
def ports() -> run.Ports:
    return run.Ports(*free_ports(3))


@contextmanager
def running(folder: Path, ports: run.Ports) -> Iterator[psutil.Popen]:
    arguments = [str(folder), *map(str, (ports.web, ports.sandbox, ports.smtp))]
    with (folder / "terminal").open("wb") as terminal:
        process = psutil.Popen(
            [sys.executable, "-c", ONE_RUN, *arguments],
            cwd=run.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
        process.wait()


def said(folder: Path) -> str:
    return (folder / "terminal").read_text()


@pytest.mark.long
def test_the_owner_starts_the_site_opens_it_and_stops_all_of_it(
    tmp_path: Path, ports: run.Ports
) -> None:
    with running(tmp_path, ports) as process:
        soon(lambda: "Ctrl-C" in said(tmp_path) or process.poll() is not None, within=STARTED)
        assert "Ctrl-C" in said(tmp_path), said(tmp_path)
        assert requests.get(ports.site, timeout=10).ok
        assert requests.get(f"{ports.counterpart}/mail", timeout=10).ok
        # Sandbox, worker, web and the two it serves with, of which one may answer before the other.
        soon(lambda: len(process.children(recursive=True)) >= 5)
        everybody = process.children(recursive=True)

        process.send_signal(signal.SIGINT)

        assert process.wait(20) == 0
        assert psutil.wait_procs(everybody, timeout=5)[1] == []
    told = said(tmp_path).splitlines()
    assert told[-5:] == [
        f"Open   {ports.site}",
        f"Mail   {ports.counterpart}/mail",
        f"Time   {ports.counterpart}/control   next month's renewal, a card that fails, a refund",
        "Stop   Ctrl-C",
        "Stopping.",
    ]
    assert "Traceback" not in said(tmp_path)


@pytest.mark.parametrize("goodbye", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_owner_changes_her_mind_before_it_is_up(
    tmp_path: Path, ports: run.Ports, goodbye: signal.Signals
) -> None:
    with running(tmp_path, ports) as process:
        soon(lambda: "database" in said(tmp_path))
        everybody = process.children(recursive=True)
        process.send_signal(goodbye)
        assert process.wait(20) == 0
        assert everybody
        assert psutil.wait_procs(everybody, timeout=5)[1] == []
    assert "Traceback" not in said(tmp_path)


@pytest.mark.parametrize("which", ["PORT", "SANDBOX_PORT", "SMTP_PORT"])
def test_a_taken_port_is_named_in_one_sentence(tmp_path: Path, which: str) -> None:
    names = ("PORT", "SANDBOX_PORT", "SMTP_PORT")
    chosen = dict(zip(names, map(str, free_ports(3)), strict=True))
    with socket.create_server(("127.0.0.1", int(chosen[which]))):
        answer = subprocess.run(
            [sys.executable, "-c", MAIN, str(tmp_path)],
            cwd=run.ROOT,
            env={**os.environ, **chosen},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.count("\n") == 1
    assert f"Port {chosen[which]} is taken" in answer.stderr
    assert f"{which}=" in answer.stderr


def test_when_one_of_them_dies_it_is_named_with_its_last_words(
    tmp_path: Path, ports: run.Ports
) -> None:
    environ = run.settings(ports, tmp_path, written=[], owner={})
    household = run.Household(tmp_path, environ)
    household.start("worker", "-c", "print('out of paper')")
    with pytest.raises(run.Failed, match=r"(?s)worker stopped by itself.*out of paper"):
        household.wait_until(lambda: False, "worker")
    household.stop()


def test_a_command_that_fails_says_why(tmp_path: Path, ports: run.Ports) -> None:
    environ = run.settings(ports, tmp_path, written=[], owner={})
    household = run.Household(tmp_path, environ)
    with pytest.raises(run.Failed, match=r"(?s)migrations failed.*no such table"):
        household.do("migrations", "-c", "raise SystemExit('no such table')")
    household.stop()


def test_no_key_of_the_owner_is_used(tmp_path: Path, ports: run.Ports) -> None:
    theirs = {
        "SITE_NAME": "The Tidal Almanac",
        "STRIPE_SECRET_KEY": "sk_live_theirs",
        "MAIL_PASSWORD": "theirs",
        "DATABASE_URL": "postgresql://theirs",
    }
    environ = run.settings(ports, tmp_path, written=theirs, owner=theirs)
    assert environ["SITE_NAME"] == "The Tidal Almanac"
    assert environ["MAIL_PASSWORD"] == ""
    assert "theirs" not in " ".join(environ.values())


def test_secrets_are_kept_between_runs_and_for_the_owner_alone(
    tmp_path: Path, ports: run.Ports
) -> None:
    first, again = (run.settings(ports, tmp_path, written=[], owner={}) for _ in range(2))
    assert first["SECRET_KEY"] == again["SECRET_KEY"]
    assert first["STRIPE_WEBHOOK_SECRET"] == again["STRIPE_WEBHOOK_SECRET"]
    kept = list(tmp_path.glob("run-*"))
    assert len(kept) == 2
    assert {file.stat().st_mode & 0o777 for file in kept} == {0o600}


def test_the_owner_uses_a_command_on_the_running_site(site: Site) -> None:
    assert "Usage" in site.flask("owner", "--help")
