"""make bench: our pages and webhook beside the least a Flask application can do, in one run.

Contenders take turns, round by round, so that a change of the machine's mood hits all alike. Read
the ratios; the numbers beside them belong to the machine.
"""

import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import ours, servers  # noqa: E402
from bench.load import Ask, Measured, burst  # noqa: E402

ROUNDS = 5
CALLERS = (1, 8, 32)
COUNT = 1600
PORTS = 8710


@dataclass
class Contender:
    name: str
    port: int
    asks: Iterator[Ask]
    master: int
    seen: dict[int, list[tuple[Measured, float]]] = field(default_factory=dict)

    def take_turn(self, callers: int) -> None:
        before = servers.cpu_seconds(self.master)
        measured = burst(self.port, self.asks, callers=callers, count=COUNT)
        cpu = (servers.cpu_seconds(self.master) - before) / COUNT * 1000
        self.seen.setdefault(callers, []).append((measured, cpu))


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        contenders = _start(stack, folder)
        for contender in contenders:  # warm
            burst(contender.port, contender.asks, callers=8, count=400)
        for number in range(ROUNDS):
            print(f"round {number + 1} of {ROUNDS}", file=sys.stderr)
            for callers in CALLERS:
                for contender in contenders:
                    contender.take_turn(callers)
    _report(contenders)


def _start(stack: ExitStack, folder: Path) -> list[Contender]:
    cookie = ours.prepare(folder)
    bare = {"BENCH_DATABASE": str(folder / "bare.db")}
    site = ours.environ(folder)
    plan: list[tuple[str, str, dict[str, str], Iterator[Ask]]] = [
        ("bare hello", "bench.bare:hello()", bare, _hello()),
        ("premium page", "membership.app:create_app()", site, ours.premium_page(cookie)),
        ("bare webhook", "bench.bare:webhook()", bare, ours.webhooks("/")),
        ("webhook", "membership.app:create_app()", site, ours.webhooks("/webhooks/stripe")),
    ]
    return [
        Contender(name, PORTS + n, asks, stack.enter_context(servers.gunicorn(app, PORTS + n, env)))
        for n, (name, app, env, asks) in enumerate(plan)
    ]


def _hello() -> Iterator[Ask]:
    while True:
        yield Ask("GET", "/", {})


def _report(contenders: list[Contender]) -> None:
    print(
        f"{'':14}{'callers':>8}{'a second':>10}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms':>9}{'errors':>8}"
    )
    for contender in contenders:
        for callers in CALLERS:
            rate, p50, p99, cpu, errors = _medians(contender, callers)
            print(
                f"{contender.name:14}{callers:>8}{rate:>10.0f}{p50:>9.1f}{p99:>9.1f}{cpu:>9.2f}"
                f"{errors:>8}"
            )
    by_name = {contender.name: contender for contender in contenders}
    for callers in CALLERS:
        for one, other in (("premium page", "bare hello"), ("webhook", "bare webhook")):
            a, b = _medians(by_name[one], callers), _medians(by_name[other], callers)
            print(
                f"{one} / {other}, {callers} callers: {a[0] / b[0]:.2f} of the rate, "
                f"{a[3] / b[3]:.2f} times the CPU"
            )


def _medians(contender: Contender, callers: int) -> tuple[float, float, float, float, int]:
    seen = contender.seen[callers]
    return (
        statistics.median(measured.per_second for measured, _ in seen),
        statistics.median(measured.p50 for measured, _ in seen),
        statistics.median(measured.p99 for measured, _ in seen),
        statistics.median(cpu for _, cpu in seen),
        sum(measured.errors for measured, _ in seen),
    )


if __name__ == "__main__":
    main()
