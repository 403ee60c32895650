"""Time per event with 10 and with 10,000 services, and with an empty ledger and one full of waiting jobs.

The core's intake over the real ledger, without a store: one event is a notice that becomes a job, in batches of 100.
One job is handed out, committed and reported. Four ledgers stand open side by side and take turns.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench.arrivals import STREAM, Stream, catalog, intake, record
from bench.context import Context
from bench.figures import Aim, Figure, median
from statuette.adapters.clock_system import SystemClock
from statuette.adapters.ledger_sql import SqlLedger, open_ledger
from statuette.core.intake import Intake
from statuette.events.jobs import Outcome
from statuette.events.leases import Lease, Manifest, Report

TITLE = "Growth"
BATCH = 100
FEW, MANY = 10, 10_000
TWICE = Aim(most=2.0, of="ratio")


@dataclass(slots=True)
class Site:
    """A ledger with what fills it. `times` are microseconds by what was done."""

    ledger: SqlLedger
    door: Intake
    stream: Stream
    services: int
    done: int = 0
    times: dict[str, list[float]] = field(default_factory=dict)

    async def measure(self, what: str, times: int, do: Callable[[], Awaitable[object]]) -> None:
        began = time.perf_counter()
        await do()
        self.times.setdefault(what, []).append((time.perf_counter() - began) / times * 1e6)


def run(context: Context) -> list[Figure]:
    """Build the sites, then let them take turns."""
    return uvloop.run(_run(context))


async def _run(context: Context) -> list[Figure]:
    jobs = context.count(100_000, 1_000_000)
    async with AsyncExitStack() as stack:
        few = await _site(stack, context.folder / "few", services=FEW)
        many = await _site(stack, context.folder / "many", services=MANY)
        full = await _site(stack, context.folder / "full", services=FEW)
        context.say(f"filling a ledger with {jobs:,} waiting jobs and one with {MANY:,} services")
        for _ in range(jobs // 1000):
            await full.door.take(full.stream.batch(1000), stream=STREAM)
        for _ in range(MANY // 1000):  # every service has a counter of its own
            await many.door.take(many.stream.batch(1000), stream=STREAM)
        for _ in range(context.count(20, 60)):
            for site in (few, many, full):
                await _turn(site)
    return [
        *_compared(many, few, what=f"{MANY:,} services", against=f"{FEW} services"),
        *_compared(full, few, what=f"{jobs:,} jobs waiting", against="hardly any"),
    ]


async def _site(stack: AsyncExitStack, folder: Path, *, services: int) -> Site:
    await asyncio.to_thread(folder.mkdir)
    clock = SystemClock()
    url = f"sqlite:///{folder / 'ledger.db'}"
    ledger = await stack.enter_async_context(open_ledger(url, key_file=folder / "key", clock=clock))
    await asyncio.gather(*(ledger.services.add(record(f"service-{number}")) for number in range(services)))
    site = Site(ledger, intake(ledger.intake, catalog(services), clock), Stream(services), services)
    await site.door.take(site.stream.batch(1000), stream=STREAM)
    return site


async def _turn(site: Site) -> None:
    batches = [site.stream.batch(BATCH) for _ in range(5)]

    async def accept() -> None:
        for batch in batches:
            await site.door.take(batch, stream=STREAM)

    await site.measure("an event accepted", BATCH * len(batches), accept)
    await site.measure("a job from lease to report", 20, lambda: _cycles(site, 20))
    await site.measure("a look at the backlog", 1, site.ledger.jobs.backlog)


async def _cycles(site: Site, count: int) -> None:
    """One after another, of each service in turn."""
    queue = site.ledger.queue
    for _ in range(count):
        service = f"service-{site.done % site.services}"
        site.done += 1
        [job] = await queue.lease(service, runner="r", limit=1, ttl=60, revision=1, script_hash="cafe")
        lease = Lease(job=job.id, attempt=job.attempt, runner="r")
        await queue.commit(lease, Manifest(entries=(), sealed="", exit_code=0))
        await queue.report(lease, Report(outcome=Outcome.PUBLISHED))


def _compared(grown: Site, small: Site, *, what: str, against: str) -> list[Figure]:
    return [
        Figure(
            name=f"{name}, {what}",
            value=median(grown.times[name]),
            unit="µs",
            baseline=median(small.times[name]),
            against=against,
            aim=TWICE if name != "a look at the backlog" else None,
        )
        for name in grown.times
    ]
