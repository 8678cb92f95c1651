"""Processes: each contender under the same gunicorn, and the project's worker."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def gunicorn(app: str, port: int, environ: dict[str, str]) -> Iterator[int]:
    """Serve `app` (module:factory()) on the port; yields the master's process id."""
    command = ["-m", "gunicorn", "-c", "bench/gunicorn.conf.py", app]
    with running(command, environ | {"PORT": str(port)}) as master:
        _wait_for(port)
        yield master


@contextmanager
def shipped(port: int, environ: dict[str, str]) -> Iterator[int]:
    """Our site as `gunicorn -c gunicorn.conf.py` starts it; yields the master's process id."""
    command = ["-m", "gunicorn", "-c", "gunicorn.conf.py"]
    with running(command, environ | {"PORT": str(port)}) as master:
        yield master


@contextmanager
def running(command: list[str], environ: dict[str, str]) -> Iterator[int]:
    """A Python of ours, stopped in the end; yields its process id."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cpu_seconds(master: int) -> float:
    """What the workers of this gunicorn have used so far, user and system."""
    return sum(_cpu(worker) for worker in _workers(master))


def pss_mib(master: int) -> float:
    """Of this gunicorn and its workers: what they share is counted once."""
    return sum(_pss(pid) for pid in (master, *_workers(master))) / 1024


def _workers(master: int) -> list[int]:
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return [int(child) for child in children]


def _pss(pid: int) -> int:
    """KiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _wait_for(port: int) -> None:
    for _ in range(400):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing answered on port {port}")
