"""Following a job's log over its attempts."""

import asyncio

import pytest

from statuette.core.following import LOOK, follow, last_run
from statuette.events.jobs import JobState, Outcome
from statuette.events.leases import Lease, Manifest, Report
from statuette.testing.logs import MemoryLogs


@pytest.fixture
def logs(clock):
    return MemoryLogs(clock)


@pytest.fixture
async def job(deploy, queue_job):
    return await queue_job(deploy())


@pytest.fixture
def following(ledger, logs, clock, job):
    """What is heard, gathered in the background."""
    heard = []

    async def gather():
        async for chunk in follow(ledger.jobs, logs, clock, service="cat", job=job, timestamps=False):
            heard.append(chunk)  # noqa: PERF401 - it is looked at while it grows

    return heard, gather


async def lease(ledger, *, runner="r1", service="cat"):
    hashed = "ab" if service else ""
    [job] = await ledger.queue.lease(service, runner=runner, limit=1, ttl=60, revision=1, script_hash=hashed)
    return Lease(job=job.id, attempt=job.attempt, runner=runner)


async def test_a_live_log_is_heard_line_by_line_until_the_job_ends(ledger, logs, clock, job, following, settle):
    heard, gather = following
    task = asyncio.create_task(gather())
    await settle()
    leased = await lease(ledger)
    await clock.advance(LOOK)
    assert heard == [], "leased, and the log not opened yet"
    sink = logs.open("cat", job, 1, secrets=())
    await clock.advance(LOOK)
    for line in (b"one\n", b"two\n"):
        sink.write("stdout", line)
        await settle()
    assert heard == [b"one\n", b"two\n"]
    sink.close()
    await ledger.queue.report(leased, Report(outcome=Outcome.SCRIPT_FAILED, exit_code=1))
    await clock.advance(LOOK)
    await task
    assert heard == [b"one\n", b"two\n"]


async def test_a_job_that_is_withdrawn_or_removed_ends_it(ledger, clock, job, following, settle):
    _, gather = following
    task = asyncio.create_task(gather())
    await settle()
    assert await ledger.jobs.remove("cat", [job]) == [job]
    await clock.advance(LOOK)
    await task


async def test_taking_up_an_upload_again_is_no_run(ledger, clock, job):
    assert await last_run(ledger.jobs, job) == 0
    leased = await lease(ledger)
    assert await last_run(ledger.jobs, job) == 1
    await ledger.queue.commit(leased, Manifest(entries=()))
    await ledger.queue.report(leased, Report(outcome=Outcome.UNPUBLISHED))
    await clock.advance(10.0)
    again = await lease(ledger, runner="publisher", service="")
    assert (again.attempt, await last_run(ledger.jobs, job)) == (2, 1)
    await ledger.queue.report(again, Report(outcome=Outcome.PUBLISHED))
    assert (await ledger.jobs.get(job)).state is JobState.PUBLISHED
    assert await last_run(ledger.jobs, job) == 1
