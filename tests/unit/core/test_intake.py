"""Intake: what was written becomes jobs, each once."""

import json
from dataclasses import replace

import pytest

from statuette.core.commits import CommitMarks
from statuette.core.intake import Intake
from statuette.events.event import EventKind
from statuette.events.jobs import JobState, Stage
from statuette.events.leases import Commit, Manifest
from statuette.ports.errors import LedgerUnavailable
from statuette.ports.jobs import JobQuery
from statuette.ports.store_events import Notice
from statuette.testing.ledger import MemoryLedger

STREAM = "store"


@pytest.fixture
def news():
    return []


@pytest.fixture
def intake(ledger, catalog, marks, clock, news):
    return Intake(ledger=ledger.intake, catalog=catalog, marks=marks, clock=clock, wake=lambda n: news.append(dict(n)))


@pytest.fixture
def jobs_of(ledger):
    async def jobs(service="cat"):
        page = await ledger.jobs.page(JobQuery(service=service), limit=1000)
        return list(reversed(page.jobs))

    return jobs


def notice(ref, *, position=1, **fields):
    return Notice(position=position, ref=ref, **fields)


async def test_an_object_becomes_a_job_that_says_all_about_it(intake, deploy, ref, jobs_of, news, clock):
    service = deploy(inputs=["box/in"], owner="alice")
    written = ref("box", "in/a b+ü.jpg", etag="abc", modified=1700, size=9)
    assert await intake.take([notice(written, position=7, uploader="bob")], stream=STREAM) == 1
    [job] = await jobs_of()
    assert (job.state, job.service, job.incarnation) == (JobState.QUEUED, "cat", service.incarnation)
    assert (job.principal, job.event.principal, job.event.inferred) == ("bob", "bob", False)
    assert (job.event.kind, job.event.object) == (EventKind.STORAGE, written)
    assert job.stages == {Stage.STORED: 1700.0, Stage.SEEN: clock.wall()}
    [record] = json.loads(job.event.document)["Records"]
    assert record["s3"]["object"]["eTag"] == "abc"
    assert job.event.time == record["eventTime"] == "1970-01-01T00:28:20.000Z"
    assert news == [{"cat": 1}]


@pytest.mark.parametrize(
    ("position", "stored"),
    [(1000_250_000_000, 1000.25), (1001_999_000_000, 1001.999), (1002_000_000_000, 1000.0), (7, 1000.0)],
)
async def test_the_stream_tells_the_moment_of_storing_where_it_agrees_with_the_object(
    intake, deploy, ref, jobs_of, position, stored
):
    deploy(inputs=["box/in"])
    await intake.take([notice(ref("box", "in/x", modified=1000), position=position)], stream=STREAM)
    assert (await jobs_of())[0].stages[Stage.STORED] == pytest.approx(stored)


async def test_without_an_uploader_the_owner_is_taken_and_marked_as_inferred(intake, deploy, ref, jobs_of):
    deploy(inputs=["box/in"], owner="alice")
    await intake.take([notice(ref("box", "in/x"))], stream=STREAM)
    [job] = await jobs_of()
    assert (job.principal, job.event.inferred) == ("alice", True)


async def test_objects_older_than_the_input_are_left_alone(intake, deploy, ref, jobs_of):
    deploy(inputs=["box/in"], since=1000)
    older, same, newer = (ref("box", f"in/{n}", modified=n) for n in (999, 1000, 1001))
    assert await intake.take([notice(one) for one in (older, same, newer)], stream=STREAM) == 2
    assert [job.event.object.key for job in await jobs_of()] == ["in/1000", "in/1001"]


async def test_one_object_feeds_eight_services(intake, deploy, ref, jobs_of, news):
    for n in range(8):
        deploy(f"s{n}", inputs=["shared/in"], owner=f"owner{n}")
    assert await intake.take([notice(ref("shared", "in/x"))], stream=STREAM) == 8
    for n in range(8):
        [job] = await jobs_of(f"s{n}")
        assert job.principal == f"owner{n}"
    assert news == [{f"s{n}": 1 for n in range(8)}]


