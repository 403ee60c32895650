"""Jobs as people see them."""

import asyncio
from dataclasses import replace

import pytest

from statuette.core.jobs import CANCELLED, LARGEST_PAGE, PAGE, Jobs
from statuette.core.remains import Remains
from statuette.core.sight import Sight
from statuette.events.event import Event, EventKind
from statuette.events.jobs import DEAD_LETTERS, JobState, Outcome
from statuette.events.leases import Lease, Manifest, ManifestEntry, Report
from statuette.events.principals import ADMIN
from statuette.ports.errors import Conflict, Forbidden, NotFound
from statuette.testing.logs import MemoryLogs

DONE = Report(outcome=Outcome.PUBLISHED, exit_code=0)


@pytest.fixture
def logs(clock):
    return MemoryLogs(clock)


@pytest.fixture
def killed():
    """The jobs whose runs are to be ended here."""
    return []


@pytest.fixture
def jobs(ledger, catalog, logs, bodies, clock, killed):
    return Jobs(
        ledger=ledger.jobs,
        interventions=ledger.interventions,
        sight=Sight(ledger=ledger.jobs, catalog=catalog),
        logs=logs,
        remains=Remains(logs=logs, bodies=bodies),
        clock=clock,
        withdraw=killed.append,
    )


@pytest.fixture
def run(ledger, logs):
    """Lease the next job, say its words; end it unless `report` is None."""

    async def one(service="cat", *, report=DONE, outputs=()):
        [job] = await ledger.queue.lease(service, runner="r1", limit=1, ttl=60, revision=1, script_hash="ab")
        lease = Lease(job=job.id, attempt=job.attempt, runner="r1")
        sink = one.sink = logs.open(service, job.id, job.attempt, secrets=())
        sink.write("stdout", f"attempt {job.attempt}\n".encode())
        if report is not None:
            entries = tuple(ManifestEntry(name=name, size=size, sha256="0" * 64) for name, size in outputs)
            if report.outcome is Outcome.PUBLISHED:
                await ledger.queue.commit(lease, Manifest(entries=entries))
            await ledger.queue.report(lease, report)
            sink.close()
        return job.id

    return one


async def text(chunks):
    return b"".join([chunk async for chunk in chunks])


async def test_jobs_come_newest_first_in_pages(jobs, deploy, queue_job):
    service = deploy()
    ids = [await queue_job(service) for _ in range(PAGE + 5)]
    first = await jobs.page(ADMIN, "cat")
    assert [job.id for job in first.jobs] == ids[:4:-1]
    second = await jobs.page(ADMIN, "cat", after=first.next)
    assert [job.id for job in second.jobs] == ids[4::-1]
    assert second.next == ""


@pytest.mark.parametrize(("limit", "given"), [(1, 1), (3, 3), (-5, 1), (10**9, 5), (None, 5), (0, 5)])
async def test_a_pages_size_has_bounds(jobs, deploy, queue_job, limit, given):
    service = deploy()
    for _ in range(5):
        await queue_job(service)
    assert len((await jobs.page(ADMIN, "cat", limit=limit)).jobs) == given
    assert LARGEST_PAGE == 1000


async def test_jobs_are_found_by_their_object(jobs, deploy, queue_job, ref):
    service = deploy()
    wanted = await queue_job(service, event=Event(kind=EventKind.STORAGE, object=ref("box", "in/x")))
    await queue_job(service, event=Event(kind=EventKind.STORAGE, object=ref("box", "in/y")))
    page = await jobs.page(ADMIN, "cat", object="box/in/x")
    assert [job.id for job in page.jobs] == [wanted]


async def test_a_job_is_described_with_attempts_and_outputs(jobs, deploy, queue_job, run):
    service = deploy(outputs=[{"path": "box/jpg", "suffix": [".jpg"]}, "box/all"])
    job = await queue_job(service)
    await run(report=Report(outcome=Outcome.RETURNED))
    assert (await jobs.describe(ADMIN, "cat", job)).outputs == ()
    await run(outputs=[("a.jpg", 5), ("b.txt", 7)])
    details = await jobs.describe(ADMIN, "cat", job)
    assert details.job.state is JobState.PUBLISHED
    assert [attempt.outcome for attempt in details.attempts] == [Outcome.RETURNED, Outcome.PUBLISHED]
    assert [(target.key, size) for target, size in details.outputs] == [
        ("jpg/a.jpg", 5),
        ("all/a.jpg", 5),
        ("all/b.txt", 7),
    ]


