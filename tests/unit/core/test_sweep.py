"""The sweep: whatever the stream lost, the listing shows; each object once."""

import asyncio
from dataclasses import replace

import pytest

from statuette.core import comparison
from statuette.core.commits import COMMIT_METADATA
from statuette.core.intake import HISTORY, Intake
from statuette.core.sweep import Sweep, together
from statuette.core.unchanged import SETTLED, WHOLE_EVERY
from statuette.events.leases import Commit, Manifest
from statuette.events.objects import ObjectRef
from statuette.ports.errors import LedgerUnavailable, NotFound, StoreUnavailable
from statuette.ports.jobs import JobQuery
from statuette.ports.store_events import Notice
from statuette.testing.store import MemoryObjects, MemoryPage


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
    """Counts the listings, and how many objects are asked for one by one, and how many at once at most.

    `break_after` so many pages the next listing breaks off.
    """

    heads = 0
    listings = 0
    break_after = None
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

    async def list(self, bucket, prefix, *, after=""):
        self.listings += 1
        pages = 0
        async for page in super().list(bucket, prefix, after=after):
            if pages == self.break_after:
                self.break_after = None
                raise StoreUnavailable
            pages += 1
            yield page


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


@pytest.fixture
def later(clock):
    """Let so much time pass that what was written before has settled."""

    async def pass_on():
        await clock.advance(SETTLED + 2)

    return pass_on


@pytest.fixture
def box(house, deploy, put, later):
    """Twenty objects in pages of five, swept and settled: the next pass finds all unchanged."""

    async def fill(**fields):
        service = deploy(inputs=["box/in"], **fields)
        house.store.page = 5
        for number in range(20):
            await put("box", f"in/{number:02}")
        await later()
        await house.everything()
        return service.feeds[0]

    return fill


async def test_what_is_unchanged_is_passed_over(house, box, ledger, monkeypatch):
    await box()
    monkeypatch.setattr(MemoryPage, "objects", None)  # no page may be read
    monkeypatch.setattr(ledger.intake, "seen", None)  # nor what was seen
    count = await house.everything()
    assert (figures(count), count.unchanged) == ((20, 0, 0, 0), 20)
    assert count.seconds >= 0


async def test_only_the_page_with_an_overwritten_object_is_compared(house, box, put):
    await box()
    await put("box", "in/07", b"x")
    count = await house.everything()
    assert (count.listed, count.unchanged, count.recovered) == (20, 15, 1)
    assert (await house.keys())[-1] == "in/07"


@pytest.mark.parametrize("key", ["in/0", "in/04a", "in/09a", "in/12a", "in/99"])
async def test_an_object_at_either_side_of_a_page_is_found(house, box, put, key):
    await box()
    await put("box", key)
    assert (await house.everything()).recovered == 1
    assert (await house.keys())[-1] == key


@pytest.mark.parametrize("gone", ["in/00", "in/04", "in/05", "in/19"])
async def test_an_object_taken_away_is_forgotten_in_its_time_and_found_when_it_is_back(
    house, box, put, clock, later, gone
):
    feed = await box()
    await house.store.objects.remove("box", [gone])
    assert (await house.everything()).forgotten == 0
    await clock.advance(HISTORY + 1)
    assert (await house.everything()).forgotten == 1
    assert gone not in await house.seen(feed)
    await later()
    assert (await house.everything()).unchanged == 19
    await put("box", gone)
    assert (await house.everything()).recovered == 1


async def test_an_object_deleted_and_written_again_is_found(house, box, put):
    await box()
    await house.store.objects.remove("box", ["in/03"])
    await put("box", "in/03")
    assert (await house.everything()).recovered == 1


async def test_an_object_that_comes_back_as_it_was_is_taken_for_what_it_is(house, box, clock, ledger):
    """Not even a file brought back with its old time hides behind a page that was remembered before it was gone."""
    await box()
    kept = house.store.bucket("box").objects
    stored = kept.pop("in/03")
    await clock.advance(HISTORY + 1)
    assert (await house.everything()).forgotten == 1
    page = await ledger.jobs.page(JobQuery(service="cat"))
    kept["in/03"] = stored
    count = await house.everything()
    assert count.unchanged < 20
    assert count.recovered == 0, "the record of its job stands"
    assert len(page.jobs) == 20


