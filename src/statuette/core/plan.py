"""The plan: how many runners each service should have now, as a pure function.

Services share the machine fairly: the one with the fewest runners is served first, among equals the one that waits
longest. When the machine is full, a service without any runner is given room: first idle runners of others end, then
a runner of the service that has the most is asked to leave after its present work.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What one service asks for. `cpu` (millicores) and `memory` (bytes) are per runner; `most` is 0 without limit.

    `work` counts queued jobs and waiting calls, `ahead` runners to be kept ready beyond that, `oldest` is when the
    longest wait began.
    """

    service: str
    cpu: int
    memory: int
    work: int
    ahead: int = 0
    most: int = 0
    oldest: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A runner that exists. `idle` ones wait for work; `leaving` ones end soon."""

    id: str
    service: str
    cpu: int
    memory: int
    idle: bool
    leaving: bool
    idle_since: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the back end can hold in all."""

    cpu: int
    memory: int
    runners: int

    def reach(self, demand: Demand) -> int:
        """How many runners of one service there could be, if it had the room to itself; at least one."""
        bounds = [self.runners]
        bounds += [self.cpu // demand.cpu] if demand.cpu else []
        bounds += [self.memory // demand.memory] if demand.memory else []
        bounds += [demand.most] if demand.most else []
        return max(1, min(bounds))


@dataclass(frozen=True, slots=True)
class Plan:
    """Services to start a runner for, in order, and runners to dismiss."""

    start: tuple[str, ...]
    dismiss: tuple[str, ...]


def plan(demands: Sequence[Demand], placed: Sequence[Placed], room: Room) -> Plan:
    """Decide on the next steps; called again whenever something changed."""
    free = _Free.of(room, placed)
    coming = _Free.of(room, [seat for seat in placed if not seat.leaving])
    missing = {demand.service: _missing(demand, placed) for demand in demands}
    counts = Counter(seat.service for seat in placed)
    start: list[str] = []
    waiting = [demand for demand in demands if missing[demand.service] > 0]
    while waiting:
        waiting.sort(key=lambda demand: (counts[demand.service], demand.oldest))
        demand = _next(waiting, counts, free=free, coming=coming)
        if demand is None:
            break
        free.take(demand)
        coming.take(demand)
        start.append(demand.service)
        counts[demand.service] += 1
        missing[demand.service] -= 1
        waiting = [one for one in waiting if missing[one.service] > 0]
    starved = [demand for demand in waiting if counts[demand.service] == 0 and demand.work > 0]
    work = {demand.service: demand.work for demand in demands}
    return Plan(tuple(start), tuple(_room_for(starved, placed, free=free, work=work)))


def _next(waiting: Sequence[Demand], counts: Mapping[str, int], *, free: "_Free", coming: "_Free") -> Demand | None:
    """The first that fits. A service without any runner for which others leave keeps that room: smaller ones pass it by
    only where they take nothing of it.
    """
    kept = replace(coming)
    for demand in waiting:
        if not kept.holds(demand):
            continue
        if free.holds(demand):
            return demand
        if counts[demand.service] == 0 and demand.work > 0:
            kept.take(demand)
    return None


@dataclass(slots=True)
class _Free:
    """What is left of the room."""

    cpu: int
    memory: int
    runners: int

    @classmethod
    def of(cls, room: Room, placed: Sequence[Placed]) -> "_Free":
        """The room without what is placed."""
        left = cls(room.cpu, room.memory, room.runners)
        for seat in placed:
            left.take(seat)
        return left

    def holds(self, demand: Demand) -> bool:
        return demand.cpu <= self.cpu and demand.memory <= self.memory and self.runners > 0

    def take(self, demand: Demand | Placed) -> None:
        self.cpu -= demand.cpu
        self.memory -= demand.memory
        self.runners -= 1

    def give_back(self, seat: Placed) -> None:
        self.cpu += seat.cpu
        self.memory += seat.memory
        self.runners += 1


def _missing(demand: Demand, placed: Sequence[Placed]) -> int:
    """Runners to be started: work that no idle runner takes, within the service's limit."""
    own = [seat for seat in placed if seat.service == demand.service and not seat.leaving]
    idle = sum(seat.idle for seat in own)
    missing = demand.work + demand.ahead - idle
    return min(missing, demand.most - len(own)) if demand.most else missing


def _room_for(
    starved: Sequence[Demand], placed: Sequence[Placed], *, free: _Free, work: Mapping[str, int]
) -> list[str]:
    """Runners to dismiss so that each starved service gets one."""
    for seat in placed:
        if seat.leaving:
            free.give_back(seat)
    dismissed: list[str] = []
    for demand in starved:
        leaving: list[Placed] = []
        for seat in _candidates(demand, placed, dismissed=dismissed, work=work):
            if free.holds(demand):
                break
            leaving.append(seat)
            free.give_back(seat)
        if free.holds(demand):
            free.take(demand)
            dismissed += [seat.id for seat in leaving]
        else:  # nobody leaves in vain
            for seat in leaving:
                free.take(seat)
    return dismissed


def _candidates(
    demand: Demand, placed: Sequence[Placed], *, dismissed: Sequence[str], work: Mapping[str, int]
) -> list[Placed]:
    """Whom to ask first: idle ones, longest idle first; then busy ones of services that have more than one.

    An idle runner whose own service has work for it (it is starting, or just about to lease) counts as busy: else two
    services that both have work would end each other's runners before these have done anything.
    """
    others = [
        seat for seat in placed if seat.service != demand.service and not seat.leaving and seat.id not in dismissed
    ]
    counts = Counter(seat.service for seat in others)
    wanted = Counter(work)
    spare: list[Placed] = []
    busy: list[Placed] = []
    for seat in sorted(others, key=lambda seat: -seat.idle_since):
        if seat.idle and wanted[seat.service] <= 0:
            spare.insert(0, seat)
        else:
            wanted[seat.service] -= seat.idle
            busy.append(seat)
    busy = [seat for seat in busy if counts[seat.service] > 1]
    busy.sort(key=lambda seat: -counts[seat.service])
    return spare + busy
