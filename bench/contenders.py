"""Contenders take turns, round by round, so that a change of the machine's mood hits all alike."""

import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from bench import servers
from bench.load import Ask, Measured, burst

ROUNDS = 5


@dataclass
class Contender:
    """A gunicorn at work. `seen`: by callers at once, each round's measure and CPU ms a request."""

    name: str
    port: int
    asks: Iterator[Ask]
    master: int
    seen: dict[int, list[tuple[Measured, float]]] = field(default_factory=dict)

    def take_turn(self, callers: int, count: int) -> None:
        before = servers.cpu_seconds(self.master)
        measured = burst(self.port, self.asks, callers=callers, count=count)
        cpu = (servers.cpu_seconds(self.master) - before) / count * 1000
        self.seen.setdefault(callers, []).append((measured, cpu))

    def rate(self, callers: int) -> float:
        return self._median(callers, lambda measured, _: measured.per_second)

    def p50(self, callers: int) -> float:
        return self._median(callers, lambda measured, _: measured.p50)

    def p99(self, callers: int) -> float:
        return self._median(callers, lambda measured, _: measured.p99)

    def cpu(self, callers: int) -> float:
        return self._median(callers, lambda _, cpu: cpu)

    def errors(self) -> int:
        return sum(measured.errors for seen in self.seen.values() for measured, _ in seen)

    def _median(self, callers: int, figure: Callable[[Measured, float], float]) -> float:
        return statistics.median(figure(*one) for one in self.seen[callers])


def take_turns(
    contenders: Sequence[Contender], callers: Sequence[int], *, count: int, rounds: int = ROUNDS
) -> None:
    for contender in contenders:
        burst(contender.port, contender.asks, callers=8, count=count // 4)  # warm
    for number in range(rounds):
        print(f"  round {number + 1} of {rounds}", file=sys.stderr)
        for at_once in callers:
            for contender in contenders:
                contender.take_turn(at_once, count)


def ratio(one: Contender, other: Contender, callers: int) -> float:
    """Of their rates: the median of the rounds' ratios, each of one mood of the machine."""
    pairs = zip(one.seen[callers], other.seen[callers], strict=True)
    return statistics.median(a.per_second / b.per_second for (a, _), (b, _) in pairs)


def show(contenders: Sequence[Contender], callers: Sequence[int]) -> None:
    print(f"\n{'':22}{'callers':>8}{'a second':>10}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms':>9}")
    for each in contenders:
        for n in callers:
            print(
                f"{each.name:22}{n:>8}{each.rate(n):>10.0f}{each.p50(n):>9.1f}{each.p99(n):>9.1f}"
                f"{each.cpu(n):>9.2f}"
            )
