"""The fleet: keeps as many runners as the work needs and the machine holds.

One loop looks at what waits (the ledger's counters, the calls' queue), asks `plan` what to do, and starts runners,
each with a supervisor until there is no more work for it. It looks again when something changes and at least once a
second.
"""

import asyncio
import logging
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping

from statuette.core.calls import CallBoard
from statuette.core.catalog import Catalog, Condition
from statuette.core.orders import runner_order
from statuette.core.plan import Demand, Placed, Plan, Room, plan
from statuette.core.remote import Remote
from statuette.core.roster import Roster, Seat
from statuette.events.homes import runner_name
from statuette.ports.backend import Backend
from statuette.ports.clock import Clock
from statuette.ports.errors import BadInput, Fault, Unavailable
from statuette.ports.jobs import JobLedger
from statuette.ports.queue import Backlog
from statuette.ports.services import Readiness, ServiceRecord
from statuette.ports.supervision import Supervision
from statuette.spec.quantities import cpu_millicores, memory_bytes

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two looks when nothing happens."""
BREATH = 0.02
"""Seconds from one look to the next at least: under load many changes become one look."""
REST = 9.0
"""How many times longer than a look the pause after it is at least: thousands of services with work make looks long."""
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
"""Seconds a service waits after a runner that would not start, doubled each time."""


class Fleet:
    """All runners of this manager. Where supervisors have processes of their own, `remote` is who they speak with."""

    def __init__(
        self,
        *,
        backend: Backend,
        jobs: JobLedger,
        catalog: Catalog,
        board: CallBoard,
        roster: Roster,
        clock: Clock,
        may_lease: Callable[[], bool],
        breath: float = BREATH,
        home: str = "",
    ) -> None:
        self._home = home
        self.remote: Remote | None = None
        self._breath = breath
        self._backend = backend
        self._jobs = jobs
        self._catalog = catalog
        self._board = board
        self._roster = roster
        self._clock = clock
        self._may_lease = may_lease
        self._look = asyncio.Event()
        self._draining = False
        self._pauses: dict[str, tuple[float, float]] = defaultdict(lambda: (0.0, FIRST_PAUSE))
        self._used: dict[str, float] = {}
        self._had: dict[str, float] = {}
        """When services with work had a runner for the last time."""
        self._lives: set[asyncio.Task[None]] = set()
        self._wanting = False
        self.backlog: Mapping[str, Backlog] = {}

    def wake(self, news: Mapping[str, int]) -> None:
        """New work came in."""
        if news:
            self._roster.hints.add(news)
            self._look.set()

    def summon(self, service: str) -> None:
        """A call came in: wake an idle runner, or have one started."""
        if not self._roster.hints.nudge(service):
            self._look.set()

    def freed(self) -> None:
        """A runner has nothing to do; somebody may have waited for its room."""
        if self._wanting:
            self._look.set()

    def changed(self) -> None:
        """Something changed that may ask for another plan."""
        self._look.set()

    async def run(self, supervision: Supervision) -> None:
        """Keep the fleet until cancelled; then every runner's work is returned or finished by its supervisor, and all
        are ended.
        """
        try:
            while True:
                await self._next_look()
                try:
                    self.backlog = await self._jobs.backlog()
                except Unavailable as fault:
                    log.warning("the fleet cannot see the backlog: %s", fault, extra={"action": "plan"})
                    continue
                began = self._clock.monotonic()
                for service, backlog in self.backlog.items():
                    self._roster.hints.correct(service, backlog.queued)
                self._act(self._decide(), supervision)
                await asyncio.sleep(max(self._breath, REST * (self._clock.monotonic() - began)))
        finally:
            await self.end()

    async def end(self) -> None:
        """End every runner now."""
        for life in self._lives:
            life.cancel()
        await asyncio.gather(*self._lives, return_exceptions=True)

    async def drained(self) -> None:
        """Start no more runners, dismiss all and return when the last has finished its present work."""
        self._draining = True
        for seat in self._roster.all():
            self._roster.dismiss(seat)
        if self._lives:
            await asyncio.wait(self._lives)

    async def _next_look(self) -> None:
        try:
            async with asyncio.timeout(LOOK):
                await self._look.wait()
        except TimeoutError:
            pass
        self._look.clear()

    def _decide(self) -> Plan:
        if self._draining or not self._may_lease():
            return Plan((), ())
        capacity, calls, now = self._backend.capacity(), self._board.demand(), self._clock.monotonic()
        active, seats = self._active(calls), self._roster.all()
        self._had = {name: at for name, at in self._had.items() if name in active}
        self._had |= dict.fromkeys((seat.service for seat in seats), now)
        demands = [demand for name in active if (demand := self._demand(name, calls)) is not None]
        room = Room(cpu=capacity.cpu, memory=capacity.memory, runners=capacity.runners)
        self._roster.reach |= {demand.service: room.reach(demand) for demand in demands}
        self._wanting = any(demand.work for demand in demands)
        return plan(demands, [_placed(seat) for seat in seats], room, now=now)

    def _active(self, calls: Mapping[str, tuple[int, float]]) -> set[str]:
        """Services with work, or with single-use runners to be kept ready."""
        waiting = {name for name, backlog in self.backlog.items() if backlog.queued}
        return waiting | set(calls) | set(self._used)

    def _demand(self, name: str, waiting: Mapping[str, tuple[int, float]]) -> Demand | None:
        record = self._catalog.find(name)
        if record is None:
            self._roster.reach.pop(name, None)
        now = self._clock.monotonic()
        ready = self._catalog.condition(name).readiness is Readiness.READY
        if record is None or not ready or (name in self._pauses and self._pauses[name][0] > now):
            self._used.pop(name, None)
            return None
        calls, oldest_call = waiting.get(name, (0, 0.0))
        backlog = self.backlog.get(name, Backlog())
        age = self._clock.wall() - backlog.oldest if backlog.oldest else 0.0
        return Demand(
            service=name,
            cpu=cpu_millicores(record.definition.cpu),
            memory=memory_bytes(record.definition.memory),
            work=backlog.queued + calls,
            ahead=self._ahead(record, work=backlog.queued + calls, now=now),
            most=record.definition.synchronous.max_scale,
            oldest=max(min(now - age, oldest_call or now), self._had.get(name, 0.0)),
            priority=record.definition.priority,
        )

    def _ahead(self, record: ServiceRecord, *, work: int, now: float) -> int:
        """Single-use runners to start ahead: one, while the service was used within its idle time."""
        if record.definition.reuse != "never":
            return 0
        if work:
            self._used[record.name] = now
        if now - self._used.get(record.name, -1e9) < record.definition.runner.idle_timeout:
            return 1
        self._used.pop(record.name, None)
        return 0

    def _act(self, decided: Plan, supervision: Supervision) -> None:
        for runner in decided.dismiss:
            seat = self._roster.get(runner)
            if seat is not None:
                self._roster.dismiss(seat)
        for name in decided.start:
            record = self._catalog.find(name)
            if record is not None:
                self._start(record, supervision)

    def _start(self, record: ServiceRecord, supervision: Supervision) -> None:
        seat = Seat(
            id=runner_name(self._home, f"{record.name}-{uuid.uuid4().hex[:12]}"),
            record=record,
            cpu=cpu_millicores(record.definition.cpu),
            memory=memory_bytes(record.definition.memory),
            since=self._clock.monotonic(),
        )
        self._roster.sit(seat)
        life = asyncio.create_task(self._live(seat, supervision), name=f"runner {seat.id}")
        self._lives.add(life)
        life.add_done_callback(self._lives.discard)

    async def _live(self, seat: Seat, supervision: Supervision) -> None:
        """One runner from its start to its end."""
        context = {"action": "runner", "service": seat.service, "runner": seat.id}
        try:
            credential = self.remote.admit(seat.id) if self.remote else ""
            runner = await self._backend.start(runner_order(seat, credential=credential))
            self._pauses.pop(seat.service, None)
            log.info("runner started", extra=context)
            await supervision.serve(runner)
            if not seat.uses and not seat.leaving:
                # What waits is not due yet, or somebody else took it: without a pause runners would come and go for it.
                self._pauses[seat.service] = (self._clock.monotonic() + FIRST_PAUSE, FIRST_PAUSE)
        except BadInput as fault:
            self._catalog.set_condition(seat.record, Condition(Readiness.FAILED, str(fault)))
        except Fault as fault:
            self._pause(seat, str(fault))
        except Exception:
            log.exception("a runner's supervisor failed", extra=context)
            self._pause(seat, "the supervisor failed; the manager's log says why")
        finally:
            self._roster.dismiss(seat)
            self._roster.leave(seat.id)
            await asyncio.shield(self._stop(seat.id))
            self.changed()

    async def _stop(self, runner: str) -> None:
        try:
            await self._backend.stop(runner)
        except Fault as fault:
            log.warning("a runner could not be ended: %s", fault, extra={"action": "runner", "runner": runner})
        if self.remote is not None:
            await self.remote.dismiss(runner)

    def _pause(self, seat: Seat, why: str) -> None:
        _, pause = self._pauses[seat.service]
        self._pauses[seat.service] = (self._clock.monotonic() + pause, min(pause * 2, LONGEST_PAUSE))
        log.warning("a runner failed: %s", why, extra={"action": "runner", "service": seat.service, "runner": seat.id})


def _placed(seat: Seat) -> Placed:
    return Placed(
        id=seat.id,
        service=seat.service,
        cpu=seat.cpu,
        memory=seat.memory,
        idle=not seat.busy,
        leaving=seat.leaving,
        idle_since=seat.idle_since,
        since=seat.since,
    )
