"""Work under way: renewals, commits, last words, leases taken back."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import sqlalchemy as sa

from statuette.adapters.ledger_sql.batch import Batch, Entry
from statuette.adapters.ledger_sql.codec import (
    Plain,
    dump_json,
    dump_manifest,
    dump_usage,
    load_manifest,
    load_names,
)
from statuette.adapters.ledger_sql.leasing import GIVE_UP_LIMIT, GiveUp, Take
from statuette.adapters.ledger_sql.schema import attempts, commits, jobs
from statuette.adapters.ledger_sql.statements import Statement
from statuette.adapters.ledger_sql.waits import shorten_waits
from statuette.adapters.ledger_sql.writer import Request, Writer
from statuette.events import transitions
from statuette.events.homes import runner_name, upload_line
from statuette.events.jobs import Job, JobState, Outcome
from statuette.events.leases import Commit, Lease, Manifest, Report
from statuette.ports.errors import LeaseLost
from statuette.ports.queue import QueueLedger

_EXPIRE_AT_ONCE = 500


@dataclass(slots=True, eq=False, kw_only=True)
class Renew(Request[list[Lease]]):
    """Leases to be prolonged by `ttl` seconds; `started` as in the port."""

    leases: Sequence[Lease]
    ttl: float
    started: Mapping[str, float]


@dataclass(slots=True, eq=False, kw_only=True)
class MakeCommit(Request[Commit]):
    """A manifest that wants to count."""

    lease: Lease
    manifest: Manifest


@dataclass(slots=True, eq=False, kw_only=True)
class LastWord(Request[Job]):
    """An attempt's report."""

    serial: ClassVar[bool] = True
    lease: Lease
    report: Report


@dataclass(slots=True, eq=False, kw_only=True)
class Expire(Request[list[Job]]):
    """Some of the leases that have run out, or some of all, or some of one manager's (`home`)."""

    serial: ClassVar[bool] = True
    everything: bool
    home: str


