"""Whose unfinished uploads are taken up where."""

import pytest

from statuette.core.uploads import Uploads
from statuette.events.homes import runner_name
from statuette.events.jobs import Outcome
from statuette.events.leases import Lease, Manifest, Report


@pytest.fixture
def unpublished(ledger, queue_job, record):
    """Leave an upload to be made by a manager."""

    async def leave(home):
        service = record("cat")
        job = await queue_job(service)
        runner = runner_name(home, "cat-1")
        [leased] = await ledger.queue.lease("cat", runner=runner, limit=1, ttl=9, revision=1, script_hash="x")
        lease = Lease(job=job, attempt=leased.attempt, runner=runner)
        await ledger.queue.commit(lease, Manifest(entries=(), sealed="x"))
        await ledger.queue.report(lease, Report(outcome=Outcome.UNPUBLISHED))

    return leave


@pytest.fixture
def uploads(ledger):
    def of(home, *, gone=()):
        asked = []

        async def is_gone(manager):
            asked.append(manager)
            return manager in gone

        made = Uploads(jobs=ledger.jobs, home=home, gone=is_gone)
        made.asked = asked
        return made

    return of


async def test_without_uploads_nobody_is_asked_for(uploads):
    assert await uploads("").homes() == []
    assert await uploads("one").homes() == []


async def test_one_that_works_alone_takes_its_own(uploads, unpublished):
    await unpublished("")
    alone = uploads("")
    assert await alone.homes() == [""]
    assert alone.asked == []


async def test_each_takes_its_own_and_those_of_the_dead(uploads, unpublished):
    for home in ("one", "dead", "two"):
        await unpublished(home)
    one = uploads("one", gone=["dead"])
    assert await one.homes() == ["dead", "one"]
    assert sorted(one.asked) == ["dead", "two"]


async def test_what_one_that_worked_alone_left_is_taken_too(uploads, unpublished):
    await unpublished("")
    assert await uploads("one", gone=[""]).homes() == [""]
