"""The plan: how many runners each service should have now, as a pure function.

Services share the machine fairly. Every service with work gets one runner before any gets two, whoever has waited
longest first. Beyond that a service's part grows with the square root of its need (the work that waits and that runs):
of all ways to divide a machine this one has the least sum of the times that the services take (a sum of need/part, over
parts that add up to one, is least where part goes with the root of need). So a service with 100,000 files gets more
than one with ten, a hundred times and not ten thousand times as much. Parts are counted in what they take of the
machine, by whatever they take most of. `priority` decides among those who have waited equally.

When the machine is full, runners leave: idle ones that their own service has no work for, then runners of services that
have more than their part, then, for a service without any, the only runner of a service that has had its turn.
Nobody is interrupted: a runner leaves after its present work.
"""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import sqrt

WARM = 5.0
"""Seconds for which the last idle runner of a service is left to it, unless another service has none at all: most calls
come soon after others.
"""
TURN = 2.0
"""Seconds that a runner stays before it has to leave for the sake of fairness: so starting them anew costs little."""
PATIENCE = 10.0
"""Seconds after which room is gathered for a service without any runner: until then smaller ones may pass one for which
never enough leave at the same time. Gathering leaves a part of the machine idle for a while.
"""
LOOKED_AT = 100
"""Services for which one plan looks for room; with more of them the next plan goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What one service asks for. `cpu` (millicores) and `memory` (bytes) are per runner; `most` is 0 without limit.

    `work` counts queued jobs and waiting calls, `ahead` runners to be kept ready beyond that, `oldest` is when its wait
    began: its oldest work came, or its last runner went.
    """

    service: str
    cpu: int
    memory: int
    work: int
    ahead: int = 0
    most: int = 0
    oldest: float = 0.0
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A runner that exists, `since` when. `idle` ones wait for work; `leaving` ones end soon."""

    id: str
    service: str
    cpu: int
    memory: int
    idle: bool
    leaving: bool
    idle_since: float = 0.0
    since: float = 0.0


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

    def part(self, one: Demand | Placed) -> float:
        """What one runner takes of the room, by whatever it takes most of."""
        return max(one.cpu / max(self.cpu, 1), one.memory / max(self.memory, 1), 1 / max(self.runners, 1))


@dataclass(frozen=True, slots=True)
class Plan:
    """Services to start a runner for, in order, and runners to dismiss."""

    start: tuple[str, ...]
    dismiss: tuple[str, ...]


@dataclass(slots=True)
class _Wish:
    """How a service stands: its runners (`count`), those it lacks (`missing`), and what one more weighs."""

    demand: Demand
    count: int
    missing: int
    weight: float

    @property
    def starved(self) -> bool:
        return self.count == 0 and self.demand.work > 0

    @property
    def next(self) -> float:
        """The service's part for its need, were it given one runner more."""
        return (self.count + 1) * self.weight

    def rank(self) -> tuple[bool, float, int, int, float]:
        """Whose turn it is: lower goes first. Waits that began in the same second are equal."""
        demand = self.demand
        part = self.next if self.count else 0.0
        return demand.work <= 0, part, int(demand.oldest), -demand.priority, demand.oldest


def plan(demands: Sequence[Demand], placed: Sequence[Placed], room: Room, *, now: float = 0.0) -> Plan:
    """Decide on the next steps; called again whenever something changed. `now` is by the clock of `idle_since`."""
    staying = [seat for seat in placed if not seat.leaving]
    free, coming = _Free.of(room, placed), _Free.of(room, staying)
    needs = Counter(seat.service for seat in staying if not seat.idle) + Counter(
        {demand.service: demand.work for demand in demands}
    )
    wishes = _wishes(demands, placed, needs=needs, room=room)
    due = _due(wishes, room, now=now)
    start = _start(wishes, free=free, coming=coming, due=due)
    leavers = _Leavers(staying, demands, needs=needs, room=room, now=now)
    return Plan(tuple(start), tuple(_dismissed(wishes, leavers, coming=coming, due=due)))


def _wishes(
    demands: Sequence[Demand], placed: Sequence[Placed], *, needs: Mapping[str, int], room: Room
) -> list[_Wish]:
    """Services that lack runners: work that no idle runner takes, within the service's limit. Runners that leave may
    still be at work, so they count for the limit.
    """
    counts = Counter(seat.service for seat in placed)
    idle = Counter(seat.service for seat in placed if not seat.leaving and seat.idle)
    wishes = []
    for demand in demands:
        name = demand.service
        missing = demand.work + demand.ahead - idle[name]
        if demand.most:
            missing = min(missing, demand.most - counts[name])
        if missing > 0:
            wishes.append(_Wish(demand, counts[name], missing, room.part(demand) / sqrt(max(needs[name], 1))))
    return wishes


def _due(wishes: Sequence[_Wish], room: Room, *, now: float) -> _Wish | None:
    """The service without any runner that has waited longest, if its patience is at an end and it can fit at all."""
    empty = _Free.of(room, [])
    starved = [wish for wish in wishes if wish.starved and now - wish.demand.oldest >= PATIENCE]
    return min((wish for wish in starved if empty.holds(wish.demand)), key=_Wish.rank, default=None)