class SqlQueue(QueueLedger):
    """`QueueLedger` over the writer thread."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def lease(
        self, service: str, *, runner: str, limit: int, ttl: float, revision: int, script_hash: str
    ) -> list[Job]:
        if limit < 1:
            return []
        while True:
            request = Take(
                weight=limit,
                line=service or upload_line(runner),
                runner=runner,
                limit=limit,
                ttl=ttl,
                revision=revision,
                script_hash=script_hash,
            )
            taken = await self._writer.submit(request)
            if not request.late:
                return taken
            await self._writer.submit(GiveUp(weight=GIVE_UP_LIMIT, line=service, limit=limit))

    async def renew(self, leases: Sequence[Lease], *, ttl: float, started: Mapping[str, float]) -> list[Lease]:
        return await self._writer.submit(Renew(weight=max(1, len(leases)), leases=leases, ttl=ttl, started=started))

    async def commit(self, lease: Lease, manifest: Manifest) -> Commit:
        return await self._writer.submit(MakeCommit(lease=lease, manifest=manifest))

    async def report(self, lease: Lease, report: Report) -> Job:
        return await self._writer.submit(LastWord(lease=lease, report=report))

    async def expire(self, *, everything: bool = False, home: str = "") -> list[Job]:
        ended: list[Job] = []
        while True:
            some = await self._writer.submit(Expire(weight=_EXPIRE_AT_ONCE, everything=everything, home=home))
            ended += some
            if len(some) < _EXPIRE_AT_ONCE:
                return ended


def renew(batch: Batch, requests: Sequence[Renew]) -> None:
    """Prolong what still counts; the rest is the answer, and what is to be ended though it counts."""
    batch.load(lease.job for request in requests for lease in request.leases)
    for request in requests:
        request.answer = [lease for lease in request.leases if not _goes_on(lease, batch=batch, request=request)]


def _goes_on(lease: Lease, *, batch: Batch, request: Renew) -> bool:
    entry = batch.held(lease)
    if entry is None:
        return False
    job = entry.job
    if lease.job in request.started:
        job = transitions.started(job, at=request.started[lease.job])
    batch.put(entry, job, until=batch.lease_now + request.ttl)
    return not job.cancelling or job.state is JobState.COMMITTED  # outputs that count are published all the same


def commit(batch: Batch, requests: Sequence[MakeCommit]) -> None:
    """Make each manifest the one that counts, if its attempt still does."""
    batch.load(request.lease.job for request in requests)
    wanted = [entry.job for request in requests if (entry := batch.held(request.lease)) and entry.job.generation]
    kept = {(job.id, job.generation): kept_commit(batch.connection, job) for job in wanted}
    made: list[Plain] = []
    for request in requests:
        entry = batch.held(request.lease)
        if entry is None:
            request.refusal = LeaseLost()
            continue
        job = entry.job
        earlier = kept.get((job.id, job.generation))
        if job.state is JobState.COMMITTED:
            request.answer = earlier
            continue
        request.answer = _commit_one(entry, batch=batch, manifest=request.manifest, earlier=earlier)
        kept[entry.job.id, entry.job.generation] = request.answer
        made.append(_commit_row(entry.job, request.answer))
    _add_commits.many(batch.connection, made)


def _commit_one(entry: Entry, *, batch: Batch, manifest: Manifest, earlier: Commit | None) -> Commit:
    name = uuid.uuid4().hex
    after = transitions.committed(entry.job, commit=name, now=batch.now)
    batch.put(entry, after, until=entry.until)
    return Commit(
        id=name, job=after.id, generation=after.generation, manifest=manifest, stale=_stale(earlier, manifest)
    )


def _stale(earlier: Commit | None, manifest: Manifest) -> tuple[str, ...]:
    """Names that any earlier generation listed and this one does not."""
    if earlier is None:
        return ()
    old = {entry.name for entry in earlier.manifest.entries} | set(earlier.stale)
    return tuple(sorted(old - {entry.name for entry in manifest.entries}))


def _commit_row(job: Job, made: Commit) -> Plain:
    return {
        "job": job.sequence,
        "generation": made.generation,
        "id": made.id,
        "manifest": dump_manifest(made.manifest),
        "stale": dump_json(made.stale),
    }


_commit_query = sa.select(commits).where(
    commits.c.job == sa.bindparam("sequence"), commits.c.generation == sa.bindparam("generation")
)


def kept_commit(connection: sa.Connection, job: Job) -> Commit | None:
    """The commit that counts for a job as it stands, None when there is none."""
    at = {"sequence": job.sequence, "generation": job.generation}
    row = connection.execute(_commit_query, at).one_or_none()
    if row is None:
        return None
    return Commit(
        id=row.id,
        job=job.id,
        generation=row.generation,
        manifest=load_manifest(row.manifest),
        stale=tuple(load_names(row.stale)),
    )


_close_attempt = Statement(
    attempts.update().where(attempts.c.job == sa.bindparam("of_job"), attempts.c.number == sa.bindparam("of_number"))
)
_add_commits = Statement(commits.insert())


def report(batch: Batch, requests: Sequence[LastWord]) -> None:
    """End each attempt with its last word, if it still counts."""
    batch.load(request.lease.job for request in requests)
    closed: list[Plain] = []
    for request in requests:
        entry = batch.held(request.lease)
        if entry is None:
            request.refusal = LeaseLost()
            continue
        request.answer = transitions.ended(entry.job, request.report, now=batch.now)
        batch.put(entry, request.answer, until=None)
        closed.append(_closed(request.answer, report=request.report, now=batch.now))
    _close_attempt.many(batch.connection, closed)


def _closed(job: Job, *, report: Report, now: float) -> Plain:
    return {
        "of_job": job.sequence,
        "of_number": job.attempt,
        "outcome": report.outcome.value,
        "exit_code": report.exit_code,
        "reason": report.reason,
        "ended": now,
        "stages": dump_json(job.stages),
        "usage": dump_usage(report.usage),
    }


def expire(batch: Batch, requests: Sequence[Expire]) -> None:
    """Take back leases, the oldest ends first; let nobody wait for a clock that has been set back."""
    batch.flush()
    shorten_waits(batch)
    for request in requests:
        batch.flush()
        query = sa.select(jobs).where(jobs.c.lease_until.is_not(None))
        if request.home:
            query = query.where(_of_home(request.home))
        elif not request.everything:
            query = query.where(jobs.c.lease_until <= batch.lease_now)
        query = query.order_by(jobs.c.lease_until).limit(_EXPIRE_AT_ONCE).with_for_update(skip_locked=True)
        request.answer = _take_back(batch, [batch.entry(row) for row in batch.connection.execute(query)])


def _of_home(home: str) -> sa.ColumnElement[bool]:
    """Whether a job's present attempt is by a runner of this manager."""
    mine = sa.select(attempts.c.job).where(attempts.c.job == jobs.c.sequence, attempts.c.number == jobs.c.attempt)
    return mine.where(attempts.c.runner.startswith(runner_name(home, ""), autoescape=True)).exists()


def _take_back(batch: Batch, entries: Sequence[Entry]) -> list[Job]:
    closed: list[Plain] = []
    for entry in entries:
        before, after = entry.job, transitions.orphaned(entry.job, now=batch.now)
        batch.put(entry, after, until=None)
        word = Report(outcome=_outcome(before, after), reason=after.reason)
        closed.append(_closed(after, report=word, now=batch.now))
    _close_attempt.many(batch.connection, closed)
    return [entry.job for entry in entries]


def _outcome(before: Job, after: Job) -> Outcome:
    """The outcome that the transition counted; none when the job's outputs were committed already."""
    for outcome, count in after.faults.items():
        if count > before.faults.get(outcome, 0):
            return outcome
    return Outcome.UNPUBLISHED
