"""One transaction's view of the jobs: rows are read once, changed in memory and written back together.

Stages load entries, apply `events.transitions`, and `put` the result; `flush` writes all changed rows with one
statement and moves up what waited in the lanes of jobs that ended; `finish` adds what moved between the shelves to
`backlog`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from statuette.adapters.ledger_sql.codec import Plain, load_job, moving_row
from statuette.adapters.ledger_sql.schema import COUNTED, backlog, jobs, shelf_of, streams
from statuette.adapters.ledger_sql.statements import Statement, among, listed
from statuette.events import transitions
from statuette.events.jobs import FINAL, RUNNING, Job, JobState
from statuette.events.leases import Lease

T = TypeVar("T")
CHUNK = 500
"""Values in one `IN (…)`: far below the databases' limits, few statements all the same."""
_SERIAL_LOCK = 0x5747_4C41  # the same number in every manager

HELD = RUNNING - {JobState.UNPUBLISHED}
"""States in which somebody holds a lease."""

_ID, _UNTIL = (list(jobs.c.keys()).index(name) for name in ("id", "lease_until"))
_update = Statement(jobs.update().where(jobs.c.sequence == sa.bindparam("row")))
_first_of_lane = Statement(
    sa.select(jobs).where(jobs.c.open_lane == sa.bindparam("lane")).order_by(jobs.c.sequence).limit(1).with_for_update()
)
by_ids = Statement.for_each(
    lambda dialect: sa.select(jobs).where(among(jobs.c.id, dialect)).order_by(jobs.c.sequence).with_for_update()
)
_moment = Statement(sa.select(sa.extract("epoch", sa.func.clock_timestamp()).cast(sa.Double)))
_serial_lock = Statement(sa.select(sa.func.pg_advisory_xact_lock(_SERIAL_LOCK)))
Upsert = sqlite.Insert | postgresql.Insert


def upsert(table: sa.Table, dialect: str) -> Upsert:
    """An insert that knows `on_conflict_do_…` in this database's way."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def _adding(insert: Upsert) -> Upsert:
    """Add a row's counts to those that stand."""
    added = {name: backlog.c[name] + insert.excluded[name] for name in COUNTED}
    return insert.on_conflict_do_update(index_elements=[backlog.c.service, backlog.c.incarnation], set_=added)


def _one_more(insert: Upsert) -> Upsert:
    """Count one change; the first one makes the row."""
    return insert.values(position=1).on_conflict_do_update(
        index_elements=[streams.c.stream], set_={"position": streams.c.position + 1}
    )


