"""Calls: one synchronous request waits for a runner, the script runs, the answer goes back.

A call is not durable: it lives in a bounded queue in memory with a deadline. When the queue is full the caller is
told at once. The fleet sees waiting calls as it sees queued jobs, and a free runner takes a call before a job.
"""

import asyncio
import functools
import os
import shutil
import stat
import uuid
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from statuette.core.access import may_submit
from statuette.core.catalog import Catalog
from statuette.core.claims import Claims
from statuette.core.reading import Reading
from statuette.core.roster import Seat
from statuette.events.event import Event, EventKind
from statuette.events.jobs import Outcome
from statuette.events.leases import Lease, Report
from statuette.events.principals import Principal
from statuette.ports.clock import Clock
from statuette.ports.errors import BadInput, Busy, Forbidden, Unavailable
from statuette.ports.services import Readiness

DEADLINE = 300.0
"""Seconds from a call's arrival to its answer when the service names no time-out (the contract's read time-out)."""


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """One output file of a call; `name` is relative with "/" between parts, `size` in bytes."""

    name: str
    path: Path
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a call. `PUBLISHED` is the good outcome. Files are there as long as the call's context is open; long
    words are in files too.
    """

    outcome: Outcome
    exit_code: int | None
    reason: str
    storage_event: bool
    files: tuple[AnswerFile, ...]
    stdout: bytes | Path
    stderr: bytes | Path


@dataclass(slots=True, kw_only=True)
class Call:
    """One call on its way. `report` and `sealed` are set by its attempt."""

    id: str
    service: str
    event: Event
    principal: str
    deadline: float
    arrived: float
    commit: str = field(default_factory=lambda: uuid.uuid4().hex)
    seat: Seat | None = None
    sealed: str = ""
    done: asyncio.Future[Report] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class CallBoard:
    """The calls that wait and those under way, per service first in, first out."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._waiting: dict[str, deque[Call]] = defaultdict(deque)
        self._running: dict[str, Call] = {}

    def put(self, call: Call) -> None:
        """Raises `Busy` when as many calls wait as may."""
        waiting = self._waiting[call.service]
        if len(waiting) >= self._limit:
            raise Busy(f"{len(waiting)} calls are waiting for {call.service} already", retry_after=1.0)
        waiting.append(call)

    def take(self, seat: Seat) -> Call | None:
        """The next call that this runner may serve."""
        waiting = self._waiting[seat.service]
        for call in waiting:
            if seat.serves(call.principal):
                waiting.remove(call)
                call.seat = seat
                self._running[call.id] = call
                return call
        return None

    def waits(self, service: str) -> bool:
        """Whether any call waits for the service."""
        return bool(self._waiting[service])

    def running(self, call: str) -> Call | None:
        return self._running.get(call)

    def finish(self, call: Call) -> None:
        self._running.pop(call.id, None)
        if call in self._waiting[call.service]:
            self._waiting[call.service].remove(call)

    def demand(self) -> Mapping[str, tuple[int, float]]:
        """Per service the number of waiting calls and when the oldest came."""
        return {service: (len(calls), calls[0].arrived) for service, calls in self._waiting.items() if calls}

    def drop_service(self, service: str, reason: str) -> None:
        """Answer every waiting call of a service that is gone."""
        for call in list(self._waiting.pop(service, ())):
            if not call.done.done():
                call.done.set_exception(Unavailable(reason))


