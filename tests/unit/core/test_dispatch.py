"""Dispatch: which runner gets which work, and what its words come to."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from statuette.core.calls import Call
from statuette.core.commits import Origin
from statuette.core.dispatch import LEASE_TTL, SINGLY, Dispatch, output_rules, script_hash
from statuette.core.managers import Managers, Several
from statuette.events.event import Event, EventKind
from statuette.events.jobs import JobState, Outcome, Retries, Stage
from statuette.events.leases import Lease, Manifest, ManifestEntry, Report
from statuette.ports.errors import LeaseLost
from statuette.ports.queue import Backlog
from statuette.ports.work import PUBLISHER
from statuette.testing.logs import MemoryLogs

DONE = Report(outcome=Outcome.PUBLISHED)
MANIFEST = Manifest(entries=(ManifestEntry(name="out.txt", size=1, sha256="0" * 64),), sealed="cat-1")


class House:
    """A dispatch over twins. `room` is what the disk says, `changes` counts what the fleet was told."""

    def __init__(self, *, ledger, catalog, board, roster, marks, bodies, clock, jobs=None):
        self.room, self.changes = True, 0
        self.ledger, self.board, self.roster, self.clock = ledger, board, roster, clock
        self.dispatch = Dispatch(
            queue=ledger.queue, jobs=jobs or ledger.jobs, catalog=catalog, board=board, roster=roster, marks=marks,
            bodies=bodies, clock=clock, may_lease=lambda: self.room, most_hops=3,
            changed=self.changed, freed=self.changed,
            logs=MemoryLogs(clock), managers=Managers(None, catalog=catalog, ttl=10.0, clock=clock),
        )  # fmt: skip

    def changed(self):
        self.changes += 1

    def call(self, service="cat", *, principal="alice", call="cat-call", **fields):
        now = self.clock.monotonic()
        event = Event(kind=EventKind.JSON, payload=b"{}", principal=principal)
        made = Call(
            id=call, service=service, event=event, principal=principal, arrived=now, deadline=now + 30, **fields
        )
        self.board.put(made)
        self.roster.hints.add({service: 1})
        return made

    async def one(self, runner="r1"):
        [assignment] = await self.dispatch.lease(runner)
        return assignment

    async def state(self, job):
        return (await self.ledger.jobs.get(job)).state


@pytest.fixture
def plugs(ledger, catalog, board, roster, marks, bodies, clock):
    return {
        "ledger": ledger, "catalog": catalog, "board": board, "roster": roster, "marks": marks, "bodies": bodies,
        "clock": clock,
    }  # fmt: skip


@pytest.fixture
def house(plugs):
    return House(**plugs)


@pytest.fixture
def queued(house, queue_job):
    async def put(service, **fields):
        job = await queue_job(service, **fields)
        house.roster.hints.add({service.name: 1})
        return job

    return put


@pytest.fixture
def cat(deploy):
    """A service whose idle runners end at once, so that no test waits."""
    return deploy(runner={"idle_timeout": 0}, outputs=["box/out"], timeout=77)


async def settled(task=None):
    for _ in range(10):
        await asyncio.sleep(0)
    return task is not None and task.done()


async def test_a_job_comes_with_all_that_its_run_needs(house, cat, sit, queued, bodies):
    job = await queued(cat, payload=b"hello", principal="alice")
    seat = sit(cat)
    assignment = await house.one()
    assert assignment.lease == Lease(job=job, attempt=1, runner="r1")
    assert (assignment.service, assignment.call, assignment.resume) == ("cat", "", None)
    assert (assignment.payload, assignment.payload_path, assignment.stage_in) == (b"hello", "", True)
    assert (assignment.timeout, assignment.publish_on_failure) == (77.0, False)
    assert assignment.variables == {"JOB_UUID": job}
    assert assignment.secrets == (cat.token,)
    assert (seat.busy, seat.uses, seat.principal) == (True, 1, "alice")
    [attempt], _ = await house.ledger.jobs.history(job)
    assert (attempt.revision, attempt.script_hash) == (1, script_hash(cat))


async def test_a_payload_in_a_file_is_named_by_its_path_and_dropped_at_the_end(house, cat, sit, queued, bodies, body):
    name, _ = await bodies.keep("kept", body(b"large"), limit=99)
    event = Event(kind=EventKind.RAW, payload_file=name)
    job = await queued(cat, event=event)
    sit(cat)
    assignment = await house.one()
    assert await asyncio.to_thread(Path(assignment.payload_path).read_bytes) == b"large"
    await house.dispatch.report(assignment.lease, replace(DONE, outcome=Outcome.RETURNED))
    assert "kept" in bodies.kept, "it is needed for the next attempt"
    again = await house.one()
    await house.dispatch.report(again.lease, DONE)
    assert bodies.kept == {}
    assert await house.state(job) is JobState.PUBLISHED


async def test_secrets_of_the_service_are_named_for_masking(house, deploy, sit, queued):
    service = deploy(secrets={"environment.secrets.P": "hunter2", "environment.secrets.EMPTY": ""})
    await queued(service)
    sit(service)
    assert (await house.one()).secrets == (service.token, "hunter2")


async def test_calls_go_before_jobs(house, cat, sit, queued):
    job = await queued(cat, principal="alice")
    call = house.call()
    sit(cat)
    first = await house.one()
    assert (first.call, first.lease) == (call.id, Lease(job=call.id, attempt=1, runner="r1"))
    assert 0 < first.timeout <= 30
    await house.dispatch.report(first.lease, DONE)
    assert (await house.one()).lease.job == job


async def test_without_work_the_runner_is_idle_and_then_told_to_end(house, cat, sit):
    seat = sit(cat)
    seat.busy = True
    assert await house.dispatch.lease("r1") == []
    assert seat.started
    assert not seat.busy
    assert house.changes == 1


async def test_news_wake_a_runner_that_waits(house, deploy, sit, queued):
    service = deploy(runner={"idle_timeout": 3600})
    sit(service)
    leasing = asyncio.create_task(house.dispatch.lease("r1"))
    assert not await settled(leasing)
    job = await queued(service)
    [assignment] = await leasing
    assert assignment.lease.job == job


async def test_a_hint_without_work_leaves_the_runner_waiting(house, deploy, sit):
    service = deploy(runner={"idle_timeout": 3600})
    seat = sit(service)
    house.roster.hints.add({"cat": 3})
    leasing = asyncio.create_task(house.dispatch.lease("r1"))
    assert not await settled(leasing)
    house.roster.dismiss(seat)
    assert await leasing == []


async def test_a_runner_that_is_to_leave_or_unknown_gets_nothing(house, cat, sit, queued):
    job = await queued(cat)
    house.roster.dismiss(sit(cat))
    assert await house.dispatch.lease("r1") == []
    assert await house.dispatch.lease("nobody") == []
    assert await house.state(job) is JobState.QUEUED


@pytest.mark.parametrize("change", ["revision", "incarnation", "gone"])
async def test_a_runner_of_another_revision_gets_nothing(house, cat, catalog, sit, queued, change):
    job = await queued(cat)
    sit(cat)
    catalog.drop("cat")
    if change != "gone":
        catalog.put(replace(cat, **{change: 2 if change == "revision" else "another-life"}))
    assert await house.dispatch.lease("r1") == []
    assert await house.state(job) is JobState.QUEUED


async def test_a_single_use_runner_gets_one_piece_of_work(house, deploy, sit, queued):
    service = deploy(runner={"reuse": "never", "idle_timeout": 0})
    for _ in range(2):
        await queued(service)
    sit(service)
    await house.dispatch.report((await house.one()).lease, DONE)
    assert await house.dispatch.lease("r1") == []


async def test_a_runner_goes_on_for_its_own_principal(house, cat, sit, queued):
    for _ in range(3):
        await queued(cat, principal="alice")
    seat = sit(cat)
    for _ in range(3):
        await house.dispatch.report((await house.one()).lease, DONE)
    assert seat.uses == 3


async def test_work_of_another_principal_is_returned_and_the_runner_ends(house, cat, sit, queued):
    first, second = await queued(cat, principal="alice"), await queued(cat, principal="bob")
    sit(cat)
    await house.dispatch.report((await house.one()).lease, DONE)
    assert await house.dispatch.lease("r1") == []
    job = await house.ledger.jobs.get(second)
    assert (job.state, job.faults) == (JobState.QUEUED, {Outcome.RETURNED: 1})
    assert await house.state(first) is JobState.PUBLISHED
    sit(cat, "r2")
    assert (await house.one("r2")).lease == Lease(job=second, attempt=2, runner="r2")


async def several(house, cat, queued, count, **fields):
    return [await queued(cat, **fields) for _ in range(count)]


async def test_a_runner_gets_as_many_jobs_as_it_asks_for(house, cat, sit, queued):
    jobs = await several(house, cat, queued, 5, principal="alice")
    seat = sit(cat)
    given = await house.dispatch.lease("r1", limit=4)
    assert [assignment.lease.job for assignment in given] == jobs[:4]
    assert (seat.busy, seat.uses) == (True, 4)
    for assignment in given:
        await house.dispatch.commit(assignment.lease, MANIFEST)
        await house.dispatch.report(assignment.lease, DONE)
    assert (await house.one()).lease.job == jobs[4]


@pytest.mark.parametrize(("runners", "shares"), [(1, [16, 4]), (4, [5, 3, 3, 2, 1, 1, 1, 1, 1, 1, 1]), (50, [1] * 20)])
async def test_what_waits_is_shared_among_the_runners_there_are_or_could_be(
    house, deploy, sit, queued, runners, shares
):
    cat = deploy(runner={"reuse": "service", "idle_timeout": 0})
    await several(house, cat, queued, 20)
    sit(cat)
    house.roster.reach["cat"] = runners
    given = []
    while leased := await house.dispatch.lease("r1", limit=16):
        given.append(len(leased))
    assert given == shares


async def test_runners_that_are_there_count_where_the_fleet_saw_fewer(house, cat, sit, queued):
    await several(house, cat, queued, 8, principal="alice")
    for number in range(4):
        sit(cat, f"r{number}")
    assert len(await house.dispatch.lease("r0", limit=16)) == 2


async def test_another_principal_s_jobs_are_not_among_them_and_go_back(house, cat, sit, queued):
    jobs = [await queued(cat, principal=who) for who in ("alice", "bob", "alice", "bob")]
    sit(cat)
    given = await house.dispatch.lease("r1", limit=4)
    assert [assignment.lease.job for assignment in given] == [jobs[0], jobs[2]]
    assert {assignment.event.principal for assignment in given} <= {"", "alice"}
    for job in (jobs[1], jobs[3]):
        assert await house.state(job) is JobState.QUEUED
        assert (await house.ledger.jobs.get(job)).faults == {Outcome.RETURNED: 1}
    sit(cat, "r2")
    assert [one.lease.job for one in await house.dispatch.lease("r2", limit=4)] == [jobs[1]], "one at a time now"


async def test_after_a_call_jobs_are_handed_out_one_at_a_time_for_a_while(house, cat, sit, queued, clock):
    await several(house, cat, queued, 9, principal="alice")
    house.call()
    sit(cat)
    await house.dispatch.report((await house.one()).lease, DONE)
    assert len(await house.dispatch.lease("r1", limit=8)) == 1
    await clock.advance(SINGLY + 1)
    assert len(await house.dispatch.lease("r1", limit=8)) == 8


async def test_a_single_use_runner_is_never_given_two(house, deploy, sit, queued):
    cat = deploy(runner={"reuse": "never", "idle_timeout": 0})
    await several(house, cat, queued, 4)
    sit(cat)
    assert len(await house.dispatch.lease("r1", limit=8)) == 1


async def test_the_fast_mode_serves_everybody(house, deploy, sit, queued):
    service = deploy(runner={"reuse": "service", "idle_timeout": 0})
    await queued(service, principal="alice")
    await queued(service, principal="bob")
    seat = sit(service)
    for _ in range(2):
        await house.dispatch.report((await house.one()).lease, DONE)
    assert (seat.uses, seat.principal) == (2, "bob")


async def test_an_idle_runner_makes_room_for_a_call_that_it_may_not_serve(house, deploy, sit):
    """Else it would count as free and the call wait until it ends of itself."""
    service = deploy(runner={"idle_timeout": 3600})
    seat = sit(service)
    seat.uses, seat.principal = 1, "bob"
    leasing = asyncio.create_task(house.dispatch.lease("r1"))
    assert not await settled(leasing)
    house.call(principal="alice")
    assert await leasing == []


async def test_on_a_full_disk_jobs_wait_and_calls_are_served(house, cat, sit, queued):
    job = await queued(cat)
    sit(cat)
    house.room = False
    assert await house.dispatch.lease("r1") == []
    assert await house.state(job) is JobState.QUEUED
    call = house.call()
    assert (await house.one()).call == call.id


async def test_renewing_prolongs_jobs_and_tells_when_they_started(house, cat, sit, queued, ledger, clock):
    job = await queued(cat)
    sit(cat)
    lease = (await house.one()).lease
    assert await house.dispatch.renew([lease], started={}) == []
    await clock.advance(LEASE_TTL - 1)
    assert await house.dispatch.renew([lease], started={job: 5.0}) == []
    await clock.advance(LEASE_TTL - 1)
    assert await ledger.queue.expire() == []
    assert (await ledger.jobs.get(job)).stages[Stage.STARTED] == 5.0


async def test_a_call_has_no_lease_to_lose(house, cat, sit):
    house.call()
    sit(cat)
    lease = (await house.one()).lease
    assert await house.dispatch.renew([lease], started={}) == []


async def test_a_lease_that_ran_out_is_lost_for_all_its_words(house, cat, sit, queued, ledger, clock):
    job = await queued(cat)
    sit(cat)
    lease = (await house.one()).lease
    await clock.advance(LEASE_TTL + 1)
    assert [back.id for back in await ledger.queue.expire()] == [job]
    assert await house.dispatch.renew([lease], started={}) == [lease]
    with pytest.raises(LeaseLost):
        await house.dispatch.commit(lease, MANIFEST)
    with pytest.raises(LeaseLost):
        await house.dispatch.report(lease, DONE)
    assert await house.state(job) is JobState.RETRYING


async def test_a_late_word_of_a_lost_lease_does_not_disturb_the_attempt_that_counts(house, cat, sit, queued, clock):
    job = await queued(cat, retries=Retries(delay=0.0))
    sit(cat)
    late = (await house.one()).lease
    await clock.advance(LEASE_TTL + 1)
    await house.ledger.queue.expire()
    house.roster.hints.add({"cat": 1})
    sit(cat, "r2")
    lease = (await house.one("r2")).lease
    with pytest.raises(LeaseLost):
        await house.dispatch.report(late, DONE)
    await house.dispatch.commit(lease, MANIFEST)
    await house.dispatch.report(lease, DONE)
    assert await house.state(job) is JobState.PUBLISHED


async def test_a_jobs_commit_is_kept_and_says_where_to_upload(house, cat, sit, queued, marks):
    job = await queued(cat)
    sit(cat)
    lease = (await house.one()).lease
    page = await house.dispatch.commit(lease, MANIFEST)
    assert await house.dispatch.commit(lease, MANIFEST, page=0) == page
    [upload] = page.uploads
    assert (upload.target.bucket, upload.target.key) == ("box", "out/out.txt")
    mark = upload.metadata["statuette-commit"]
    assert marks.verified(mark, bucket="box", key="out/out.txt") == Origin(f"{page.commit.id}.1", hops=1)
    assert (await house.ledger.jobs.get(job)).commit == page.commit.id


async def test_a_calls_commit_is_recorded_nowhere(house, cat, sit):
    call = house.call()
    sit(cat)
    lease = (await house.one()).lease
    page = await house.dispatch.commit(lease, MANIFEST)
    assert [upload.target.key for upload in page.uploads] == ["out/out.txt"]
    assert page.commit.id == call.commit
    assert await house.ledger.jobs.history(call.id) == ([], None)


async def test_an_update_in_between_publishes_by_the_rules_the_work_began_with(
    house, cat, catalog, sit, queued, record
):
    await queued(cat)
    sit(cat)
    lease = (await house.one()).lease
    catalog.put(replace(record(outputs=["elsewhere/out"]), revision=2))
    [upload] = (await house.dispatch.commit(lease, MANIFEST)).uploads
    assert upload.target.bucket == "box"


async def test_a_calls_report_answers_it_and_hands_its_folder_over(house, cat, sit):
    call = house.call()
    sit(cat)
    lease = (await house.one()).lease
    await house.dispatch.report(lease, DONE, sealed="/sealed/call")
    assert await call.done == DONE
    assert call.sealed == "/sealed/call"
    assert house.changes >= 1


async def test_a_late_answer_to_a_call_that_is_over_is_thrown_away(house, cat, sit, tmp_path):
    call = house.call()
    sit(cat)
    lease = (await house.one()).lease
    sealed = tmp_path / "sealed"
    (sealed / "out").mkdir(parents=True)
    call.done.cancel()
    await house.dispatch.report(lease, DONE, sealed=str(sealed))
    await asyncio.get_running_loop().shutdown_default_executor()
    assert not sealed.exists()


async def test_the_next_job_of_a_lane_is_there_when_the_one_before_ends(house, deploy, sit, queued):
    """The fleet is told of the change; its look sets the hint by the ledger's counters."""
    service = deploy(runner={"idle_timeout": 0})
    await queued(service, lane="l:1")
    second = await queued(service, lane="l:1")
    sit(service)
    lease = (await house.one()).lease
    assert await house.dispatch.lease("r1") == [], "the second waits for the first"
    told = house.changes
    await house.dispatch.report(lease, DONE)
    assert house.changes > told
    house.roster.hints.correct("cat", (await house.ledger.jobs.backlog())["cat"].queued)
    assert (await house.one()).lease.job == second


