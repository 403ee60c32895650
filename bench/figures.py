"""A measured figure beside its baseline, what it aims at, and the statistics that all benchmarks use."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Aspect = Literal["value", "ratio", "above"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What is promised: `most` or `least`, of the value itself, of its ratio to the baseline, or of how far it lies
    above the baseline.
    """

    most: float | None = None
    least: float | None = None
    of: Aspect = "value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. `baseline` is in the same unit; `against` says what it is."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    against: str = ""
    aim: Aim | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The value as a multiple of the baseline."""
        return self.value / self.baseline if self.baseline else None

    @property
    def above(self) -> float | None:
        return None if self.baseline is None else self.value - self.baseline

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None without an aim, or without the baseline that it needs."""
        if self.aim is None:
            return None
        measured = {"value": self.value, "ratio": self.ratio, "above": self.above}[self.aim.of]
        if measured is None:
            return None
        if self.aim.most is not None:
            return measured <= self.aim.most
        return measured >= (self.aim.least or 0.0)

    def aim_text(self) -> str:
        """The aim in words, in the figure's own unit."""
        if self.aim is None:
            return ""
        sign, bound = ("≤", self.aim.most) if self.aim.most is not None else ("≥", self.aim.least)
        if self.aim.of == "ratio":
            return f"{sign} {bound:.0%} of it" if (bound or 0) < 1 else f"{sign} {bound:g} times it"
        above = " above it" if self.aim.of == "above" else ""
        return f"{sign} {number(bound or 0.0)} {self.unit}{above}"

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "baseline": self.baseline,
            "against": self.against,
            "ratio": self.ratio,
            "above": self.above,
            "aim": self.aim_text(),
            "met": self.met,
            "note": self.note,
        }


def number(value: float) -> str:
    """Three significant digits, thousands separated."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest measured value that `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread(
    name: str,
    values: Sequence[float],
    *,
    baseline: Sequence[float],
    against: str,
    unit: str = "ms",
    aims: tuple[Aim | None, Aim | None] = (None, None),
    note: str = "",
) -> list[Figure]:
    """Two figures, p50 and p99, of values beside a baseline's."""
    marks = ((0.5, "p50", aims[0]), (0.99, "p99", aims[1]))
    return [
        Figure(
            name=f"{name}, {label}",
            value=quantile(values, share),
            unit=unit,
            baseline=quantile(baseline, share) if baseline else None,
            against=against,
            aim=aim,
            note=note,
        )
        for share, label, aim in marks
    ]


def alternate(rounds: int, *ways: Callable[[], float]) -> list[list[float]]:
    """Measure `ways` in turn, A B A B, so that a busy machine weighs on all of them alike."""
    found: list[list[float]] = [[] for _ in ways]
    for index in range(rounds):
        order = list(enumerate(ways))
        for place, way in order if index % 2 == 0 else reversed(order):
            found[place].append(way())
    return found
