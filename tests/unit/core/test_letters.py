"""Dead letters: run again and dropped, one by one and all."""

from collections import Counter
from dataclasses import replace

import pytest

from statuette.core.letters import MOST, STEP, Letters, Settled
from statuette.core.remains import Remains
from statuette.core.sight import Sight
from statuette.events.event import Event, EventKind
from statuette.events.jobs import JobState, Outcome, Retries
from statuette.events.leases import Lease, Report
from statuette.events.principals import ADMIN
from statuette.ports.errors import BadInput, Conflict, Forbidden, NotFound
from statuette.testing.logs import MemoryLogs

FAILED = Report(outcome=Outcome.SCRIPT_FAILED, exit_code=3, reason="script failed")


class House:
    """Letters over twins; `woken` counts what the fleet was told."""

    def __init__(self, ledger, catalog, bodies, clock):
        self.ledger, self.logs, self.woken = ledger, MemoryLogs(clock), Counter()
        self.letters = Letters(
            ledger=ledger.jobs,
            interventions=ledger.interventions,
            sight=Sight(ledger=ledger.jobs, catalog=catalog),
            remains=Remains(logs=self.logs, bodies=bodies),
            wake=self.woken.update,
        )

    async def end(self, report=FAILED, service="cat"):
        """The next job's only attempt."""
        [job] = await self.ledger.queue.lease(service, runner="r1", limit=1, ttl=60, revision=1, script_hash="ab")
        self.logs.open(service, job.id, job.attempt, secrets=()).write("stdout", b"words\n")
        await self.ledger.queue.report(Lease(job=job.id, attempt=job.attempt, runner="r1"), report)
        return job.id

    async def state(self, job):
        found = await self.ledger.jobs.get(job)
        return found and found.state


@pytest.fixture
def house(ledger, catalog, bodies, clock):
    return House(ledger, catalog, bodies, clock)


@pytest.fixture
def dead(house, queue_job):
    """Jobs of a service that failed."""

    async def make(service, count=1, **fields):
        made = [await queue_job(service, **fields) for _ in range(count)]
        for _ in made:
            await house.end(service=service.name)
        return made

    return make


async def test_a_dead_letter_runs_again_with_all_its_retries(house, deploy, dead):
    service = deploy()
    [job] = await dead(service)
    await house.letters.retry_one(ADMIN, "cat", job)
    found = await house.ledger.jobs.get(job)
    assert (found.state, found.faults, found.ended) == (JobState.QUEUED, {}, None)
    assert house.woken == {"cat": 1}
    await house.end(replace(FAILED, outcome=Outcome.SUPERSEDED))
    with pytest.raises(Conflict, match="superseded; only failed, dead and cancelled"):
        await house.letters.retry_one(ADMIN, "cat", job)


async def test_a_cancelled_job_runs_again_when_it_is_named(house, deploy, queue_job):
    job = await queue_job(deploy())
    await house.ledger.interventions.cancel("cat", [job], reason="asked")
    await house.letters.retry_one(ADMIN, "cat", job)
    assert await house.state(job) is JobState.QUEUED


async def test_those_that_do_not_fit_are_told(house, deploy, dead, queue_job):
    service, dog = deploy(), deploy("dog")
    [one] = await dead(service)
    [other] = await dead(dog)
    queued = await queue_job(service)
    named = [one, other, queued, "nobody", one]
    assert await house.letters.retry(ADMIN, "cat", named) == Settled(1, (other, queued, "nobody"))
    assert (await house.state(other), house.woken) == (JobState.FAILED, {"cat": 1})


async def test_all_are_reached_beyond_one_step(house, deploy, dead, queue_job):
    service = deploy()
    await dead(service, STEP + 3)
    cancelled = await queue_job(service)
    await house.ledger.interventions.cancel("cat", [cancelled], reason="asked")
    assert await house.letters.retry(ADMIN, "cat", None) == Settled(STEP + 3)
    assert await house.state(cancelled) is JobState.CANCELLED
    assert await house.letters.retry(ADMIN, "cat", None) == Settled(0)


async def test_nothing_of_an_earlier_life_runs_unless_it_is_named(house, deploy, dead, catalog):
    service = deploy()
    [old] = await dead(service)
    catalog.put(replace(service, incarnation="another-life"))
    assert await house.letters.retry(ADMIN, "cat", None) == Settled(0)
    assert await house.state(old) is JobState.FAILED
    assert await house.letters.retry(ADMIN, "cat", [old]) == Settled(1)


async def test_the_letters_of_a_deleted_service_can_be_dropped_and_not_run(house, deploy, dead, catalog):
    service = deploy()
    [job, other] = await dead(service, 2)
    catalog.drop("cat")
    for wish in (house.letters.retry_one(ADMIN, "cat", job), house.letters.retry(ADMIN, "cat", None)):
        with pytest.raises(Conflict, match="deploy it again"):
            await wish
    assert await house.letters.drop(ADMIN, "cat", None) == Settled(2)
    assert (await house.state(job), await house.state(other)) == (None, None)


async def test_dropping_takes_log_and_body_and_dead_letters_only(house, deploy, dead, queue_job, bodies, body, heard):
    service = deploy()
    await bodies.keep("kept", body(b"large"), limit=99)
    [job] = await dead(service, event=Event(kind=EventKind.RAW, payload_file="kept"))
    queued = await queue_job(service)
    assert await house.letters.drop(ADMIN, "cat", [job, queued, "nobody"]) == Settled(1, (queued, "nobody"))
    assert (await house.state(job), await house.state(queued)) == (None, JobState.QUEUED)
    assert (bodies.kept, await heard(house.logs, "cat", job)) == ({}, None)


async def test_dropping_all_leaves_what_did_not_fail(house, deploy, dead, queue_job):
    service = deploy()
    await dead(service, STEP + 1, retries=Retries(script=0))
    good = await queue_job(service)
    await house.end(replace(FAILED, outcome=Outcome.SUPERSEDED))
    assert await house.letters.drop(ADMIN, "cat", None) == Settled(STEP + 1)
    assert await house.state(good) is JobState.SUPERSEDED


async def test_too_many_at_once_are_refused(house, deploy):
    deploy()
    names = [f"cat-{number}" for number in range(MOST + 1)]
    for wish in (house.letters.retry(ADMIN, "cat", names), house.letters.drop(ADMIN, "cat", names)):
        with pytest.raises(BadInput, match=r"^jobs: at most"):
            await wish


async def test_only_who_may_change_the_service_may_do_so(house, deploy, dead, user):
    service = deploy(owner="alice", visibility="public")
    [job] = await dead(service)
    bob = user("bob")
    for wish in (
        house.letters.retry_one(bob, "cat", job),
        house.letters.retry(bob, "cat", None),
        house.letters.drop(bob, "cat", [job]),
    ):
        with pytest.raises(Forbidden):
            await wish
    with pytest.raises(NotFound):
        await house.letters.drop(ADMIN, "nobody", None)
    assert await house.letters.retry(user("alice"), "cat", [job]) == Settled(1)