async def test_what_was_seen_and_is_gone_between_two_passes_is_forgotten_by_the_next_whole_one(house, box, put, clock):
    feed = await box()
    version = await put("box", "in/short")
    await house.stream("box", "in/short", version)
    await house.store.objects.remove("box", ["in/short"])
    await clock.advance(HISTORY + 1)
    assert (await house.everything()).forgotten == 0, "the pages are as they were"
    await clock.advance(WHOLE_EVERY)
    count = await house.everything()
    assert (count.forgotten, count.unchanged) == (1, 0)
    assert "in/short" not in await house.seen(feed)


async def test_a_whole_sweep_compares_everything(house, box):
    await box()
    count = await house.sweep.everything(why="test", whole=True)
    assert (count.listed, count.unchanged) == (20, 0)
    assert (await house.everything()).unchanged == 20


async def test_a_pass_that_breaks_off_leaves_nothing_remembered(house, box, put):
    await box()
    await put("box", "in/00", b"other")
    house.objects.break_after = 3
    count = await house.everything()
    assert (count.failed, count.recovered, count.unchanged) == (1, 1, 10)
    assert (await house.everything()).unchanged == 0


async def test_what_could_not_be_accepted_is_found_by_the_next_pass(house, box, put, ledger, monkeypatch):
    await box()
    await put("box", "in/07a")
    accept = ledger.intake.accept

    async def refuse(*_, **__):
        raise LedgerUnavailable

    monkeypatch.setattr(ledger.intake, "accept", refuse)
    count = await house.everything()
    assert (count.recovered, count.failed) == (0, 1)
    monkeypatch.setattr(ledger.intake, "accept", accept)
    count = await house.everything()
    assert (count.recovered, count.unchanged) == (1, 0)


async def test_what_is_too_young_is_compared_again(house, deploy, put, later):
    deploy(inputs=["box/in"])
    await put("box", "in/x")
    await house.everything()
    assert (await house.everything()).unchanged == 0
    await later()
    await house.everything()
    assert (await house.everything()).unchanged == 1


async def test_an_equal_upload_within_a_second_is_found_where_versions_are_kept(house, deploy, put, clock):
    deploy(inputs=["box/in"])
    await put("box", "other")
    house.store.keep_versions("box")
    await put("box", "in/x")
    assert (await house.everything()).recovered == 1
    await put("box", "in/x")
    assert (await house.everything()).recovered == 1


async def test_a_service_deleted_and_made_again_knows_nothing(house, box, catalog, deploy):
    await box()
    catalog.drop("cat")
    deploy(inputs=["box/in"])
    assert (await house.everything()).unchanged == 20, "the same life: nothing was dropped but from memory"
    catalog.drop("cat")
    await house.everything()
    deploy(inputs=["box/in"])
    assert (await house.everything()).unchanged == 0


async def test_another_revision_or_another_mark_compares_everything(house, box, catalog):
    feed = await box()
    record = catalog.get("cat")
    catalog.put(replace(record, revision=2))
    assert (await house.everything()).unchanged == 0
    catalog.put(replace(record, revision=2, feeds=(replace(feed, since=1),)))
    assert (await house.everything()).unchanged == 0