async def test_withdrawals_reach_the_runner_that_works(house, cat, sit):
    seat = sit(cat)
    lease = Lease(job="cat-call", attempt=1, runner="r1")
    asking = asyncio.create_task(house.dispatch.cancelled("r1"))
    assert not await settled(asking)
    seat.withdrawn.put_nowait(lease)
    assert await asking == [lease]


async def test_the_publisher_hears_of_no_withdrawals(house):
    asking = asyncio.create_task(house.dispatch.cancelled(PUBLISHER))
    assert not await settled(asking)
    asking.cancel()


async def unpublished(house, cat, sit, queued):
    """A job whose upload could not be made."""
    job = await queued(cat, retries=Retries(delay=1.0))
    sit(cat)
    lease = (await house.one()).lease
    await house.dispatch.commit(lease, MANIFEST)
    await house.dispatch.report(lease, Report(outcome=Outcome.UNPUBLISHED, reason="the bucket is gone"))
    assert await house.state(job) is JobState.UNPUBLISHED
    return job


async def test_the_publisher_takes_up_what_was_not_published(house, cat, sit, queued, clock):
    job = await unpublished(house, cat, sit, queued)
    leasing = asyncio.create_task(house.dispatch.lease(PUBLISHER, limit=4))
    assert not await settled(leasing), "not before its pause is over"
    await clock.advance(2.0)
    [assignment] = await leasing
    assert assignment.resume is not None
    assert assignment.resume.manifest == MANIFEST
    assert assignment.lease == Lease(job=job, attempt=2, runner=PUBLISHER)
    page = await house.dispatch.commit(assignment.lease, MANIFEST)
    assert page.commit == assignment.resume, "the same commit, no new generation"
    assert [upload.target.key for upload in page.uploads] == ["out/out.txt"]
    await house.dispatch.report(assignment.lease, DONE)
    assert await house.state(job) is JobState.PUBLISHED


