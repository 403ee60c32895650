"""Handing out: which jobs are next, by index, and the attempts that are opened for them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import ClassVar

import sqlalchemy as sa

from statuette.adapters.ledger_sql.batch import Batch, Entry
from statuette.adapters.ledger_sql.codec import Plain, dump_json, dump_usage
from statuette.adapters.ledger_sql.schema import attempts, jobs
from statuette.adapters.ledger_sql.statements import Statement
from statuette.adapters.ledger_sql.writer import Request
from statuette.events import transitions
from statuette.events.homes import is_upload_line
from statuette.events.jobs import Job, Usage

GIVE_UP_LIMIT = 1000
"""Overdue jobs after which one transaction stops to give up more."""
RIPEN_LIMIT = 1000
"""Jobs whose waiting time is over that one transaction puts among the ready ones of a line; the next takes more."""


@dataclass(slots=True, eq=False, kw_only=True)
class Take(Request[list[Job]]):
    """Up to `limit` jobs of a line for one runner: a service's, or one where uploads wait. `ttl` is in seconds."""

    line: str
    runner: str
    limit: int
    ttl: float
    revision: int
    script_hash: str
    late: bool = False
    """Nothing was handed out, because some of what is next is overdue: it has to be given up first."""


@dataclass(slots=True, eq=False, kw_only=True)
class GiveUp(Request[int]):
    """The overdue jobs among the next `limit` of a line, until there are none among them; answered with their number.

    A request of its own, because it ends jobs: unlike handing out, that is one manager's at a time.
    """

    serial: ClassVar[bool] = True
    line: str
    limit: int


ripening = (
    sa.select(jobs.c.sequence)
    .where(jobs.c.ripening_line == sa.bindparam("line"), jobs.c.not_before <= sa.bindparam("now"))
    .order_by(jobs.c.not_before)
    .limit(RIPEN_LIMIT)
    .with_for_update(skip_locked=True)
)
_ripen = (
    jobs.update().where(jobs.c.sequence.in_(ripening)).values(ready_line=jobs.c.ripening_line, ripening_line=sa.null())
)
# What is ready was due once, and stays so when the clock is set back.
next_ready = (
    sa.select(jobs)
    .where(jobs.c.ready_line == sa.bindparam("line"))
    .order_by(jobs.c.priority.desc(), jobs.c.sequence)
    .limit(sa.bindparam("total", type_=sa.Integer))
    .with_for_update(skip_locked=True)
)
_ripen_due, _next_ready, _open_attempts = Statement(_ripen), Statement(next_ready), Statement(attempts.insert())


def take(batch: Batch, requests: Sequence[Take]) -> None:
    """Serve all requests of a line with one question, in the order they came."""
    batch.flush()
    lines: dict[str, list[Take]] = {}
    for request in requests:
        lines.setdefault(request.line, []).append(request)
    opened: list[Plain] = []
    for line in sorted(lines):
        _take_line(batch, line=line, requests=lines[line], opened=opened)
    _open_attempts.many(batch.connection, opened)


def _take_line(batch: Batch, *, line: str, requests: Sequence[Take], opened: list[Plain]) -> None:
    _ripen_due.rows(batch.connection, {"line": line, "now": batch.now})
    found = _next(batch, line=line, limit=sum(request.limit for request in requests))
    late = bool(_overdue(batch, found))
    entries = iter([] if late else found)
    for request in requests:
        request.late = late
        mine = list(islice(entries, request.limit))
        request.answer = [_hand_out(entry, batch=batch, request=request, opened=opened) for entry in mine]


def _next(batch: Batch, *, line: str, limit: int) -> list[Entry]:
    rows = _next_ready.rows(batch.connection, {"line": line, "total": limit})
    return [batch.entry(row) for row in rows]


def _overdue(batch: Batch, entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if transitions.overdue(entry.job, now=batch.now)]


def give_up(batch: Batch, requests: Sequence[GiveUp]) -> None:
    """End what is overdue at the heads of lines; what waited in their lanes may come next."""
    for request in requests:
        request.answer = 0
        batch.flush()
        while late := _overdue(batch, _next(batch, line=request.line, limit=request.limit)):
            for entry in late:
                batch.put(entry, transitions.missed(entry.job, now=batch.now), until=None)
            batch.flush()
            request.answer += len(late)
            if request.answer >= GIVE_UP_LIMIT:
                break


def _hand_out(entry: Entry, *, batch: Batch, request: Take, opened: list[Plain]) -> Job:
    step = transitions.resumed if is_upload_line(request.line) else transitions.leased
    due = replace(entry.job, not_before=min(entry.job.not_before, batch.now))
    job = step(due, runner=request.runner, now=batch.now)
    batch.put(entry, job, until=batch.lease_now + request.ttl)
    opened.append(
        {
            "job": job.sequence,
            "number": job.attempt,
            "runner": request.runner,
            "leased": batch.now,
            "revision": request.revision,
            "script_hash": request.script_hash,
            "outcome": None,
            "exit_code": None,
            "reason": "",
            "ended": None,
            "stages": dump_json({}),
            "usage": dump_usage(Usage()),
        }
    )
    return job
