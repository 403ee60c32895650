"""Very many jobs put into a ledger's file at once, row for row what the ledger itself would have written.

Two jobs go through the real ledger, to the state that is wanted. The rows of the first are the pattern: with the names
of the second put into them they have to be the second's rows, else nothing is filled and an error shows both. Then the
pattern is written with as many other names as are asked for.
"""

import asyncio
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from bench.arrivals import STREAM, intake
from statuette.adapters.ledger_sql import SqlLedger, open_ledger
from statuette.core.catalog import Catalog
from statuette.events.feeds import Feed, feed_id
from statuette.events.jobs import Outcome
from statuette.events.keys import lane, new_job_id, object_job_key
from statuette.events.leases import Lease, Manifest, ManifestEntry, Report
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.ports.clock import Clock
from statuette.ports.services import ServiceRecord
from statuette.ports.store_events import Notice
from statuette.testing.clock import VirtualClock

TABLES = {"seen": "object_key", "jobs": "sequence", "attempts": "job", "commits": "job"}
"""Where a job leaves rows, and the column that says which are its own."""
FOLDER = "history/"
"""No input any more, so that no sweep looks for objects that are not there."""
AT_ONCE = 10_000

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Names:
    """What tells one job from another: its object's name, and what follows from it. Of one length for all."""

    file: str
    etag: str
    job: str
    key: str
    lane: str
    commit: str

    def all(self) -> tuple[str, ...]:
        return (self.file, self.etag, self.job, self.key, self.lane, self.commit)


def fill(state: Path, service: str, *, jobs: int, finished: bool) -> None:
    """Give a service that many more jobs, finished or waiting, in the ledger of a state folder that no manager holds.

    Raises `RuntimeError` when the pattern is not what the ledger writes.
    """
    file, clock = state / "ledger.db", VirtualClock(start=float(int(time.time())), auto=False)
    feed = asyncio.run(_sample(file, state / "key", service, clock=clock, finished=finished))
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.row_factory = sqlite3.Row
        [first, second] = _newest(database, 2)
        pattern = _Pattern(_rows(database, first), _names(database, first))
        made, real = pattern.copied(_names(database, second), sequence=second), _rows(database, second)
        if made != real:
            raise RuntimeError(f"a copied job is not what the ledger writes: {made} is not {real}")
        _write(database, pattern, feed=feed, jobs=jobs)
        if not finished:
            database.execute("UPDATE backlog SET queued = queued + ? WHERE service = ?", (jobs, service))


async def _sample(file: Path, key_file: Path, service: str, *, clock: Clock, finished: bool) -> Feed:
    """Two jobs through the real ledger; the feed they came by."""
    async with open_ledger(f"sqlite:///{file}", key_file=key_file, clock=clock) as ledger:
        [record] = [one for one in await ledger.services.all() if one.name == service]
        feed = _history(record)
        catalog = Catalog()
        catalog.put(replace(record, feeds=(feed,)))
        at = int(clock.wall())
        notices = [_notice(feed, number, modified=at) for number in (0, 1)]
        await intake(ledger.intake, catalog, clock).take(notices, stream=STREAM)
        if finished:
            await _finish(ledger, service)
    return feed


def _history(record: ServiceRecord) -> Feed:
    [present] = record.feeds
    name = feed_id(record.incarnation, provider=present.provider, bucket=present.bucket, prefix=FOLDER)
    return replace(present, id=name, prefix=FOLDER, since=0)


def _notice(feed: Feed, number: int, *, modified: int) -> Notice:
    version = ObjectVersion(etag=_etag(number), size=1000, modified=modified)
    ref = ObjectRef(bucket=feed.bucket, key=FOLDER + _file(number), version=version)
    return Notice(position=modified * 10**9, ref=ref)


def _file(number: int) -> str:
    return f"{number:012}.png"


def _etag(number: int) -> str:
    return f"{number:032x}"


async def _finish(ledger: SqlLedger, service: str) -> None:
    manifest = Manifest(entries=(ManifestEntry(name="a.png", size=1000, sha256="ab" * 32),), sealed="a", exit_code=0)
    for job in await ledger.queue.lease(service, runner="r", limit=2, ttl=60, revision=1, script_hash="cafe"):
        lease = Lease(job=job.id, attempt=job.attempt, runner="r")
        await ledger.queue.commit(lease, manifest)
        await ledger.queue.report(lease, Report(outcome=Outcome.PUBLISHED, exit_code=0))


