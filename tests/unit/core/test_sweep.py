"""The sweep: whatever the stream lost, the listing shows; each object once."""

import asyncio
from dataclasses import replace

import pytest

from statuette.core.commits import COMMIT_METADATA
from statuette.core.intake import HISTORY, Intake
from statuette.core.sweep import Sweep
from statuette.events.leases import Commit, Manifest
from statuette.events.objects import ObjectRef
from statuette.ports.errors import NotFound, StoreUnavailable
from statuette.ports.jobs import JobQuery
from statuette.ports.store_events import Notice
from statuette.testing.store import MemoryObjects


class House:
    """A sweep over twins."""

    def __init__(self, *, ledger, catalog, marks, clock, store, objects=None):
        self.ledger, self.clock, self.store = ledger, clock, store
        self.intake = Intake(ledger=ledger.intake, catalog=catalog, marks=marks, clock=clock, wake=[].append)
        self.objects = objects or CountingObjects(store)
        self.sweep = Sweep(
            objects=self.objects, ledger=ledger.intake, intake=self.intake, catalog=catalog, clock=clock
        )  # fmt: skip

    async def everything(self):
        return await self.sweep.everything(why="test")

    async def stream(self, bucket, key, version, **fields):
        """What the store's stream would have told."""
        ref = ObjectRef(bucket=bucket, key=key, version=version)
        return await self.intake.take([Notice(position=1, ref=ref, **fields)], stream="store")

    async def keys(self, service="cat"):
        page = await self.ledger.jobs.page(JobQuery(service=service), limit=10_000)
        return [job.event.object.key for job in reversed(page.jobs)]

    async def seen(self, feed):
        return [row.object_key for row in await self.ledger.intake.seen(feed.id, after="", limit=100_000)]


class CountingObjects(MemoryObjects):
    """Counts how many objects are asked for one by one, and how many at once at most."""

    heads = 0
    now = 0
    most = 0

    async def head(self, ref):
        self.heads += 1
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(0)
            return await super().head(ref)
        finally:
            self.now -= 1


@pytest.fixture
def plugs(ledger, catalog, marks, clock, store):
    return {"ledger": ledger, "catalog": catalog, "marks": marks, "clock": clock, "store": store}


@pytest.fixture
def house(plugs):
    return House(**plugs)


def figures(count):
    return count.listed, count.recovered, count.forgotten, count.failed


async def test_what_the_stream_lost_is_found_and_what_it_told_is_not_run_twice(house, deploy, put):
    deploy(inputs=["box/in"])
    told, lost = await put("box", "in/told"), await put("box", "in/lost")
    await house.stream("box", "in/told", told)
    assert figures(await house.everything()) == (2, 1, 0, 0)
    assert await house.keys() == ["in/told", "in/lost"]
    assert figures(await house.everything()) == (2, 0, 0, 0)
    assert await house.stream("box", "in/lost", lost) == 0, "the stream comes late"
    assert figures(house.sweep.total) == (4, 1, 0, 0)


async def test_an_object_written_again_is_found_again(house, deploy, put, clock):
    deploy(inputs=["box/in"])
    await put("box", "in/x", b"1")
    await house.everything()
    await clock.advance(2)
    await put("box", "in/x", b"1")
    assert (await house.everything()).recovered == 1
    assert await house.keys() == ["in/x", "in/x"]


async def test_only_the_inputs_own_folder_counts_and_no_markers(house, deploy, put):
    deploy(inputs=["box/in"])
    for key in ("in/", "in/sub/", "in/sub/x", "inside/x", "x", "in/y"):
        await put("box", key)
    assert figures(await house.everything()) == (2, 2, 0, 0)
    assert await house.keys() == ["in/sub/x", "in/y"]


async def test_objects_older_than_the_input_are_left_alone(house, deploy, put, clock):
    await put("box", "in/old")
    await clock.advance(10)
    deploy(inputs=["box/in"], since=int(clock.wall()))
    await put("box", "in/new")
    assert figures(await house.everything()) == (2, 1, 0, 0)
    assert await house.keys() == ["in/new"]


async def test_what_lies_in_a_new_input_and_is_as_young_as_it_is_noted_without_a_job(house, deploy, put, clock):
    await put("box", "in/same-second")
    service = deploy(inputs=["box/in"], since=int(clock.wall()))
    await house.sweep.leave_alone(service.feeds[0])
    assert figures(await house.everything()) == (1, 0, 0, 0)
    await put("box", "in/next")
    assert (await house.everything()).recovered == 1
    assert await house.keys() == ["in/next"]


async def test_a_new_input_of_a_bucket_that_is_not_there_yet_is_no_fault(house, deploy):
    await house.sweep.leave_alone(deploy(inputs=["missing/in"]).feeds[0])


async def test_several_pages_on_both_sides_are_walked_once(house, deploy, put, monkeypatch):
    service = deploy(inputs=["box/in"])
    keys = [f"in/{n:05}" for n in range(2500)]
    for key in keys[::2]:
        await put("box", key)
    assert (await house.everything()).recovered == 1250
    for key in keys[1::2]:
        await put("box", key)
    assert figures(await house.everything()) == (2500, 1250, 0, 0)
    assert sorted(await house.keys()) == keys
    assert await house.seen(service.feeds[0]) == keys