async def test_what_a_removed_service_did_not_publish_is_given_up(house, cat, catalog, sit, queued, clock):
    job = await unpublished(house, cat, sit, queued)
    catalog.drop("cat")
    leasing = asyncio.create_task(house.dispatch.lease(PUBLISHER))
    await clock.advance(3.0)
    assert await house.state(job) is JobState.CANCELLED
    assert not leasing.done()
    leasing.cancel()


async def test_the_backlog_is_asked_once_a_second_while_there_is_nothing_to_publish(plugs, clock):
    asked = CountingJobs()
    leasing = asyncio.create_task(House(**plugs, jobs=asked).dispatch.lease(PUBLISHER))
    await settled()
    for _ in range(5):
        await clock.advance(1.0)
    assert asked.count == 6
    leasing.cancel()


class CountingJobs:
    """A ledger without unpublished work that counts how often it is asked."""

    count = 0

    async def backlog(self):
        self.count += 1
        return {"cat": Backlog(queued=5)}


def test_output_rules_carry_prefixes_and_suffixes(record):
    outputs = [{"path": "box/a", "prefix": ["p"], "suffix": [".s"]}, "box/b"]
    first, second = output_rules(record(outputs=outputs))
    assert (first.target.key, first.prefix, first.suffix) == ("a", ("p",), (".s",))
    assert (second.target.key, second.prefix, second.suffix) == ("b", (), ())
    assert output_rules(None) == []


