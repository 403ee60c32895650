"""What people do to jobs: cancel them, have them run again, prune the records of old ones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import sqlalchemy as sa

from statuette.adapters.ledger_sql.batch import Batch, Entry, chunks
from statuette.adapters.ledger_sql.intake import open_lanes
from statuette.adapters.ledger_sql.jobs import delete
from statuette.adapters.ledger_sql.schema import jobs, shelf_of
from statuette.adapters.ledger_sql.statements import Statement
from statuette.adapters.ledger_sql.writer import MAX_WEIGHT, Request, Writer
from statuette.events import transitions
from statuette.events.jobs import DEAD_LETTERS, FINAL, LEASABLE, Job, JobState
from statuette.ports.interventions import Interventions

_AT_ONCE = MAX_WEIGHT // 2
_STOPPABLE = frozenset({JobState.LEASED, JobState.STARTED})
_IDLE = LEASABLE | {JobState.WAITING}
_REVIVABLE = DEAD_LETTERS | {JobState.CANCELLED}


@dataclass(slots=True, eq=False, kw_only=True)
class Cancel(Request[list[Job]]):
    """Jobs of a service to be withdrawn, or to be ended where they run."""

    serial: ClassVar[bool] = True
    service: str
    jobs: Sequence[str]
    reason: str


@dataclass(slots=True, eq=False, kw_only=True)
class Revive(Request[list[Job]]):
    """Jobs of a service to be run again."""

    serial: ClassVar[bool] = True
    service: str
    jobs: Sequence[str]


@dataclass(slots=True, eq=False, kw_only=True)
class Prune(Request[list[Job]]):
    """Up to `limit` records of jobs that ended before these times (seconds since the epoch)."""

    serial: ClassVar[bool] = True
    ended_before: float
    dead_before: float
    limit: int


class SqlInterventions(Interventions):
    """`Interventions` over the writer thread."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def cancel(self, service: str, jobs: Sequence[str], *, reason: str) -> list[Job]:
        fitted: list[Job] = []
        for some in chunks(jobs, _AT_ONCE):
            request = Cancel(weight=len(some), service=service, jobs=some, reason=reason)
            done = await self._writer.submit(request)
            fitted += done
        return fitted

    async def revive(self, service: str, jobs: Sequence[str]) -> list[Job]:
        fitted: list[Job] = []
        for some in chunks(jobs, _AT_ONCE):
            done = await self._writer.submit(Revive(weight=len(some), service=service, jobs=some))
            fitted += done
        return fitted

    async def prune(self, *, ended_before: float, dead_before: float, limit: int) -> list[Job]:
        pruned: list[Job] = []
        while len(pruned) < limit:
            most = min(limit - len(pruned), _AT_ONCE)
            request = Prune(weight=most, ended_before=ended_before, dead_before=dead_before, limit=most)
            some = await self._writer.submit(request)
            pruned += some
            if len(some) < most:
                break
        return pruned


def cancel(batch: Batch, requests: Sequence[Cancel]) -> None:
    """Withdraw what nobody runs; note of what is under way that its run is to be ended."""
    batch.load(job for request in requests for job in request.jobs)
    for request in requests:
        mine = _of_service(batch, request.service, request.jobs)
        request.answer = [entry.job for entry in mine if _cancel_one(entry, batch=batch, reason=request.reason)]


def _of_service(batch: Batch, service: str, names: Iterable[str]) -> list[Entry]:
    found = [entry for name in dict.fromkeys(names) if (entry := batch.find(name))]
    return [entry for entry in found if entry.job.service == service]


def _cancel_one(entry: Entry, *, batch: Batch, reason: str) -> bool:
    if entry.job.state in _IDLE:
        batch.put(entry, transitions.cancelled(entry.job, now=batch.now, reason=reason), until=None)
    elif entry.job.state in _STOPPABLE:
        batch.put(entry, transitions.stopping(entry.job, reason=reason), until=entry.until)
    else:
        return False
    return True


def revive(batch: Batch, requests: Sequence[Revive]) -> None:
    """Queue dead letters and cancelled jobs again, the oldest first; whose lane is taken waits in its old place."""
    batch.load(job for request in requests for job in request.jobs)
    batch.flush()  # lanes that came free in this transaction are taken by who waited
    wanted = [(request, _revivable(batch, request)) for request in requests]
    lanes = {entry.job.lane for _, mine in wanted for entry in mine if entry.job.lane}
    taken = open_lanes(batch.connection, lanes)
    for request, mine in wanted:
        still = [entry for entry in mine if entry.job.state in _REVIVABLE]  # another request may have come first
        for entry in still:
            after = transitions.revived(entry.job, waits=entry.job.lane in taken, now=batch.now)
            batch.put(entry, after, until=None)
            taken |= {entry.job.lane} - {""}
        request.answer = [entry.job for entry in still]


def _revivable(batch: Batch, request: Revive) -> list[Entry]:
    mine = [entry for entry in _of_service(batch, request.service, request.jobs) if entry.job.state in _REVIVABLE]
    return sorted(mine, key=lambda entry: entry.job.sequence)


ended_question = (
    sa.select(jobs)
    .where(jobs.c.shelf == sa.bindparam("final"), jobs.c.ended < sa.bindparam("before"))
    .order_by(jobs.c.ended, jobs.c.sequence)
    .limit(sa.bindparam("most", type_=sa.Integer))
    .with_for_update()
)
_ended_of = Statement(ended_question)


def prune(batch: Batch, requests: Sequence[Prune]) -> None:
    """Delete the records of what ended longest ago; each final state is asked by itself, so that many dead letters
    that are kept do not stand in the way.
    """
    for request in requests:
        batch.flush()
        found = [entry for state in sorted(FINAL) for entry in _ended(batch, state=state, request=request)]
        found.sort(key=_age)
        going = found[: request.limit]
        request.answer = [entry.job for entry in going]
        delete(batch, going)


def _ended(batch: Batch, *, state: JobState, request: Prune) -> list[Entry]:
    before = request.dead_before if state in DEAD_LETTERS else request.ended_before
    at = {"final": shelf_of(state), "before": before, "most": request.limit}
    return [batch.entry(row) for row in _ended_of.rows(batch.connection, at)]


def _age(entry: Entry) -> tuple[float, int]:
    return entry.job.ended or 0.0, entry.job.sequence