async def test_gone_objects_are_forgotten_only_when_the_stream_cannot_tell_them_any_more(house, deploy, put, clock):
    service = deploy(inputs=["box/in"])
    for key in ("in/a", "in/gone", "in/z"):
        await put("box", key)
    await house.everything()
    await house.store.objects.remove("box", ["in/gone"])
    await clock.advance(HISTORY)
    assert (await house.everything()).forgotten == 0
    await clock.advance(1)
    assert (await house.everything()).forgotten == 1
    assert await house.seen(service.feeds[0]) == ["in/a", "in/z"]
    assert (await house.everything()).forgotten == 0


async def test_an_emptied_bucket_is_forgotten_in_one_pass(house, deploy, put, clock):
    service = deploy(inputs=["box/in"])
    for n in range(30):
        await put("box", f"in/{n}")
    await house.everything()
    await house.store.objects.remove("box", [f"in/{n}" for n in range(30)])
    await clock.advance(HISTORY + 1)
    assert (await house.everything()).forgotten == 30
    assert await house.seen(service.feeds[0]) == []


async def test_deleting_job_records_does_not_make_old_files_run_again(house, deploy, put, ledger):
    deploy(inputs=["box/in"])
    await put("box", "in/x")
    await house.everything()
    page = await ledger.jobs.page(JobQuery(service="cat"))
    assert await ledger.jobs.remove("cat", [job.id for job in page.jobs])
    assert (await house.everything()).recovered == 0


class OneBucketFails(MemoryObjects):
    """Cannot list the bucket `bad`."""

    async def list(self, bucket, prefix, *, after=""):
        if bucket == "bad":
            raise StoreUnavailable
        async for page in super().list(bucket, prefix, after=after):
            yield page


async def test_an_input_that_fails_does_not_stop_the_others(plugs, store, deploy, put):
    house = House(**plugs, objects=OneBucketFails(store))
    deploy("broken", inputs=["bad/in"])
    deploy("lost", inputs=["missing/in"])
    deploy("cat", inputs=["box/in"])
    await put("box", "in/x")
    assert figures(await house.everything()) == (1, 1, 0, 1), "a bucket that is gone is no failure"
    assert await house.keys() == ["in/x"]
    assert house.sweep.total.failed == 1


async def test_sweeping_one_input_tells_its_fault(house, deploy, put):
    missing = deploy("lost", inputs=["missing/in"]).feeds[0]
    with pytest.raises(NotFound):
        await house.sweep.one(missing)
    feed = deploy("cat", inputs=["box/in"]).feeds[0]
    await put("box", "in/x")
    assert (await house.sweep.one(feed)).recovered == 1
    house.store.down = True
    with pytest.raises(StoreUnavailable):
        await house.sweep.one(feed)


async def test_marks_are_asked_for_only_where_services_publish(house, deploy, put):
    deploy("cat", inputs=["box/in"])
    for n in range(20):
        await put("box", f"in/{n}")
    await house.everything()
    assert house.objects.heads == 0
    deploy("writer", outputs=["box/in/results"])
    for n in range(20, 60):
        await put("box", f"in/{n}")
    assert (await house.everything()).recovered == 40
    assert house.objects.heads == 40
    assert 1 < house.objects.most <= 8


async def test_our_own_output_uploaded_again_is_found_and_runs_nothing_twice(house, deploy, put, marks, clock):
    deploy("writer", outputs=["box/in"])
    service = deploy("cat", inputs=["box/in"])
    commit = Commit(id="c0ffee", job="writer-1", generation=1, manifest=Manifest(entries=()))
    mark = marks.mark(commit, ObjectRef(bucket="box", key="in/x"), hops=1)
    await put("box", "in/x", **{COMMIT_METADATA: mark})
    assert (await house.everything()).recovered == 1
    await clock.advance(5)
    await put("box", "in/x", **{COMMIT_METADATA: mark})
    assert (await house.everything()).recovered == 0
    assert len(await house.seen(service.feeds[0])) == 3, "two versions and the commit"
    assert (await house.everything()).recovered == 0


async def test_a_service_removed_while_its_input_is_listed_does_not_stop_the_sweep(house, deploy, put, catalog, store):
    deploy("cat", inputs=["box/in"])
    deploy("dog", inputs=["yard/in"])
    await put("box", "in/x")
    await put("yard", "in/y")
    sweeping = asyncio.create_task(house.everything())
    await asyncio.sleep(0)
    catalog.drop("cat")
    await sweeping
    assert await house.keys("dog") == ["in/y"]
    assert await house.keys("cat") == []


async def test_one_pass_at_a_time(house, deploy, put):
    feed = deploy(inputs=["box/in"]).feeds[0]
    await put("box", "in/x")
    counts = await asyncio.gather(house.everything(), house.sweep.one(feed), house.everything())
    assert sorted(count.recovered for count in counts) == [0, 0, 1]


async def test_two_inputs_on_one_folder_each_see_everything(house, deploy, put):
    deploy("cat", inputs=["box/in"])
    deploy("dog", inputs=["box/in", "box/in/deep"])
    version = await put("box", "in/deep/x")
    await house.stream("box", "in/deep/x", replace(version))
    assert (await house.everything()).recovered == 0
    assert (await house.keys("cat"), len(await house.keys("dog"))) == (["in/deep/x"], 2)
