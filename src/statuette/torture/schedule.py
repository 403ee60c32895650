"""When which fault strikes: drawn from a seed before anything begins, so that it can be printed and drawn again."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What is done."""

    KILL = "kill"
    STOP = "stop"
    """SIGSTOP, and SIGCONT after a while."""
    FULL = "fill the disk"
    CLOCK = "move the clock"
    AHEAD = "put the stream's position ahead"
    """Which needs the manager to be away, so it is killed for it."""
    BLIND = "stop the manager, kill the store, kill the manager"
    """What is put meanwhile is in no stream and in no memory: only the sweep can find it."""
    ERRORS = "store answers 503"
    SLOW = "store answers slowly"
    CUT = "cut the event stream"


class Part(StrEnum):
    """To whom it is done."""

    RUNNER = "runner"
    STORE = "store"
    MANAGER = "manager"
    STREAM = "stream"
    DISK = "disk"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault. `at` is seconds after the fire began, `seconds` how long it lasts, `amount` by how many seconds the
    clock is moved (for good, or until it is moved again).
    """

    at: float
    kind: Kind
    part: Part
    seconds: float = 0.0
    amount: float = 0.0

    def words(self) -> str:
        """A line for the log."""
        lasting = f" for {self.seconds:.1f} s" if self.seconds else ""
        amount = f" by {self.amount:+.0f} s" if self.kind is Kind.CLOCK else ""
        return f"{self.at:8.2f} s  {self.kind}: {self.part}{amount}{lasting}"


@dataclass(frozen=True, slots=True)
class Rate:
    """A fault every `mean` seconds on average, each lasting between `least` and `most` seconds."""

    mean: float
    least: float = 0.0
    most: float = 0.0


Rates = Mapping[tuple[Kind, Part], Rate]
KILLS: Rates = {
    (Kind.KILL, Part.RUNNER): Rate(2),
    (Kind.KILL, Part.STORE): Rate(10),
    (Kind.KILL, Part.MANAGER): Rate(15),
}
STOPS: Rates = {
    (Kind.STOP, Part.RUNNER): Rate(20, 0.5, 5),
    (Kind.STOP, Part.STORE): Rate(40, 0.5, 5),
    (Kind.STOP, Part.MANAGER): Rate(40, 0.5, 5),
}
FULL: Rates = {(Kind.FULL, Part.DISK): Rate(60, 1, 4)}
BLINDNESS: Rates = {(Kind.BLIND, Part.STREAM): Rate(60, 1, 2)}
CLOCKS: Rates = {(Kind.CLOCK, Part.MANAGER): Rate(20), (Kind.AHEAD, Part.STREAM): Rate(60)}
PROXIED: Rates = {
    (Kind.ERRORS, Part.STORE): Rate(40, 0.5, 4),
    (Kind.SLOW, Part.STORE): Rate(40, 1, 5),
    (Kind.CUT, Part.STREAM): Rate(20, 0, 3),
}
MOVES = (60.0, 600.0, 3600.0, 86_400.0, 5 * 86_400.0)
"""By how much the clock is moved, forward or back, or set right again."""


def schedule(seed: int, *, seconds: float, rates: Rates) -> list[Fault]:
    """Every fault of a fire of that length, in order of time. Each rate has a sequence of its own, so adding one
    leaves the others as they were; each strikes at least once.
    """
    faults = [
        fault for (kind, part), rate in rates.items() for fault in _sequence(seed, kind, part, rate=rate, end=seconds)
    ]
    return sorted(faults)


def _sequence(seed: int, kind: Kind, part: Part, *, rate: Rate, end: float) -> Iterator[Fault]:
    draw = random.Random(f"{seed}:{kind}:{part}")  # noqa: S311 - to be drawn again, not to be secret
    at = min(draw.expovariate(1 / rate.mean), end / 2)
    while at < end:
        yield Fault(at, kind, part, draw.uniform(rate.least, rate.most), _amount(draw, kind))
        at += draw.expovariate(1 / rate.mean)


def _amount(draw: random.Random, kind: Kind) -> float:
    if kind is not Kind.CLOCK or draw.random() < 0.2:
        return 0.0
    return draw.choice(MOVES) * draw.choice((-1, 1)) * draw.uniform(0.5, 1)


def rates_for(*, proxied: bool, disk: bool) -> Rates:
    """The rates that can be had: proxies stand only before an attached store, a disk is filled only where one can be
    mounted.
    """
    parts: Sequence[Rates] = [KILLS, STOPS, BLINDNESS, CLOCKS, FULL if disk else {}, PROXIED if proxied else {}]
    return {key: rate for some in parts for key, rate in some.items()}