def _start(wishes: Sequence[_Wish], *, free: "_Free", coming: "_Free", due: _Wish | None) -> list[str]:
    """Serve whose turn it is, as far as there is room. A service without any runner for which others leave keeps that
    room: smaller ones pass it by only where they take nothing of it. So does the one that is due.
    """
    kept = replace(coming)
    queue = [(wish.rank(), place, wish) for place, wish in enumerate(wishes)]
    heapq.heapify(queue)
    start: list[str] = []
    while queue and free.runners > 0:
        _, place, wish = heapq.heappop(queue)
        if not kept.holds(wish.demand) and wish is not due:
            continue
        if free.holds(wish.demand):
            for left in (free, coming, kept):
                left.take(wish.demand)
            start.append(wish.demand.service)
            wish.count += 1
            wish.missing -= 1
            if wish.missing > 0:
                heapq.heappush(queue, (wish.rank(), place, wish))
        elif wish.starved:
            kept.take(wish.demand)
    return start


def _dismissed(wishes: Sequence[_Wish], leavers: "_Leavers", *, coming: "_Free", due: _Wish | None) -> list[str]:
    """Runners to dismiss, so that each service which lacks one gets one. Nobody leaves in vain; for the one that is due
    whoever can leaves now, the others when they have had their turn.
    """
    lacking = [wish for wish in wishes if wish.missing > 0 and wish.demand.work > 0]
    lacking.sort(key=_Wish.rank)
    dismissed: list[str] = []
    for wish in islice(lacking, LOOKED_AT):
        if not coming.holds(wish.demand):
            leaving = _enough(leavers.candidates(wish), wish.demand, coming, all_the_same=wish is due)
            leavers.gone(leaving)
            dismissed += [seat.id for seat in leaving]
        if coming.holds(wish.demand) or wish is due:
            coming.take(wish.demand)
    return dismissed


def _enough(candidates: Iterator[Placed], demand: Demand, coming: "_Free", *, all_the_same: bool) -> list[Placed]:
    """As many of them as the demand needs, their room given back. Where all together are too few: none, or
    `all_the_same` all.
    """
    room, leaving = replace(coming), []
    while not room.holds(demand):
        seat = next(candidates, None)
        if seat is None:
            if not all_the_same:
                return []
            break
        leaving.append(seat)
        room.give_back(seat)
    for seat in leaving:
        coming.give_back(seat)
    return leaving


class _Leavers:
    """Who can be asked to leave.

    An idle runner whose own service has work for it (it is starting, or just about to lease) counts as busy: else two
    services that both have work would end each other's runners before these have done anything.
    """

    def __init__(
        self, staying: Sequence[Placed], demands: Sequence[Demand], *, needs: Mapping[str, int], room: Room, now: float
    ) -> None:
        self._now = now
        self._needs = needs
        self._room = room
        self._counts = Counter(seat.service for seat in staying)
        self._spare: list[Placed] = []
        self._busy: list[Placed] = []
        wanted = Counter({demand.service: demand.work for demand in demands})
        for seat in sorted(staying, key=lambda seat: -seat.idle_since):
            if seat.idle and wanted[seat.service] <= 0:
                self._spare.insert(0, seat)
            else:
                wanted[seat.service] -= seat.idle
                self._busy.append(seat)

    def candidates(self, wish: _Wish) -> Iterator[Placed]:
        """Whom to ask first, for a service that lacks a runner."""
        left = self._counts.copy()
        for seat in self._spare:  # the longest idle first
            if seat.service != wish.demand.service and self._may_go(seat, wish, left):
                left[seat.service] -= 1
                yield seat
        busy = [seat for seat in self._busy if seat.service != wish.demand.service]
        while rich := [seat for seat in busy if self._is_rich(seat, wish, left)]:
            seat = max(rich, key=lambda seat: self._part(seat, left))
            busy.remove(seat)
            left[seat.service] -= 1
            yield seat
        if wish.starved:
            yield from sorted((seat for seat in busy if self._had_its_turn(seat)), key=lambda seat: seat.since)

    def gone(self, leaving: Sequence[Placed]) -> None:
        """These are leaving now."""
        ids = {seat.id for seat in leaving}
        self._counts.subtract(seat.service for seat in leaving)
        self._spare = [seat for seat in self._spare if seat.id not in ids]
        self._busy = [seat for seat in self._busy if seat.id not in ids]

    def _may_go(self, seat: Placed, wish: _Wish, left: Mapping[str, int]) -> bool:
        return wish.starved or left[seat.service] > 1 or self._now - seat.idle_since >= WARM

    def _is_rich(self, seat: Placed, wish: _Wish, left: Mapping[str, int]) -> bool:
        """Whether the runner's service has more than its part, also when it has given one away."""
        if left[seat.service] < 2:
            return False
        return wish.starved or (self._had_its_turn(seat) and self._part(seat, left) > wish.next)

    def _had_its_turn(self, seat: Placed) -> bool:
        return self._now - seat.since >= TURN

    def _part(self, seat: Placed, left: Mapping[str, int]) -> float:
        """The part of a runner's service for its need."""
        return left[seat.service] * self._room.part(seat) / sqrt(max(self._needs[seat.service], 1))


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
