"""What was measured, each figure beside what it must hold."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`target` is a bound, in the unit of the value: at least, or at most; None: none is set."""

    name: str
    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def holds(self) -> bool:
        if self.at_least is not None:
            return self.value >= self.at_least
        return self.at_most is None or self.value <= self.at_most

    @property
    def target(self) -> str:
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return f"<= {self.at_most:g}" if self.at_most is not None else ""


def show(figures: Iterable[Figure]) -> None:
    print(f"\n{'':58}{'measured':>10} {'':8}{'target':>9}")
    for one in figures:
        verdict = "" if not one.target else "yes" if one.holds else "NO"
        print(f"{one.name:58}{one.value:>10.2f} {one.unit:8}{one.target:>9}  {verdict}".rstrip())