def _newest(database: sqlite3.Connection, count: int) -> list[int]:
    found = database.execute("SELECT sequence FROM jobs ORDER BY sequence DESC LIMIT ?", (count,)).fetchall()
    return [row["sequence"] for row in reversed(found)]


def _names(database: sqlite3.Connection, sequence: int) -> Names:
    row = database.execute("SELECT * FROM jobs WHERE sequence = ?", (sequence,)).fetchone()
    file = row["object"].rpartition("/")[2]
    return Names(file, _etag(int(file[:12])), row["id"], row["key"], row["lane"], row["commit_id"])


def _rows(database: sqlite3.Connection, sequence: int) -> Rows:
    """All that one job has left in the ledger."""
    of = {"object_key": FOLDER + _names(database, sequence).file, "sequence": sequence, "job": sequence}
    return {
        table: [dict(row) for row in database.execute(f"SELECT * FROM {table} WHERE {column} = ?", (of[column],))]
        for table, column in TABLES.items()
    }


class _Pattern:
    """One job's rows, and where in them its names stand."""

    def __init__(self, rows: Rows, names: Names) -> None:
        self.rows, self.names = rows, names
        self._old = [name.encode() for name in names.all()]
        self._places = {
            (table, column): [place for place, old in enumerate(self._old) if old and old in _bytes(value)]
            for table, of_table in rows.items()
            for row in of_table
            for column, value in row.items()
        }

    def copied(self, names: Names, *, sequence: int) -> Rows:
        """The rows as another job would have them."""
        new = [name.encode() for name in names.all()]
        return {
            table: [
                {
                    column: sequence if column in ("sequence", "job") else self._put(value, table, column, new)
                    for column, value in row.items()
                }
                for row in rows
            ]
            for table, rows in self.rows.items()
        }

    def _put(self, value: object, table: str, column: str, new: list[bytes]) -> object:
        places = self._places[table, column]
        if not places:
            return value
        text = _bytes(value)
        for place in places:
            text = text.replace(self._old[place], new[place])
        return text.decode() if isinstance(value, str) else text


def _bytes(value: object) -> bytes:
    """What a column holds where names can stand; nothing for numbers."""
    return value.encode() if isinstance(value, str) else value if isinstance(value, bytes) else b""


def _write(database: sqlite3.Connection, pattern: _Pattern, *, feed: Feed, jobs: int) -> None:
    """In large transactions that nobody waits for; the file is whole when this returns."""
    for setting in ("synchronous=OFF", "cache_size=-1000000", "wal_autocheckpoint=100000"):
        database.execute(f"PRAGMA {setting}")
    sequences = iter(range(_newest(database, 1)[0] + 1, 1 << 62))
    numbers = iter(range(2, jobs + 2))
    while some := list(islice(_copies(pattern, feed=feed, numbers=numbers, sequences=sequences), AT_ONCE)):
        database.execute("BEGIN IMMEDIATE")
        for table in TABLES:
            _insert(database, table, [row for rows in some for row in rows[table]])
        database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _copies(pattern: _Pattern, *, feed: Feed, numbers: Iterator[int], sequences: Iterator[int]) -> Iterator[Rows]:
    [job], [sighting], known = pattern.rows["jobs"], pattern.rows["seen"], pattern.names
    for number in islice(numbers, AT_ONCE):
        where, etag = {"bucket": feed.bucket, "key": FOLDER + _file(number)}, _etag(number)
        names = Names(
            _file(number), etag, new_job_id(job["service"]),
            object_job_key(feed.id, identity=sighting["identity"].replace(known.etag, etag), **where),
            lane(job["incarnation"], **where), uuid.uuid4().hex if known.commit else "",
        )  # fmt: skip
        yield pattern.copied(names, sequence=next(sequences))


def _insert(database: sqlite3.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        columns = ", ".join(rows[0])
        places = ", ".join("?" * len(rows[0]))
        statement = f"INSERT INTO {table} ({columns}) VALUES ({places})"
        database.executemany(statement, [tuple(row.values()) for row in rows])
