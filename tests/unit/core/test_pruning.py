"""Old records go, young ones and dead letters stay as long as they are to."""

import asyncio
from contextlib import suppress

import pytest

from statuette.core.pruning import DAY, LOOK, STEP, Keep, Pruning
from statuette.core.remains import Remains
from statuette.events.event import Event, EventKind
from statuette.events.jobs import Outcome
from statuette.events.leases import Lease, Report
from statuette.ports.errors import LedgerUnavailable
from statuette.ports.jobs import JobQuery
from statuette.testing.logs import MemoryLogs

DONE = Report(outcome=Outcome.SUPERSEDED)
FAILED = Report(outcome=Outcome.SCRIPT_FAILED, exit_code=1)


@pytest.fixture
def logs(clock):
    return MemoryLogs(clock)


@pytest.fixture
def pruning(ledger, logs, bodies, clock):
    def make(keep=Keep(), interventions=None):  # noqa: B008  # frozen
        remains = Remains(logs=logs, bodies=bodies)
        return Pruning(interventions=interventions or ledger.interventions, remains=remains, clock=clock, keep=keep)

    return make


@pytest.fixture
def ended(ledger, logs, queue_job):
    async def make(service, report=DONE, **fields):
        await queue_job(service, **fields)
        [job] = await ledger.queue.lease(service.name, runner="r1", limit=1, ttl=60, revision=1, script_hash="ab")
        logs.open(service.name, job.id, job.attempt, secrets=()).write("stdout", b"words\n")
        await ledger.queue.report(Lease(job=job.id, attempt=job.attempt, runner="r1"), report)
        return job.id

    return make


async def left(ledger):
    return [job.id for job in reversed((await ledger.jobs.page(JobQuery(service="cat"), limit=5000)).jobs)]


async def test_each_kind_has_its_time(pruning, ended, deploy, queue_job, ledger, clock):
    service = deploy()
    done, dead = await ended(service), await ended(service, FAILED)
    queued = await queue_job(service)
    await clock.advance(30 * DAY - 1)
    assert await pruning().once() == 0
    await clock.advance(2)
    assert await pruning().once() == 1
    assert await left(ledger) == [dead, queued]
    await clock.advance(60 * DAY)
    assert await pruning().once() == 1
    assert await left(ledger) == [queued]
    assert done != dead


async def test_logs_and_bodies_go_too(pruning, ended, deploy, clock, logs, bodies, body, heard):
    await bodies.keep("kept", body(b"large"), limit=99)
    job = await ended(deploy(), FAILED, event=Event(kind=EventKind.RAW, payload_file="kept"))
    await clock.advance(91 * DAY)
    await pruning().once()
    assert (bodies.kept, await heard(logs, "cat", job)) == ({}, None)


@pytest.mark.parametrize(
    ("keep", "left_over"), [(Keep(jobs=0, dead=0), 2), (Keep(jobs=0, dead=1), 1), (Keep(jobs=1, dead=0), 1)]
)
async def test_zero_keeps_for_ever(pruning, ended, deploy, ledger, clock, keep, left_over):
    service = deploy()
    await ended(service)
    await ended(service, FAILED)
    await clock.advance(10_000 * DAY)
    await pruning(keep).once()
    assert len(await left(ledger)) == left_over


async def test_many_go_in_steps(pruning, ended, deploy, ledger, clock):
    service = deploy()
    for _ in range(2 * STEP + 1):
        await ended(service)
    await clock.advance(31 * DAY)
    assert await pruning().once() == 2 * STEP + 1
    assert await left(ledger) == []


async def test_it_is_done_at_start_and_every_hour_whatever_fails(pruning, clock, settle):
    class Away:
        asked = 0

        async def prune(self, **_):
            self.asked += 1
            if self.asked == 1:
                raise LedgerUnavailable
            return []

    away = Away()
    task = asyncio.create_task(pruning(interventions=away).run())
    await settle()
    assert away.asked == 1
    await clock.advance(LOOK - 1)
    assert away.asked == 1
    await clock.advance(2)
    assert away.asked == 2
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
