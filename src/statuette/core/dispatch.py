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
from statuette.core.managers import Managers
from statuette.core.roster import Roster, Seat
from statuette.core.uploads import Uploads
from statuette.events.event import Event
from statuette.events.homes import runner_name
from statuette.events.jobs import DEAD_LETTERS, FINAL, Job, JobState, Outcome
from statuette.events.leases import Commit, Lease, Manifest, Report
from statuette.events.objects import ObjectRef
from statuette.ports.bodies import Bodies
from statuette.ports.clock import Clock
from statuette.ports.errors import LeaseLost, NotFound, ObjectGone, Unavailable
from statuette.ports.jobs import JobLedger
from statuette.ports.logs import Logs
from statuette.ports.queue import QueueLedger
from statuette.ports.services import ServiceRecord
from statuette.ports.work import PUBLISHER, Assignment, CommitPage, OutputRule

log = logging.getLogger(__name__)

LEASE_TTL = 60.0
"""Seconds a lease lives without being renewed."""
SINGLY = 30.0
"""Seconds after a call, or after jobs of several people, in which a service's jobs are leased one at a time."""
UPLOAD_LOOK = 1.0
"""Seconds between two looks for uploads to be taken up."""
_SETTLED = FINAL - DEAD_LETTERS - {JobState.CANCELLED}
"""States from which a job never runs again, so that its body is needed no more."""


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
        logs: Logs,
        managers: Managers,
        lease_ttl: float = LEASE_TTL,
    ) -> None:
        self._freed = freed
        self._logs = logs
        self._managers = managers
        self._uploads = Uploads(jobs=jobs, home=managers.home, gone=managers.is_gone)
        self._ttl = lease_ttl
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
        self._singly: dict[str, float] = {}
        """Until when (`Clock.monotonic`) a service's jobs are handed out one at a time."""

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
            if self._may_lease() and (count := self._share(seat, limit)):
                if (assignments := await self._lease_jobs(seat, count)) is not None:
                    return assignments
                continue
            if not await self._roster.hints.wait(seat.service, float(seat.record.definition.runner.idle_timeout)):
                break
        return []

    async def renew(self, leases: Sequence[Lease], *, started: Mapping[str, float]) -> Sequence[Lease]:
        jobs = [lease for lease in leases if lease.job not in self._calls]
        return await self._queue.renew(jobs, ttl=self._ttl, started=started) if jobs else []

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
        held = self._leased.pop(lease, None)
        call = self._calls.pop(lease.job, None)
        if call is not None:
            self._answer(call, report, sealed=sealed)
        else:
            await self._report_job(lease, report, held)
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

    def withdraw_job(self, job: str) -> None:
        """Have the run of one job ended, if it goes on here; its supervisor reports it as cancelled."""
        for lease in self._leased:
            seat = self._roster.get(lease.runner)
            if lease.job == job and seat is not None:
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

    def _share(self, seat: Seat, limit: int) -> int:
        """How many jobs the runner may take now: of what waits, the part that falls to each runner that there is or
        could be. One where calls come in, so that they find a runner free soon, where runners are used once, and where
        several people's work is mixed. 0 when there is none.
        """
        alone = self._clock.monotonic() < self._singly.get(seat.service, 0.0)
        most = 1 if alone or seat.record.definition.reuse == "never" else limit
        runners = max(self._roster.reach.get(seat.service, 1), len(self._roster.of(seat.service)))
        return self._roster.hints.take(seat.service, among=runners, most=most)

    async def _lease_jobs(self, seat: Seat, count: int) -> list[Assignment] | None:
        """Jobs for this runner; None when there were none, an empty list when they are not for this runner."""
        record = seat.record
        jobs = await self._queue.lease(
            seat.service,
            runner=seat.id,
            limit=count,
            ttl=self._ttl,
            revision=record.revision,
            script_hash=script_hash(record),
        )
        if not jobs:
            self._roster.hints.none_left(seat.service)
            return None
        taken: list[Assignment] = []
        others: list[Lease] = []
        elsewhere = False
        for job in jobs:
            lease = Lease(job=job.id, attempt=job.attempt, runner=seat.id)
            if (word := await self._unfit(job, record)) is not None:
                await self._queue.report(lease, word)
                elsewhere = elsewhere or word.outcome is Outcome.RETURNED
            elif seat.serves(job.principal):
                self._note_busy(seat, job.principal)
                taken.append(self._assignment(record, lease, job.event))
            else:
                others.append(lease)
        if others:
            await self._return(seat.service, others)
        return taken if taken or others or elsewhere else None

    async def _unfit(self, job: Job, record: ServiceRecord) -> Report | None:
        """The last word on a job that cannot be run here now; None for one that can."""
        if is_runaway(job, most=self._most_hops):
            reason = f"stopped: it comes after {job.event.hops} services in a row, the most are {self._most_hops}"
            return Report(outcome=Outcome.RUNAWAY, reason=reason)
        if job.incarnation != record.incarnation:
            return await self._misplaced(job)
        return await self._without_body(job)

    async def _return(self, service: str, leases: Sequence[Lease]) -> None:
        """Put back what is another principal's, and for a while hand out one job at a time."""
        self._singly[service] = self._clock.monotonic() + SINGLY
        word = Report(outcome=Outcome.RETURNED, reason="waits for a runner of its own")
        try:
            await asyncio.gather(*(self._queue.report(lease, word) for lease in leases))
        except (Unavailable, LeaseLost) as fault:  # they come back when their leases run out
            log.warning("jobs could not be put back: %s", fault, extra={"action": "lease", "service": service})
        self._roster.hints.add({service: len(leases)})

    async def _without_body(self, job: Job) -> Report | None:
        """The last word on a job whose body another manager took in and which is not to be had now."""
        if not job.event.payload_file:
            return None
        try:
            await self._bodies.fetch(job.event.payload_file)
        except (Unavailable, NotFound, ObjectGone) as fault:
            return Report(outcome=Outcome.PLATFORM_FAULT, reason=f"its body could not be fetched: {fault}")
        return None

    async def _misplaced(self, job: Job) -> Report:
        """The last word on a job of another life of the service: an earlier one, or one not heard of here yet."""
        if await self._managers.lives(job.service, job.incarnation):
            return Report(outcome=Outcome.RETURNED, reason="waits for a manager that knows the service made anew")
        return Report(outcome=Outcome.CANCELLED, reason="its service was deleted")

    async def _lease_uploads(self, limit: int) -> list[Assignment]:
        while True:
            for home in await self._uploads.homes():
                runner = runner_name(home, PUBLISHER)
                jobs = await self._queue.lease(
                    "", runner=runner, limit=limit, ttl=self._ttl, revision=0, script_hash=""
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
        self._singly[seat.service] = self._clock.monotonic() + SINGLY
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

    async def _report_job(self, lease: Lease, report: Report, held: _Held | None) -> None:
        if held is not None:
            await self._logs.settle(held.record.name, lease.job, lease.attempt)
        job = await self._queue.report(lease, report)
        log.info(
            "attempt ended: %s",
            report.outcome,
            extra={"action": "report", "service": job.service, "job": job.id, "state": job.state},
        )
        if job.state in _SETTLED and job.event.payload_file:
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
