"""The plan over time: a simulated machine on which jobs take random times, watched at every step."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from statuette.core.plan import PATIENCE, TURN, WARM, Demand, Placed, Room, plan

STEP = 0.5
"""Seconds from one plan to the next."""
ROOM = Room(cpu=1000, memory=1000, runners=6)


@dataclass
class Service:
    """What a service asks for; jobs take up to `longest` seconds."""

    name: str
    cpu: int
    memory: int
    most: int
    longest: float
    arrivals: list[tuple[float, int]]
    queue: list[float] = field(default_factory=list)
    waiting_since: float | None = None


@dataclass
class Seat:
    id: str
    service: Service
    since: float
    ends: float | None = None
    idle_since: float = 0.0
    leaving: bool = False


class Machine:
    """Runs the plan's decisions as the fleet does."""

    def __init__(self, services: list[Service], random: Random) -> None:
        self.services, self.random = services, random
        self.now = 0.0
        self.seats: list[Seat] = []
        self.done: Counter[str] = Counter()
        self.longest_wait: Counter[str] = Counter()
        self._made = 0

    def step(self) -> None:
        self.now += STEP
        self._arrive()
        self._work()
        decided = plan(self.demands(), self.placed(), ROOM, now=self.now)
        for seat in self.seats:
            seat.leaving |= seat.id in decided.dismiss
        for name in decided.start:
            self._made += 1
            self.seats.append(Seat(f"{name}-{self._made}", self._service(name), self.now))
        self._wait()

    def _arrive(self) -> None:
        for service in self.services:
            while service.arrivals and service.arrivals[0][0] <= self.now:
                _, count = service.arrivals.pop(0)
                service.queue += [self.random.uniform(0.01, service.longest) for _ in range(count)]

    def _work(self) -> None:
        for seat in self.seats:
            if seat.ends is not None and seat.ends <= self.now:
                seat.ends, seat.idle_since = None, self.now
                self.done[seat.service.name] += 1
            if seat.ends is None and not seat.leaving and seat.service.queue:
                seat.ends = self.now + seat.service.queue.pop()
        self.seats = [seat for seat in self.seats if not (seat.leaving and seat.ends is None)]

    def _wait(self) -> None:
        for service in self.services:
            if any(seat.service is service for seat in self.seats) or not service.queue:
                service.waiting_since = None
            elif service.waiting_since is None:
                service.waiting_since = self.now
            else:
                self.longest_wait[service.name] = max(self.longest_wait[service.name], self.waited(service))

    def waited(self, service: Service) -> float:
        return 0.0 if service.waiting_since is None else self.now - service.waiting_since

    def _service(self, name: str) -> Service:
        return next(service for service in self.services if service.name == name)

    def demands(self) -> list[Demand]:
        return [
            Demand(
                service=one.name, cpu=one.cpu, memory=one.memory, work=len(one.queue), most=one.most,
                oldest=self.now if one.waiting_since is None else one.waiting_since,
            )
            for one in self.services
            if one.queue
        ]  # fmt: skip

    def placed(self) -> list[Placed]:
        return [
            Placed(
                id=seat.id, service=seat.service.name, cpu=seat.service.cpu, memory=seat.service.memory,
                idle=seat.ends is None, leaving=seat.leaving, idle_since=seat.idle_since, since=seat.since,
            )
            for seat in self.seats
        ]  # fmt: skip

    def holds(self, service: Service, *, without: list[Seat]) -> bool:
        """Whether one more runner of the service fits, were these gone."""
        left = [seat.service for seat in self.seats if seat not in without] + [service]
        return (
            len(left) <= ROOM.runners
            and sum(one.cpu for one in left) <= ROOM.cpu
            and sum(one.memory for one in left) <= ROOM.memory
        )

    def lacking(self) -> list[Service]:
        """Services with work that no idle runner takes, below their limit."""
        counts = Counter(seat.service.name for seat in self.seats)
        idle = Counter(seat.service.name for seat in self.seats if seat.ends is None and not seat.leaving)
        return [
            one
            for one in self.services
            if len(one.queue) > idle[one.name] and (not one.most or counts[one.name] < one.most)
        ]