class Calls:
    """The core's side of `/run`."""

    def __init__(
        self,
        *,
        board: CallBoard,
        catalog: Catalog,
        claims: Claims,
        reading: Reading,
        clock: Clock,
        summon: Callable[[str], None],
    ) -> None:
        self._board = board
        self._catalog = catalog
        self._claims = claims
        self._reading = reading
        self._clock = clock
        self._summon = summon

    @asynccontextmanager
    async def call(
        self, caller: Principal, service: str, body: AsyncIterator[bytes], *, source_ip: str = ""
    ) -> AsyncIterator[Answer]:
        """Run the script on a body and hold its answer open.

        Raises `NotFound`, `Forbidden`, `BadInput`, `TooLarge`, `Busy` (queue full, or no runner before the deadline)
        and `Unavailable`. Leaving it, also by cancellation, withdraws the call and kills its run.
        """
        record = self._catalog.get(service)
        if not may_submit(caller, record):
            raise Forbidden(f"{service} is not yours to call")
        condition = self._catalog.condition(service)
        if condition.readiness is Readiness.FAILED:
            raise Unavailable(f"{service} cannot run: {condition.detail}")
        call_id = f"{service}-{uuid.uuid4()}"
        async with self._reading.read(call_id, body, source_ip=source_ip) as read:
            event = await self._one_event(caller, service, read.events)
            limit = float(record.definition.timeout or DEADLINE)
            call = self._new_call(call_id, event, caller=caller, service=service, limit=limit)
            self._board.put(call)
            self._summon(service)
            try:
                report = await self._answered(call)
                yield await asyncio.to_thread(_answer, call, report) if call.sealed else _answer(call, report)
            finally:
                self._end(call)

    def _new_call(self, call_id: str, event: Event, *, caller: Principal, service: str, limit: float) -> Call:
        now = self._clock.monotonic()
        return Call(id=call_id, service=service, event=event, principal=caller.id, deadline=now + limit, arrived=now)

    async def _one_event(self, caller: Principal, service: str, events: list[Event]) -> Event:
        if len(events) != 1:
            raise BadInput(f"body: a call takes one record, this holds {len(events)}; send it to /job/{service}")
        return await self._claims.settled(caller, self._catalog.get(service), events[0])

    async def _answered(self, call: Call) -> Report:
        try:
            async with asyncio.timeout(call.deadline - self._clock.monotonic()):
                return await asyncio.shield(call.done)
        except TimeoutError:
            if call.seat is None:
                raise Busy(f"no runner of {call.service} was free in time", retry_after=5.0) from None
            return Report(outcome=Outcome.TIMED_OUT, reason="the call's time was up")

    def _end(self, call: Call) -> None:
        self._board.finish(call)
        if not call.done.done():
            call.done.cancel()
            if call.seat is not None:
                call.seat.withdrawn.put_nowait(lease_of(call))
        discard(call.sealed)


def _answer(call: Call, report: Report) -> Answer:
    sealed = Path(call.sealed) if call.sealed else None
    storage = call.event.kind is not EventKind.JSON and call.event.kind is not EventKind.RAW
    return Answer(
        outcome=report.outcome,
        exit_code=report.exit_code,
        reason=report.reason,
        storage_event=storage,
        files=tuple(_files(sealed / "out")) if sealed else (),
        stdout=_said(sealed, "stdout", report.stdout),
        stderr=_said(sealed, "stderr", report.stderr),
    )


def lease_of(call: Call) -> Lease:
    """The name by which supervisor and core speak of a call's run."""
    return Lease(job=call.id, attempt=1, runner=call.seat.id if call.seat else "")


def discard(sealed: str) -> None:
    """Remove a call's sealed folder, away from the event loop; what cannot be removed now goes at the next start."""
    if sealed:
        asyncio.get_running_loop().run_in_executor(None, functools.partial(shutil.rmtree, sealed, ignore_errors=True))


def _said(sealed: Path | None, name: str, short: bytes) -> bytes | Path:
    return sealed / name if sealed and (sealed / name).is_file() else short


def _files(out: Path) -> list[AnswerFile]:
    """Regular files only, beneath the sealed folder, in order of name; links are not followed."""
    found: list[AnswerFile] = []
    for folder, _, names in os.walk(out, followlinks=False):
        for name in names:
            path = Path(folder, name)
            info = path.lstat()
            if stat.S_ISREG(info.st_mode):
                found.append(AnswerFile(path.relative_to(out).as_posix(), path, info.st_size))
    return sorted(found, key=lambda file: file.name)