async def test_the_log_is_the_last_attempts_unless_another_is_asked_for(jobs, deploy, queue_job, run):
    job = await queue_job(deploy())
    await run(report=Report(outcome=Outcome.RETURNED))
    await run()
    assert await text(await jobs.log(ADMIN, "cat", job)) == b"attempt 2\n"
    assert await text(await jobs.log(ADMIN, "cat", job, attempt=1)) == b"attempt 1\n"
    assert b"attempt 2" in await text(await jobs.log(ADMIN, "cat", job, follow=True)), "a log that is over ends"
    stamped = await text(await jobs.log(ADMIN, "cat", job, timestamps=True))
    assert stamped.endswith(b"Z attempt 2\n")
    with pytest.raises(NotFound):
        await jobs.log(ADMIN, "cat", job, attempt=3)


async def test_a_job_that_has_not_run_has_no_log(jobs, deploy, queue_job):
    job = await queue_job(deploy())
    with pytest.raises(NotFound, match="has not run yet"):
        await jobs.log(ADMIN, "cat", job)


async def test_following_reaches_from_the_first_attempt_that_ran_to_the_jobs_end(
    jobs, deploy, queue_job, run, settle, clock
):
    job = await queue_job(deploy())
    chunks = await jobs.log(ADMIN, "cat", job, follow=True)
    first = asyncio.create_task(anext(chunks))
    await settle()
    assert not first.done(), "it has not run yet"
    await run(report=Report(outcome=Outcome.RETURNED))
    await clock.advance(1.0)
    assert await first == b"attempt 1\n"
    rest = asyncio.create_task(text(chunks))
    await run()
    for _ in range(3):
        await clock.advance(1.0)
        await settle()
    assert await rest == b"attempt 2\n"


async def test_users_see_the_jobs_of_the_present_life_of_a_service_only(jobs, deploy, queue_job, catalog, user):
    service = deploy(owner="alice")
    old = await queue_job(service)
    catalog.put(replace(service, incarnation="another-life"))
    assert (await jobs.page(user("alice"), "cat")).jobs == ()
    with pytest.raises(NotFound):
        await jobs.describe(user("alice"), "cat", old)
    assert [job.id for job in (await jobs.page(ADMIN, "cat")).jobs] == [old]


async def test_an_ended_job_is_removed_with_log_and_body(jobs, deploy, queue_job, run, bodies, body, ledger):
    service = deploy()
    await bodies.keep("kept", body(b"large"), limit=99)
    job = await queue_job(service, event=Event(kind=EventKind.RAW, payload_file="kept"))
    await run()
    await jobs.remove(ADMIN, "cat", job)
    assert bodies.kept == {}
    assert await ledger.jobs.get(job) is None
    with pytest.raises(NotFound):
        await jobs.log(ADMIN, "cat", job)
    with pytest.raises(NotFound):
        await jobs.remove(ADMIN, "cat", job)


async def test_a_running_job_stays(jobs, deploy, queue_job, run, ledger):
    job = await queue_job(deploy())
    await run(report=None)
    with pytest.raises(Conflict, match="is running"):
        await jobs.remove(ADMIN, "cat", job)
    await jobs.clear(ADMIN, "cat", everything=True)
    assert (await ledger.jobs.get(job)).state is JobState.LEASED


async def test_clearing_takes_those_that_succeeded_or_all_that_do_not_run(jobs, deploy, queue_job, run, ledger):
    service = deploy()
    good, bad, running, waiting = [await queue_job(service) for _ in range(4)]
    await run()
    await run(report=Report(outcome=Outcome.SCRIPT_FAILED, exit_code=1))
    await run(report=None)

    async def left():
        return [job.id for job in reversed((await jobs.page(ADMIN, "cat")).jobs)]

    await jobs.clear(ADMIN, "cat")
    assert await left() == [bad, running, waiting]
    await jobs.clear(ADMIN, "cat", everything=True)
    assert await left() == [running]
    assert good != bad


async def test_clearing_reaches_beyond_one_page(jobs, deploy, queue_job):
    service = deploy()
    for _ in range(LARGEST_PAGE + 3):
        await queue_job(service)
    await jobs.clear(ADMIN, "cat", everything=True)
    assert (await jobs.page(ADMIN, "cat")).jobs == ()


async def test_the_jobs_of_others_are_neither_seen_nor_removed(jobs, deploy, queue_job, run, user, token_of):
    service = deploy("cat", owner="alice", visibility="restricted", allowed_users=["bob"])
    job = await queue_job(service)
    await run()
    assert (await jobs.page(user("bob"), "cat")).jobs
    for caller in (user("carol"), token_of("cat")):
        for asking in (jobs.page(caller, "cat"), jobs.describe(caller, "cat", job), jobs.log(caller, "cat", job)):
            with pytest.raises(Forbidden):
                await asking
    for changing in (jobs.remove(user("bob"), "cat", job), jobs.clear(user("bob"), "cat")):
        with pytest.raises(Forbidden):
            await changing
    await jobs.remove(user("alice"), "cat", job)