async def test_what_a_removed_service_runs_is_withdrawn(house, deploy, sit, queued):
    service = deploy()
    await queued(service)
    seat = sit(service)
    lease = (await house.one()).lease
    house.dispatch.withdraw("dog")
    assert seat.withdrawn.empty()
    house.dispatch.withdraw("cat")
    assert await house.dispatch.cancelled("r1") == [lease]


async def test_one_job_is_withdrawn_and_no_other(house, deploy, sit, queued):
    service = deploy()
    await queued(service)
    seat = sit(service)
    lease = (await house.one()).lease
    house.dispatch.withdraw_job("another")
    assert seat.withdrawn.empty()
    house.dispatch.withdraw_job(lease.job)
    assert await house.dispatch.cancelled("r1") == [lease]


@pytest.mark.parametrize("outcome", [Outcome.SCRIPT_FAILED, Outcome.CANCELLED])
async def test_the_body_of_a_job_that_may_run_again_stays(house, cat, sit, queued, bodies, body, outcome):
    await bodies.keep("kept", body(b"large"), limit=99)
    await queued(cat, event=Event(kind=EventKind.RAW, payload_file="kept"))
    sit(cat)
    await house.dispatch.report((await house.one()).lease, Report(outcome=outcome, exit_code=1))
    assert "kept" in bodies.kept


