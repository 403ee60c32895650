"""The ledger alone on SQLite: events accepted per second, and whole jobs from lease to last word.

Beside it bare `sqlite3` with the same settings of durability: one insert for each event (its sighting and its job in
one narrow row each) in transactions of the same size. The ledger's every event is a sighting, a job with its document,
an index over both, and a counter.
"""

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import uvloop

from bench.arrivals import STREAM, Stream, catalog, intake
from bench.context import Context
from bench.figures import Aim, Figure, median
from statuette.adapters.clock_system import SystemClock
from statuette.adapters.ledger_sql import SqlLedger, open_ledger
from statuette.core.intake import Intake
from statuette.events.jobs import Outcome
from statuette.events.leases import Lease, Manifest, ManifestEntry, Report

TITLE = "Ledger"
BATCH = 100
TOGETHER = 64
"""Callers that each bring single events at the same time."""
RUNNERS = 8


def run(context: Context) -> list[Figure]:
    """The ledger and bare sqlite3 in turn."""
    return uvloop.run(_run(context))


async def _run(context: Context) -> list[Figure]:
    clock, services, stream = SystemClock(), catalog(1), Stream(1)
    url = f"sqlite:///{context.folder / 'ledger.db'}"
    rates: dict[str, list[float]] = {name: [] for name in ("batches", "bare", "single", "bare single", "cycles")}
    async with open_ledger(url, key_file=context.folder / "key", clock=clock) as ledger:
        door = intake(ledger.intake, services, clock)
        with closing(_bare_database(context.folder / "bare.db")) as bare:
            for _ in range(context.count(5, 15)):
                rates["batches"].append(await _batches(door, stream, context.count(5000, 20_000)))
                rates["bare"].append(_bare(bare, stream, context.count(5000, 20_000), batch=BATCH))
                rates["single"].append(await _single(door, stream, 2000))
                rates["bare single"].append(_bare(bare, stream, 2000, batch=TOGETHER))
                rates["cycles"].append(await _cycles(ledger, 1000))
    return _figures({name: median(found) for name, found in rates.items()})


def _figures(rates: dict[str, float]) -> list[Figure]:
    against = "bare sqlite3 inserts in transactions of {}"
    return [
        Figure(
            name=f"events accepted, calls of {BATCH}", value=rates["batches"], unit="events/s",
            baseline=rates["bare"], against=against.format(BATCH), aim=Aim(least=5000),
        ),
        Figure(
            name=f"events accepted, single, {TOGETHER} at a time", value=rates["single"], unit="events/s",
            baseline=rates["bare single"], against=against.format(TOGETHER),
        ),
        Figure(name=f"lease, commit, report; {RUNNERS} runners", value=rates["cycles"], unit="jobs/s"),
    ]  # fmt: skip


async def _batches(door: Intake, stream: Stream, events: int) -> float:
    """Two callers, so that the writer never waits for the next batch to be put together."""
    batches = iter([stream.batch(BATCH) for _ in range(events // BATCH)])

    async def caller() -> None:
        for batch in batches:
            await door.take(batch, stream=STREAM)

    began = time.perf_counter()
    await asyncio.gather(caller(), caller())
    return events / (time.perf_counter() - began)


async def _single(door: Intake, stream: Stream, events: int) -> float:
    batches = iter([stream.batch(1) for _ in range(events)])

    async def caller() -> None:
        for batch in batches:
            await door.take(batch, stream=STREAM)

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(TOGETHER)))
    return events / (time.perf_counter() - began)


async def _cycles(ledger: SqlLedger, jobs: int) -> float:
    """Runners that lease one job after another, commit one output and report."""
    manifest = Manifest(entries=(ManifestEntry(name="a", size=1, sha256="ab" * 32),), sealed="a", exit_code=0)
    left = iter(range(jobs))

    async def runner(name: str) -> None:
        for _ in left:
            [job] = await ledger.queue.lease("service-0", runner=name, limit=1, ttl=60, revision=1, script_hash="cafe")
            lease = Lease(job=job.id, attempt=job.attempt, runner=name)
            await ledger.queue.commit(lease, manifest)
            await ledger.queue.report(lease, Report(outcome=Outcome.PUBLISHED))

    began = time.perf_counter()
    await asyncio.gather(*(runner(f"runner-{number}") for number in range(RUNNERS)))
    return jobs / (time.perf_counter() - began)


def _bare_database(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE seen (feed TEXT, name TEXT, identity TEXT, PRIMARY KEY (feed, name, identity))")
    database.execute("CREATE TABLE jobs (seq INTEGER PRIMARY KEY, key TEXT UNIQUE, document TEXT)")
    return database


def _bare(database: sqlite3.Connection, stream: Stream, events: int, *, batch: int) -> float:
    document = "x" * 600  # about what an event's document takes
    batches = [stream.batch(batch) for _ in range(events // batch)]
    began = time.perf_counter()
    for notices in batches:
        names = [notice.ref.key for notice in notices if notice.ref]
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO seen VALUES (?, ?, ?)", [("feed", name, name) for name in names])
        database.executemany("INSERT INTO jobs (key, document) VALUES (?, ?)", [(name, document) for name in names])
        database.execute("COMMIT")
    return len(batches) * batch / (time.perf_counter() - began)
