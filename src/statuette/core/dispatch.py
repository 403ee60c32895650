"""Dispatch: hands out work in process. The supervisor's port `Work`, over the ledger and the calls that wait.

Calls go before jobs. A runner that may not do the next piece of work (another principal, another revision, single
use) gets an empty answer and ends; the fleet starts a fitting one.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from statuette.core.calls import Call, CallBoard, discard, lease_of
from statuette.core.catalog import Catalog
from statuette.core.commits import CommitMarks, check_keys, page_of
from statuette.core.loops import is_runaway
from statuette.core.roster import Roster, Seat
from statuette.events.event import Event
from statuette.events.jobs import FINAL, Job, JobState, Outcome
from statuette.events.leases import Commit, Lease, Manifest, Report
from statuette.events.objects import ObjectRef
from statuette.ports.bodies import Bodies
from statuette.ports.clock import Clock
from statuette.ports.errors import LeaseLost
from statuette.ports.jobs import JobLedger
from statuette.ports.queue import QueueLedger
from statuette.ports.services import ServiceRecord
from statuette.ports.work import PUBLISHER, Assignment, CommitPage, OutputRule

log = logging.getLogger(__name__)

LEASE_TTL = 60.0
"""Seconds a lease lives without being renewed."""
UPLOAD_LOOK = 1.0
"""Seconds between two looks for uploads to be taken up."""


@dataclass(frozen=True, slots=True)
class _Held:
    """What a piece of work was handed out with: the service as it stood, and the hops of its input."""

    record: ServiceRecord
    hops: int


class Dispatch:
    """Implements `Work` for supervisors in this process."""

    def __init__(
        self,
        *,
        queue: QueueLedger,
        jobs: JobLedger,
        catalog: Catalog,
        board: CallBoard,
        roster: Roster,
        marks: CommitMarks,
        bodies: Bodies,
        clock: Clock,
        may_lease: Callable[[], bool],
        most_hops: int,
        changed: Callable[[], None],
        freed: Callable[[], None],
    ) -> None:
        self._freed = freed
        self._queue = queue
        self._jobs = jobs
        self._catalog = catalog
        self._board = board
        self._roster = roster
        self._marks = marks
        self._bodies = bodies
        self._clock = clock
        self._may_lease = may_lease
        self._most_hops = most_hops
        self._changed = changed
        self._calls: dict[str, Call] = {}
        self._leased: dict[Lease, _Held] = {}

    async def lease(self, runner: str, *, limit: int = 1) -> Sequence[Assignment]:
        """Wait for work that this runner may do."""
        if runner == PUBLISHER:
            return await self._lease_uploads(limit)
        seat = self._roster.get(runner)
        while seat is not None and not seat.leaving and self._usable(seat):
            self._note_idle(seat)
            if (call := self._board.take(seat)) is not None:
                return [self._call_assignment(seat, call)]
            if self._board.waits(seat.service):
                break
            if self._may_lease() and self._roster.hints.take(seat.service):
                if (assignment := await self._lease_job(seat)) is not None:
                    return assignment
                continue
            if not await self._roster.hints.wait(seat.service, float(seat.record.definition.runner.idle_timeout)):
                break
        return []

    async def renew(self, leases: Sequence[Lease], *, started: Mapping[str, float]) -> Sequence[Lease]:
        jobs = [lease for lease in leases if lease.job not in self._calls]
        return await self._queue.renew(jobs, ttl=LEASE_TTL, started=started) if jobs else []

    async def commit(self, lease: Lease, manifest: Manifest, *, page: int = 0) -> CommitPage:
        held = self._leased.get(lease)
        if held is None:
            raise LeaseLost
        rules = output_rules(held.record)
        if page == 0:
            check_keys((entry.name for entry in manifest.entries), rules)
        if lease.job in self._calls:
            commit = Commit(id=self._calls[lease.job].commit, job=lease.job, generation=1, manifest=manifest)
        else:
            commit = await self._queue.commit(lease, manifest)
        return page_of(commit, rules, self._marks, page=page, hops=held.hops + 1)

    async def report(self, lease: Lease, report: Report, *, sealed: str = "") -> None:
        self._leased.pop(lease, None)
        call = self._calls.pop(lease.job, None)
        if call is not None:
            self._answer(call, report, sealed=sealed)
        else:
            await self._report_job(lease, report)
            self._changed()

    async def cancelled(self, runner: str) -> Sequence[Lease]:
        seat = self._roster.get(runner)
        if seat is None:
            await asyncio.Event().wait()
            return []
        return [await seat.withdrawn.get()]

    def withdraw(self, service: str) -> None:
        """Have every run of a service that is gone ended; its supervisors report them as cancelled."""
        for lease, held in self._leased.items():
            seat = self._roster.get(lease.runner)
            if held.record.name == service and seat is not None:
                seat.withdrawn.put_nowait(lease)

    def _usable(self, seat: Seat) -> bool:
        """Whether the runner may take any further work: its service's revision still stands and its reuse rule allows
        it.
        """
        record = self._catalog.find(seat.service)
        if record is None or (record.incarnation, record.revision) != (seat.record.incarnation, seat.record.revision):
            return False
        return seat.uses == 0 or seat.record.definition.reuse != "never"

    def _note_idle(self, seat: Seat) -> None:
        seat.started = True
        if seat.busy or not seat.idle_since:
            seat.busy = False
            seat.idle_since = self._clock.monotonic()
            self._freed()

    def _note_busy(self, seat: Seat, principal: str) -> None:
        seat.busy = True
        seat.uses += 1
        seat.principal = principal

    async def _lease_job(self, seat: Seat) -> list[Assignment] | None:
        """One job for this runner; None when there was none, an empty list when it is not for this runner."""
        record = seat.record
        jobs = await self._queue.lease(
            seat.service,
            runner=seat.id,
            limit=1,
            ttl=LEASE_TTL,
            revision=record.revision,
            script_hash=script_hash(record),
        )
        if not jobs:
            self._roster.hints.none_left(seat.service)
            return None
        job = jobs[0]
        lease = Lease(job=job.id, attempt=job.attempt, runner=seat.id)
        if is_runaway(job, most=self._most_hops):
            reason = f"stopped: it comes after {job.event.hops} services in a row, the most are {self._most_hops}"
            await self._queue.report(lease, Report(outcome=Outcome.RUNAWAY, reason=reason))
            return None
        if not seat.serves(job.principal):
            await self._queue.report(lease, Report(outcome=Outcome.RETURNED, reason="waits for a runner of its own"))
            self._roster.hints.add({seat.service: 1})
            return []
        self._note_busy(seat, job.principal)
        return [self._assignment(record, lease, job.event)]

    async def _lease_uploads(self, limit: int) -> list[Assignment]:
        while True:
            if any(backlog.unpublished for backlog in (await self._jobs.backlog()).values()):
                jobs = await self._queue.lease(
                    "", runner=PUBLISHER, limit=limit, ttl=LEASE_TTL, revision=0, script_hash=""
                )
                found = [assignment for job in jobs if (assignment := await self._resumption(job)) is not None]
                if found:
                    return found
            await self._clock.sleep(UPLOAD_LOOK)

    async def _resumption(self, job: Job) -> Assignment | None:
        lease = Lease(job=job.id, attempt=job.attempt, runner=PUBLISHER)
        _, commit = await self._jobs.history(job.id)
        record = self._catalog.find(job.service)
        if commit is None or record is None:
            outcome = Outcome.CANCELLED if record is None else Outcome.PLATFORM_FAULT
            await self._queue.report(lease, Report(outcome=outcome, reason="nothing is left to publish"))
            return None
        return self._assignment(record, lease, job.event, resume=commit)

    def _call_assignment(self, seat: Seat, call: Call) -> Assignment:
        self._note_busy(seat, call.principal)
        lease = lease_of(call)
        self._calls[call.id] = call
        timeout = max(call.deadline - self._clock.monotonic(), 0.001)
        return self._assignment(seat.record, lease, call.event, call=call.id, timeout=timeout)

    def _assignment(
        self,
        record: ServiceRecord,
        lease: Lease,
        event: Event,
        *,
        call: str = "",
        resume: Commit | None = None,
        timeout: float = 0.0,
    ) -> Assignment:
        definition = record.definition
        self._leased[lease] = _Held(record, event.hops)
        return Assignment(
            lease=lease,
            service=record.name,
            event=event,
            call=call,
            resume=resume,
            stage_in=not definition.file_stage_in,
            payload=event.payload,
            payload_path=self._bodies.path(event.payload_file) if event.payload_file else "",
            timeout=timeout or float(definition.timeout or 0),
            publish_on_failure=definition.on_failure == "publish",
            variables={"JOB_UUID": lease.job},
            secrets=tuple(value for value in (record.token, *record.secrets.values()) if value),
        )

    async def _report_job(self, lease: Lease, report: Report) -> None:
        job = await self._queue.report(lease, report)
        log.info(
            "attempt ended: %s",
            report.outcome,
            extra={"action": "report", "service": job.service, "job": job.id, "state": job.state},
        )
        if job.state in FINAL and job.event.payload_file:
            await self._bodies.drop(job.event.payload_file)
        if job.state is JobState.QUEUED:
            self._roster.hints.add({job.service: 1})

    def _answer(self, call: Call, report: Report, *, sealed: str) -> None:
        if call.done.done():
            discard(sealed)
            return
        call.sealed = sealed
        call.done.set_result(report)


def script_hash(record: ServiceRecord) -> str:
    """What ran, for the attempt's record: the first 16 hex characters of the script's SHA-256."""
    return hashlib.sha256(record.definition.script.encode()).hexdigest()[:16]


def output_rules(record: ServiceRecord | None) -> list[OutputRule]:
    """The service's outputs as the supervisor needs them; a service that is gone has none."""
    if record is None:
        return []
    return [
        OutputRule(
            target=ObjectRef(provider=output.storage_provider, bucket=output.bucket, key=output.folder),
            prefix=tuple(output.prefix),
            suffix=tuple(output.suffix),
        )
        for output in record.definition.output
    ]