CHANGES = "services"
"""The stream whose position counts the changes of services and vault."""
_count_change = Statement.for_each(lambda dialect: _one_more(upsert(streams, dialect)))
_add_counts = Statement.for_each(lambda dialect: _adding(upsert(backlog, dialect)))


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The values in lists of at most `size`."""
    every = list(values)
    for start in range(0, len(every), size):
        yield every[start : start + size]


@dataclass(slots=True, eq=False)
class Entry:
    """A job in this transaction; `until` is when its lease ends (None: nobody has it)."""

    job: Job
    until: float | None = None
    changed: bool = False


class Batch:
    """The connection with its transaction, the time (seconds since the epoch), and the jobs that were read so far."""

    def __init__(self, connection: sa.Connection, *, now: float, lease_clock: Callable[[], float]) -> None:
        self.connection = connection
        self.now = now
        self._lease_clock = lease_clock
        self._lease_now: float | None = None
        self._entries: dict[str, Entry] = {}
        self._moved: Counter[tuple[str, str, str]] = Counter()
        self._lanes: dict[str, None] = {}
        self.told = False
        """Whether other managers are to be told that services or the vault changed."""

    @property
    def on_postgresql(self) -> bool:
        return self.connection.dialect.name == "postgresql"

    @property
    def lease_now(self) -> float:
        """The lease clock: this machine's monotonic one, or where there may be several machines the database's."""
        if self._lease_now is None:
            if self.on_postgresql:
                self._lease_now = float(_moment.rows(self.connection, {})[0][0])
            else:
                self._lease_now = self._lease_clock()
        return self._lease_now

    def serialise(self) -> None:
        """Let no other manager's transaction of this kind run beside this one: sequences and lanes stay in order."""
        if self.on_postgresql:
            _serial_lock.rows(self.connection, {})

    def upsert(self, table: sa.Table) -> Upsert:
        """An insert that knows `on_conflict_do_…` in this database's way."""
        return upsert(table, self.connection.dialect.name)

    def load(self, ids: Iterable[str]) -> None:
        """Read these jobs' rows, locked, unless they were read before."""
        for some in chunks(sorted({name for name in ids if name not in self._entries})):
            for row in by_ids.rows(self.connection, listed(self.connection, some)):
                self.entry(row)

    def entry(self, row: Sequence[Any]) -> Entry:
        """The entry of a row of `jobs` that was just read; one that was read before counts more."""
        known = self._entries.get(row[_ID])
        if known is None:
            known = self._entries[row[_ID]] = Entry(load_job(row), row[_UNTIL])
        return known

    def find(self, job: str) -> Entry | None:
        """The entry of a loaded job, None when there is no such job."""
        return self._entries.get(job)

    def held(self, lease: Lease) -> Entry | None:
        """The loaded job whose current attempt holds this lease; None when the lease no longer counts."""
        entry = self._entries.get(lease.job)
        if entry is None or entry.job.attempt != lease.attempt or entry.job.state not in HELD:
            return None
        return entry

    def put(self, entry: Entry, job: Job, *, until: float | None) -> None:
        """Let the job stand so from now on; `until` is the end of its lease.

        Every open lane has one job that does not wait; with that one's end the lane comes free. It need not be the
        lane's first: a job that is run again keeps its place before those that came after it.
        """
        self.moved(entry.job, -1)
        self.moved(job, +1)
        if job.state in FINAL and job.lane and entry.job.state is not JobState.WAITING:
            self._lanes[job.lane] = None
        entry.job, entry.until, entry.changed = job, until, True

    def moved(self, job: Job, step: int) -> None:
        """Count a job onto (+1) or off (-1) its shelf."""
        self.count(job.service, incarnation=job.incarnation, shelf=shelf_of(job.state), step=step)

    def count(self, service: str, *, incarnation: str, shelf: str, step: int) -> None:
        """Count `step` jobs onto a shelf; of final shelves only those of dead letters are counted."""
        if shelf in COUNTED:
            self._moved[service, incarnation, shelf] += step

    def moved_services(self) -> set[str]:
        """Services of which a job came, went or changed its shelf (also where the counts came out the same)."""
        return {service for (service, _, shelf), step in self._moved.items() if step or shelf != "running"}

    def drop(self, entry: Entry) -> None:
        """Forget a job whose row is deleted."""
        del self._entries[entry.job.id]

    def flush(self) -> None:
        """Write every changed row, then move up the first of each lane that came free, until nothing moves."""
        self._write_changed()
        while self._lanes:
            lanes, self._lanes = list(self._lanes), {}
            for lane in lanes:
                self._promote(lane)
            self._write_changed()

    def _promote(self, lane: str) -> None:
        for row in _first_of_lane.rows(self.connection, {"lane": lane}):
            entry = self.entry(row)
            if entry.job.state is JobState.WAITING:
                self.put(entry, transitions.promoted(entry.job), until=None)

    def _write_changed(self) -> None:
        changed = [entry for entry in self._entries.values() if entry.changed]
        if not changed:
            return
        changed.sort(key=lambda entry: entry.job.sequence)
        _update.many(self.connection, [moving_row(entry.job, until=entry.until, now=self.now) for entry in changed])
        for entry in changed:
            entry.changed = False

    def execute_many(self, statement: sa.Executable, rows: Sequence[Plain]) -> None:
        """Execute one statement for many rows (none: nothing happens)."""
        if rows:
            self.connection.execute(statement, rows)

    def finish(self) -> None:
        """Write what is left and the counters, in one order everywhere so that managers do not block each other."""
        self.flush()
        steps: dict[tuple[str, str], Plain] = {}
        for (service, incarnation, shelf), step in self._moved.items():
            if step:
                row = steps.setdefault((service, incarnation), dict.fromkeys(COUNTED, 0))
                row[shelf] = step
        rows = [{"service": key[0], "incarnation": key[1], **steps[key]} for key in sorted(steps)]
        _add_counts.many(self.connection, rows)
        if self.told:  # last of all: every manager's changes wait for this row, so nobody may hold it for long
            _count_change.many(self.connection, [{"stream": CHANGES}])