async def test_the_hops_of_an_output_are_one_more_than_its_inputs(house, cat, sit, queued, marks):
    await queued(cat, hops=2)
    sit(cat)
    page = await house.dispatch.commit((await house.one()).lease, MANIFEST)
    [upload] = page.uploads
    origin = marks.verified(upload.metadata["statuette-commit"], bucket="box", key="out/out.txt")
    assert origin.hops == 3


async def test_a_runaway_is_given_up_and_the_next_job_handed_out(house, cat, sit, queued):
    runaway, fine = await queued(cat, hops=4), await queued(cat, hops=3)
    sit(cat)
    assert (await house.one()).lease.job == fine
    job = await house.ledger.jobs.get(runaway)
    assert (job.state, job.reason) == (JobState.DEAD, "stopped: it comes after 4 services in a row, the most are 3")


async def test_a_body_that_is_lost_is_a_platform_fault(house, cat, sit, queued):
    job = await queued(cat, event=Event(kind=EventKind.RAW, payload_file="gone"))
    sit(cat)
    assert await house.dispatch.lease("r1") == []
    assert await house.state(job) is JobState.RETRYING
    assert "body could not be fetched" in (await house.ledger.jobs.get(job)).reason


async def test_a_job_of_an_earlier_life_of_the_service_is_given_up(house, cat, sit, queued):
    job = await queued(cat, incarnation="an earlier life")
    sit(cat)
    assert await house.dispatch.lease("r1") == []
    assert await house.state(job) is JobState.CANCELLED


async def test_a_job_of_a_life_that_was_not_heard_of_yet_is_handed_back(plugs, house, cat, sit, queued, ledger, clock):
    """Another manager made the service anew; this one learns it a moment later."""
    await ledger.services.add(replace(cat, incarnation="a new life"))
    several = Several(id="one", duties=ledger.duties, changes=ledger.changes)
    house.dispatch._managers = Managers(several, catalog=plugs["catalog"], ttl=10.0, clock=clock)
    job = await queued(cat, incarnation="a new life")
    sit(cat)
    assert await house.dispatch.lease("r1") == []
    assert await house.state(job) is JobState.QUEUED