async def test_redelivery_makes_no_second_job(intake, deploy, ref, jobs_of, news):
    deploy(inputs=["box/in"])
    written = notice(ref("box", "in/x"))
    assert await intake.take([written, written], stream=STREAM) == 1
    assert await intake.take([written], stream=STREAM) == 0
    assert len(await jobs_of()) == 1
    assert news == [{"cat": 1}, {}]


async def test_the_stream_after_the_sweep_makes_no_second_job(intake, deploy, ref, jobs_of):
    service = deploy(inputs=["box/in"])
    written = ref("box", "in/x")
    assert await intake.found(service.feeds[0], [(written, "")]) == 1
    assert await intake.take([notice(written)], stream=STREAM) == 0
    assert len(await jobs_of()) == 1


@pytest.mark.parametrize(
    ("overwriting", "states"),
    [("queue", (JobState.QUEUED, JobState.WAITING)), ("supersede", (JobState.SUPERSEDED, JobState.QUEUED))],
)
async def test_an_object_written_again_runs_again_in_order(intake, deploy, ref, jobs_of, overwriting, states):
    deploy(inputs=["box/in"], on_overwrite=overwriting)
    for modified in (1000, 1001):
        await intake.take([notice(ref("box", "in/x", modified=modified))], stream=STREAM)
    first, second = await jobs_of()
    assert first.lane == second.lane != ""
    assert (first.state, second.state) == states


async def test_a_versioned_object_goes_by_its_version_id(intake, deploy, ref, jobs_of):
    deploy(inputs=["box/in"])
    for etag, version in (("a", "v1"), ("b", "v1"), ("a", "v2")):
        await intake.take([notice(ref("box", "in/x", etag=etag, version_id=version))], stream=STREAM)
    assert [job.event.object.version.version_id for job in await jobs_of()] == ["v1", "v2"]


async def test_deletions_markers_and_other_folders_are_no_work_but_move_the_position(intake, deploy, ref, ledger):
    deploy(inputs=["box/in"])
    gone = replace(ref("box", "in/x"), version=None)
    notices = [
        notice(gone, position=1, gone=True),
        notice(ref("box", "in/y"), position=2, gone=True),
        notice(ref("box", "in/folder/"), position=3),
        notice(ref("box", "elsewhere/x"), position=4),
        notice(None, position=5),
    ]
    assert await intake.take(notices, stream=STREAM) == 0
    assert await ledger.intake.position(STREAM) == 5


@pytest.fixture
def commit():
    return Commit(id="c0ffee", job="dog-1", generation=1, manifest=Manifest(entries=()))


async def test_our_own_output_uploaded_again_runs_nothing_twice(intake, deploy, ref, jobs_of, marks, commit):
    deploy(inputs=["box/in"])
    first, again = ref("box", "in/x", modified=1000), ref("box", "in/x", modified=1777)
    mark = marks.mark(commit, first, hops=1)
    assert await intake.take([notice(first, commit=mark)], stream=STREAM) == 1
    assert await intake.take([notice(again, commit=mark)], stream=STREAM) == 0
    [job] = await jobs_of()
    assert job.event.commit == "c0ffee.1"


async def test_the_next_generation_of_our_output_runs_again(intake, deploy, ref, jobs_of, marks, commit):
    deploy(inputs=["box/in"])
    for generation in (1, 2):
        written = ref("box", "in/x", modified=1000 + generation)
        mark = marks.mark(replace(commit, generation=generation), written, hops=1)
        await intake.take([notice(written, commit=mark)], stream=STREAM)
    assert [job.event.commit for job in await jobs_of()] == ["c0ffee.1", "c0ffee.2"]