async def test_a_job_is_found_only_under_its_own_service(jobs, deploy, queue_job):
    job = await queue_job(deploy("cat"))
    deploy("dog")
    for asking in (jobs.describe(ADMIN, "dog", job), jobs.log(ADMIN, "dog", job), jobs.remove(ADMIN, "dog", job)):
        with pytest.raises(NotFound, match="dog has no job"):
            await asking
    with pytest.raises(NotFound):
        await jobs.page(ADMIN, "nobody")


async def test_jobs_are_found_by_their_state(jobs, deploy, queue_job, run):
    service = deploy()
    _, bad, _ = [await queue_job(service) for _ in range(3)]
    await run()
    await run(report=Report(outcome=Outcome.SCRIPT_FAILED, exit_code=1))
    assert [job.id for job in (await jobs.page(ADMIN, "cat", states=DEAD_LETTERS)).jobs] == [bad]


async def test_a_job_that_nobody_has_begun_is_cancelled_at_once(jobs, deploy, queue_job, killed, ledger):
    job = await queue_job(deploy())
    await jobs.cancel(ADMIN, "cat", job)
    found = await ledger.jobs.get(job)
    assert (found.state, found.reason, killed) == (JobState.CANCELLED, CANCELLED, [])
    await jobs.cancel(ADMIN, "cat", job)


async def test_a_job_under_way_is_noted_and_its_run_ended(jobs, deploy, queue_job, run, killed, ledger):
    job = await queue_job(deploy())
    await run(report=None)
    await jobs.cancel(ADMIN, "cat", job)
    found = await ledger.jobs.get(job)
    assert (found.state, found.cancelling, killed) == (JobState.LEASED, CANCELLED, [job])


async def test_it_is_too_late_to_cancel_what_counts_or_has_ended(jobs, deploy, queue_job, run, ledger, killed):
    service = deploy()
    done, committed = await queue_job(service), await queue_job(service)
    await run()
    [job] = await ledger.queue.lease("cat", runner="r1", limit=1, ttl=60, revision=1, script_hash="ab")
    await ledger.queue.commit(Lease(job=job.id, attempt=1, runner="r1"), Manifest(entries=()))
    with pytest.raises(Conflict, match="has ended already: it is published"):
        await jobs.cancel(ADMIN, "cat", done)
    with pytest.raises(Conflict, match="is committed: its outputs count already"):
        await jobs.cancel(ADMIN, "cat", committed)
    assert killed == []


async def test_the_administrator_reads_the_jobs_of_a_deleted_service(jobs, deploy, queue_job, run, catalog, user):
    job = await queue_job(deploy(owner="alice", outputs=["box/out"]))
    await run(outputs=[("a", 1)])
    catalog.drop("cat")
    assert [one.id for one in (await jobs.page(ADMIN, "cat")).jobs] == [job]
    assert (await jobs.describe(ADMIN, "cat", job)).outputs == ()
    assert await text(await jobs.log(ADMIN, "cat", job)) == b"attempt 1\n"
    with pytest.raises(NotFound):
        await jobs.page(user("alice"), "cat")
    await jobs.remove(ADMIN, "cat", job)
    with pytest.raises(NotFound):
        await jobs.page(ADMIN, "cat")


async def test_only_who_may_change_the_service_cancels(jobs, deploy, queue_job, user):
    job = await queue_job(deploy(owner="alice", visibility="public"))
    with pytest.raises(Forbidden):
        await jobs.cancel(user("bob"), "cat", job)
    for caller, service, name in [(ADMIN, "cat", "nobody"), (ADMIN, "nobody", job)]:
        with pytest.raises(NotFound):
            await jobs.cancel(caller, service, name)


@pytest.fixture
def ran_elsewhere(ledger, queue_job, deploy):
    """A job whose attempt another manager runs, or ended with `outcome`; nothing of its log is here."""

    async def one(outcome=None, runner="far.cat-1"):
        job = await queue_job(deploy())
        [leased] = await ledger.queue.lease("cat", runner=runner, limit=1, ttl=60, revision=1, script_hash="ab")
        if outcome:
            lease = Lease(job=job, attempt=leased.attempt, runner=runner)
            await ledger.queue.report(lease, Report(outcome=outcome))
        return job

    return one


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (None, b"attempt 1 runs with manager far"),
        (Outcome.PLATFORM_FAULT, b"lies with manager far"),
        (Outcome.SCRIPT_FAILED, b""),
    ],
)
async def test_a_log_that_lies_with_another_manager_is_told(jobs, ran_elsewhere, outcome, words):
    job = await ran_elsewhere(outcome)
    said = await text(await jobs.log(ADMIN, "cat", job))
    assert words in said
    assert bool(words) == bool(said), "one that ended by itself was handed over if it said anything"


async def test_a_log_of_our_own_without_a_word_is_empty(jobs, ran_elsewhere):
    assert await text(await jobs.log(ADMIN, "cat", await ran_elsewhere(runner="cat-1"))) == b""
