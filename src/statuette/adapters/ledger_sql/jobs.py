"""Jobs as people read them: one, pages, histories, counts; and their removal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import sqlalchemy as sa

from statuette.adapters.ledger_sql.batch import Batch, Entry, chunks
from statuette.adapters.ledger_sql.codec import load_attempt, load_job
from statuette.adapters.ledger_sql.counters import Counters
from statuette.adapters.ledger_sql.queue import kept_commit
from statuette.adapters.ledger_sql.reader import Reader
from statuette.adapters.ledger_sql.schema import SHELVES, attempts, commits, jobs, shelf_of
from statuette.adapters.ledger_sql.writer import MAX_WEIGHT, Request, Writer
from statuette.events import transitions
from statuette.events.jobs import FINAL, RUNNING, Attempt, Job
from statuette.events.leases import Commit
from statuette.ports.errors import BadInput
from statuette.ports.jobs import JobLedger, JobPage, JobQuery
from statuette.ports.queue import Backlog


@dataclass(slots=True, eq=False, kw_only=True)
class Remove(Request[list[str]]):
    """Records of a service's jobs that are to be deleted."""

    serial: ClassVar[bool] = True
    service: str
    jobs: Sequence[str]


class SqlJobs(JobLedger):
    """`JobLedger` over the reader and, for removals, the writer thread."""

    def __init__(self, *, writer: Writer, reader: Reader, counters: Counters) -> None:
        self._writer = writer
        self._reader = reader
        self._counters = counters

    async def get(self, job: str) -> Job | None:
        return await self._reader.read(lambda connection: _get(connection, job))

    async def page(self, query: JobQuery, *, after: str = "", limit: int = 70) -> JobPage:
        before = _parsed_token(after)
        return await self._reader.read(lambda connection: _page(connection, query, before=before, limit=limit))

    async def history(self, job: str) -> tuple[list[Attempt], Commit | None]:
        return await self._reader.read(lambda connection: _history(connection, job))

    async def remove(self, service: str, jobs: Sequence[str]) -> list[str]:
        removed: list[str] = []
        for some in chunks(jobs, MAX_WEIGHT // 2):
            request = Remove(weight=len(some), service=service, jobs=some)
            gone = await self._writer.submit(request)
            removed += gone
        return removed

    async def backlog(self) -> Mapping[str, Backlog]:
        return await self._reader.read(self._counters.look)


def _parsed_token(after: str) -> int | None:
    if not after:
        return None
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        raise BadInput("this is no token of a page")
    return int(after)


def _get(connection: sa.Connection, job: str) -> Job | None:
    row = connection.execute(sa.select(jobs).where(jobs.c.id == job)).one_or_none()
    return load_job(row) if row else None


def page_questions(query: JobQuery, *, before: int | None, limit: int) -> list[sa.Select[tuple[Any]]]:
    """Questions for the newest sequences, each answered from one index in its order; their answers are merged.

    Jobs of one object or principal have an index each; otherwise the service's shelves are asked one by one.
    """
    base = sa.select(jobs.c.sequence).where(jobs.c.service == query.service)
    base = base.order_by(jobs.c.sequence.desc()).limit(limit)
    if before is not None:
        base = base.where(jobs.c.sequence < before)
    if query.states:
        base = base.where(jobs.c.state.in_(sorted(query.states)))
    if query.incarnation:
        base = base.where(jobs.c.incarnation == query.incarnation)
    if query.principal:
        base = base.where(jobs.c.principal == query.principal)
    if query.object:
        return [base.where(jobs.c.object == query.object)]
    if query.principal:
        return [base]
    shelves = sorted({shelf_of(state) for state in query.states}) if query.states else SHELVES
    return [base.where(jobs.c.shelf == shelf) for shelf in shelves]


def _page(connection: sa.Connection, query: JobQuery, *, before: int | None, limit: int) -> JobPage:
    found: list[int] = []
    for question in page_questions(query, before=before, limit=limit + 1):
        found += connection.scalars(question)
    found.sort(reverse=True)
    newest = found[:limit]
    rows = sa.select(jobs).where(jobs.c.sequence.in_(newest)).order_by(jobs.c.sequence.desc())
    page = tuple(load_job(row) for row in connection.execute(rows))
    return JobPage(jobs=page, next=str(newest[-1]) if newest and len(found) > limit else "")


def _history(connection: sa.Connection, name: str) -> tuple[list[Attempt], Commit | None]:
    job = _get(connection, name)
    if job is None:
        return [], None
    query = sa.select(attempts).where(attempts.c.job == job.sequence).order_by(attempts.c.number)
    return [load_attempt(row, job) for row in connection.execute(query)], kept_commit(connection, job)


def remove(batch: Batch, requests: Sequence[Remove]) -> None:
    """Withdraw what nobody runs yet, then delete it and what has ended."""
    batch.load(job for request in requests for job in request.jobs)
    for request in requests:
        going: dict[str, Entry] = {}
        for name in request.jobs:
            entry = batch.find(name)
            if entry and entry.job.service == request.service and _withdrawn(batch, entry):
                going[name] = entry
        batch.flush()
        delete(batch, list(going.values()))
        request.answer = list(going)


def _withdrawn(batch: Batch, entry: Entry) -> bool:
    """Whether the job is over, if need be by being withdrawn now."""
    if entry.job.state in RUNNING:
        return False
    if entry.job.state not in FINAL:
        batch.put(entry, transitions.cancelled(entry.job, now=batch.now, reason="removed"), until=None)
    return True


def delete(batch: Batch, entries: Sequence[Entry]) -> None:
    """Delete the records of ended jobs, with their attempts and commits."""
    for some in chunks(entry.job.sequence for entry in entries):
        batch.connection.execute(attempts.delete().where(attempts.c.job.in_(some)))
        batch.connection.execute(commits.delete().where(commits.c.job.in_(some)))
        batch.connection.execute(jobs.delete().where(jobs.c.sequence.in_(some)))
    for entry in entries:
        batch.moved(entry.job, -1)
        batch.drop(entry)