async def test_the_sweep_knows_our_outputs_by_the_same_mark(intake, deploy, ref, jobs_of, marks, commit):
    service = deploy(inputs=["box/in"])
    first, again = ref("box", "in/x", modified=1000), ref("box", "in/x", modified=1777)
    mark = marks.mark(commit, first, hops=1)
    await intake.take([notice(first, commit=mark)], stream=STREAM)
    assert await intake.found(service.feeds[0], [(again, mark)]) == 0
    assert len(await jobs_of()) == 1


async def test_a_forged_or_copied_mark_is_ignored(intake, deploy, ref, jobs_of, marks, commit):
    """A user who copies our metadata to his own uploads would else suppress them."""
    deploy(inputs=["box/in"])
    copied = marks.mark(commit, ref("box", "in/other"), hops=1)
    forged = CommitMarks(b"\2" * 32).mark(commit, ref("box", "in/x"), hops=1)
    for modified, mark in ((1000, copied), (1001, copied), (1002, forged), (1003, forged)):
        await intake.take([notice(ref("box", "in/x", modified=modified), commit=mark)], stream=STREAM)
    jobs = await jobs_of()
    assert len(jobs) == 4
    assert {job.event.commit for job in jobs} == {""}


async def test_noted_objects_make_no_job_neither_now_nor_later(intake, deploy, ref, jobs_of):
    service = deploy(inputs=["box/in"])
    written = ref("box", "in/x")
    await intake.note(service.feeds[0], [written, replace(written, version=None)])
    assert await intake.take([notice(written)], stream=STREAM) == 0
    assert await jobs_of() == []
    assert await intake.take([notice(ref("box", "in/x", modified=2000))], stream=STREAM) == 1


async def test_nothing_found_asks_the_ledger_nothing(intake, deploy, news):
    service = deploy(inputs=["box/in"])
    assert await intake.found(service.feeds[0], []) == 0
    assert news == []


async def test_a_service_made_again_sees_old_objects_as_its_own_rules_say(
    intake, catalog, deploy, ref, jobs_of, ledger
):
    old = deploy(inputs=["box/in"])
    await intake.take([notice(ref("box", "in/x", modified=1000))], stream=STREAM)
    await ledger.services.remove("cat")
    catalog.drop("cat")
    made_again = deploy(inputs=["box/in"], since=1500)
    feed = replace(made_again.feeds[0], id="another-life", incarnation="another-life")
    catalog.put(replace(made_again, incarnation="another-life", feeds=(feed,)))
    assert await intake.take([notice(ref("box", "in/x", modified=1000))], stream=STREAM) == 0
    assert await intake.take([notice(ref("box", "in/x", modified=1600))], stream=STREAM) == 1
    assert (await jobs_of())[-1].incarnation != old.incarnation


class DownLedger(MemoryLedger):
    """A ledger that cannot be written."""

    async def accept(self, arrivals, *, stream="", position=None):
        raise LedgerUnavailable


async def test_when_the_ledger_is_down_nobody_is_woken(catalog, marks, clock, deploy, ref, news):
    deploy(inputs=["box/in"])
    intake = Intake(ledger=DownLedger(clock), catalog=catalog, marks=marks, clock=clock, wake=news.append)
    with pytest.raises(LedgerUnavailable):
        await intake.take([notice(ref("box", "in/x"))], stream=STREAM)
    assert news == []


async def test_again_makes_jobs_beside_what_was_seen(intake, deploy, ref, jobs_of, ledger):
    [feed] = deploy(inputs=["box/in"]).feeds
    seen = ref("box", "in/x")
    await intake.found(feed, [(seen, "")])
    before = await ledger.intake.seen(feed.id, after="", limit=9)
    assert await intake.again([(feed, seen), (feed, ref("box", "in/y"))], replay="r") == 2
    assert await intake.again([(feed, seen)], replay="r") == 0
    assert len(await jobs_of("cat")) == 3
    assert await ledger.intake.seen(feed.id, after="", limit=9) == before