@st.composite
def machines(draw):
    services = []
    for number in range(draw(st.integers(1, 9))):
        arrivals = draw(st.lists(st.tuples(st.floats(0, 60), st.integers(1, 80)), min_size=1, max_size=3))
        services.append(
            Service(
                name=f"s{number}",
                cpu=draw(st.sampled_from([100, 200, 500, 1000])),
                memory=draw(st.sampled_from([50, 100, 400])),
                most=draw(st.sampled_from([0, 0, 1, 2])),
                longest=draw(st.sampled_from([0.1, 1.0, 5.0])),
                arrivals=sorted(arrivals),
            )
        )
    return Machine(services, Random(draw(st.integers(0, 2**32))))


def watched(machine: Machine, steps: int):
    for _ in range(steps):
        machine.step()
        yield machine


@settings(max_examples=25, deadline=None)
@given(machines())
def test_neither_the_machine_nor_a_service_has_more_runners_than_it_may(machine):
    for now in watched(machine, 200):
        assert len(now.seats) <= ROOM.runners
        assert sum(seat.service.cpu for seat in now.seats) <= ROOM.cpu
        assert sum(seat.service.memory for seat in now.seats) <= ROOM.memory
        counts = Counter(seat.service.name for seat in now.seats)
        assert all(counts[one.name] <= one.most for one in now.services if one.most)


@settings(max_examples=25, deadline=None)
@given(machines())
def test_every_service_with_work_has_a_runner_within_a_bounded_time(machine):
    """At worst the machine is cleared for each of the others first, and each has its turn and ends the work it has."""
    longest = max(service.longest for service in machine.services)
    bound = PATIENCE + len(machine.services) * (longest + TURN + 3 * STEP)
    for now in watched(machine, 400):
        assert max(now.waited(one) for one in now.services) <= bound


@settings(max_examples=25, deadline=None)
@given(machines())
def test_nothing_stands_idle_while_there_is_work_for_it(machine):
    """Unless somebody leaves already, or what is free is kept or gathered for a service that has no runner at all."""
    for now in watched(machine, 200):
        lacking = now.lacking()
        starved = [one for one in lacking if not any(seat.service is one for seat in now.seats)]
        if any(seat.leaving for seat in now.seats) or any(now.waited(one) >= PATIENCE for one in starved):
            continue
        idle = [seat for seat in now.seats if seat.ends is None and not seat.service.queue]
        for one in starved:
            assert not now.holds(one, without=idle)
        if not starved:
            cold = [seat for seat in idle if now.now - seat.idle_since >= WARM]
            assert not any(
                now.holds(one, without=[seat for seat in cold if seat.service is not one]) for one in lacking
            )


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 8))
def test_a_hundred_thousand_files_do_not_hold_up_a_service_with_one(seed, others):
    large = Service("large", 100, 100, 0, 1.0, [(0.0, 100_000)])
    small = [Service(f"small{number}", 100, 100, 0, 1.0, [(20.0 + number, 1)]) for number in range(others)]
    machine = Machine([large, *small], Random(seed))
    for _ in watched(machine, 120):
        pass
    assert all(machine.done[one.name] == 1 for one in small)
    assert max(machine.longest_wait.values(), default=0.0) <= large.longest + 2 * STEP
    assert machine.done["large"] > 100


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32))
def test_two_services_with_the_same_backlog_soon_have_the_same_part(seed):
    """Whoever came first had the whole machine; it is not kept."""
    first = Service("first", 100, 100, 0, 0.4, [(0.0, 5000)])
    second = Service("second", 100, 100, 0, 0.4, [(10.0, 5000)])
    machine = Machine([first, second], Random(seed))
    for _ in watched(machine, 60):
        pass
    counts = Counter(seat.service.name for seat in machine.seats if not seat.leaving)
    assert counts == {"first": 3, "second": 3}