async def test_inputs_on_one_folder_share_a_listing_and_each_finds_its_own(house, deploy, put, later):
    house.store.page = 3
    for number in range(8):
        deploy(f"reader-{number}", inputs=["box/in"])
    deep = deploy("deep", inputs=["box/in/deep", "box/in/zzz"])
    deploy("elsewhere", inputs=["box/inside", "yard/in"])
    for key in ("in/a", "in/b", "in/deep/1", "in/deep/2", "in/deep/3", "in/deep/4", "in/e", "in/f", "inside/x"):
        await put("box", key)
    await put("yard", "in/y")
    await house.everything()
    assert house.objects.listings == 3
    assert await house.keys("reader-7") == ["in/a", "in/b", *(f"in/deep/{n}" for n in range(1, 5)), "in/e", "in/f"]
    assert await house.keys("deep") == [f"in/deep/{n}" for n in range(1, 5)]
    assert await house.keys("elsewhere") == ["inside/x", "in/y"]
    assert await house.seen(deep.feeds[0]) == [f"in/deep/{n}" for n in range(1, 5)]
    await later()
    await house.everything()
    count = await house.everything()
    assert count.unchanged == count.listed == 8 * 8 + 4 + 1 + 1


async def test_sightings_at_the_end_of_an_inner_folder_are_forgotten(house, deploy, put, clock):
    house.store.page = 2
    deploy("outer", inputs=["box/in"])
    inner = deploy("inner", inputs=["box/in/b"])
    for key in ("in/a/1", "in/b/1", "in/b/2", "in/b/9", "in/c/1", "in/c/2"):
        await put("box", key)
    await house.everything()
    await house.store.objects.remove("box", ["in/b/1", "in/b/9"])
    await clock.advance(HISTORY + 1)
    await house.everything()
    assert await house.seen(inner.feeds[0]) == ["in/b/2"]


async def test_one_input_that_cannot_go_on_does_not_hold_the_others_of_its_folder(house, deploy, put, ledger):
    deploy("cat", inputs=["box/in"])
    lost = deploy("lost", inputs=["box/in"])
    await put("box", "in/x")
    seen = ledger.intake.seen

    async def refuse(feed, **page):
        if feed == lost.feeds[0].id:
            raise LedgerUnavailable
        return await seen(feed, **page)

    ledger.intake.seen = refuse
    count = await house.everything()
    assert (count.recovered, count.failed) == (1, 1)
    assert await house.keys("cat") == ["in/x"]


async def test_one_service_is_swept_on_demand(house, deploy, put):
    deploy("cat", inputs=["box/in", "yard/in"])
    deploy("dog", inputs=["box/in"])
    await put("box", "in/x")
    await put("yard", "in/y")
    assert (await house.sweep.one_service("cat", why="test")).recovered == 2
    assert (len(await house.keys("cat")), await house.keys("dog")) == (2, [])
    with pytest.raises(NotFound, match="rat"):
        await house.sweep.one_service("rat", why="test")


def test_listings_are_the_widest_folders(record):
    paths = ["box/in/a", "box/in", "box/in-b", "box/in/b/c", "yard/in", "box/in"]
    feeds = [record(f"s{n}", inputs=[path]).feeds[0] for n, path in enumerate(paths)]
    found = [[f"{feed.bucket}/{feed.prefix}" for feed in folder] for folder in together(feeds)]
    assert found == [["box/in-b/"], ["box/in/", "box/in/", "box/in/a/", "box/in/b/c/"], ["yard/in/"]]


async def test_sightings_are_read_once_from_end_to_end(house, deploy, put, ledger, monkeypatch):
    monkeypatch.setattr(comparison, "SEEN_PAGE", 10)
    house.store.page = 3
    deploy(inputs=["box/in"])
    for number in range(95):
        await put("box", f"in/{number:03}")
    await house.everything()
    seen, pages = ledger.intake.seen, []

    async def counting(feed, *, after, limit):
        page = await seen(feed, after=after, limit=limit)
        pages.append(len(page))
        return page

    monkeypatch.setattr(ledger.intake, "seen", counting)
    assert (await house.everything()).recovered == 0
    assert pages == [10] * 9 + [5]


async def test_others_get_their_turn_during_a_pass(house, deploy, put):
    deploy(inputs=["box/in"])
    house.store.page = 1
    for number in range(50):
        await put("box", f"in/{number}")
    turns = 0
    sweeping = asyncio.create_task(house.everything())
    while not sweeping.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 50
