"""The watch: follows the stream, sweeps wherever it may have a gap."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from statuette.core.intake import Intake
from statuette.core.sweep import Sweep
from statuette.core.watch import OVERLAP, STREAM, Watch
from statuette.ports.errors import DiskFull, LedgerUnavailable, StoreUnavailable
from statuette.ports.jobs import JobQuery
from statuette.testing.ledger import MemoryIntake
from statuette.testing.store import MemoryEvents, MemoryObjects

EVERY = 300.0


class RecordingEvents(MemoryEvents):
    """Notes from where it was read."""

    def __init__(self, store):
        super().__init__(store)
        self.since = []

    async def follow(self, since):
        self.since.append(since)
        async for notice in super().follow(since):
            yield notice


class ListingObjects(MemoryObjects):
    """Notes each listing, and whether the stream stood by then; `fails` that many first."""

    def __init__(self, store):
        super().__init__(store)
        self.listings = []
        self.fails = 0

    async def list(self, bucket, prefix, *, after=""):
        self.listings.append(bool(self._store.readers))
        if self.fails:
            self.fails -= 1
            raise StoreUnavailable
        async for page in super().list(bucket, prefix, after=after):
            yield page


class House:
    """A watch over twins."""

    def __init__(self, *, ledger, catalog, marks, clock, store, intake=None, events=True):
        self.ledger, self.clock, self.store = ledger, clock, store
        self.events, self.objects = RecordingEvents(store), ListingObjects(store)
        kept = intake or ledger.intake
        taking = Intake(ledger=kept, catalog=catalog, marks=marks, clock=clock, wake=[].append)
        sweep = Sweep(objects=self.objects, ledger=kept, intake=taking, catalog=catalog, clock=clock)
        self.watch = Watch(
            events=self.events if events else None, ledger=kept, intake=taking, sweep=sweep, clock=clock,
            sweep_every=EVERY,
        )  # fmt: skip

    @asynccontextmanager
    async def running(self):
        task = asyncio.create_task(self.watch.run())
        await settled()
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def keys(self):
        page = await self.ledger.jobs.page(JobQuery(service="cat"), limit=1000)
        return [job.event.object.key for job in reversed(page.jobs)]

    def now(self):
        return int(self.clock.wall() * 10**9)


async def settled():
    for _ in range(100):
        await asyncio.sleep(0)


@pytest.fixture
def plugs(ledger, catalog, marks, clock, store):
    return {"ledger": ledger, "catalog": catalog, "marks": marks, "clock": clock, "store": store}


@pytest.fixture
def house(plugs, deploy):
    deploy(inputs=["box/in"])
    return House(**plugs)


async def test_what_is_written_becomes_a_job_and_the_position_is_kept(house, put, ledger):
    async with house.running():
        await put("box", "in/x")
        await settled()
        assert await house.keys() == ["in/x"]
        state = house.watch.state
        assert (state.following, state.connections, state.fault) == (True, 1, "")
        assert state.position == await ledger.intake.position(STREAM) == house.store.log[-1].position


async def test_the_first_sweep_comes_after_the_stream_stands(house, put):
    await put("box", "in/before")
    house.store.forget(10)
    async with house.running():
        assert house.objects.listings == [True]
        assert await house.keys() == ["in/before"]


async def test_a_first_start_reads_the_last_five_minutes(house):
    async with house.running():
        assert house.events.since == [house.now() - OVERLAP]


async def test_the_stream_is_read_again_from_five_minutes_before_the_position(house, ledger, clock):
    position = house.now() - 3600 * 10**9
    await ledger.intake.accept([], stream=STREAM, position=position)
    async with house.running():
        assert house.events.since == [position - OVERLAP]
        assert OVERLAP == 5 * 60 * 10**9


async def test_a_position_ahead_of_the_stores_clock_counts_as_now_and_is_swept(house, ledger, put, caplog):
    await ledger.intake.accept([], stream=STREAM, position=house.now() + 3600 * 10**9)
    await put("box", "in/lost")
    house.store.forget(10)
    async with house.running():
        assert house.events.since == [house.now() - OVERLAP]
        assert await house.keys() == ["in/lost"]
    assert "ahead of the store's clock" in caplog.text


async def test_a_broken_stream_is_connected_again_and_its_gap_swept(house, put, clock):
    await put("box", "in/first")
    async with house.running():
        house.store.cut()
        await settled()
        assert not house.watch.state.following
        await put("box", "in/in-the-gap")
        house.store.forget(1)
        await clock.advance(0.1)
        await settled()
        assert house.watch.state.connections == 2
        assert house.objects.listings == [True, True]
        assert await house.keys() == ["in/first", "in/in-the-gap"]
        await put("box", "in/after")
        await settled()
        assert (await house.keys())[-1] == "in/after"


async def test_what_the_stream_tells_twice_runs_once(house, put, clock):
    async with house.running():
        await put("box", "in/x")
        for _ in range(3):
            await settled()
            house.store.cut()
            await settled()
            await clock.advance(0.2)
        await settled()
        assert house.watch.state.connections == 4
        assert await house.keys() == ["in/x"]


async def test_while_the_store_is_away_it_is_asked_ever_more_seldom(house, put, clock):
    house.store.down = True
    async with house.running():
        assert (house.watch.state.connections, house.watch.state.following) == (0, False)
        assert house.watch.state.fault
        for _ in range(20):
            await clock.advance(5.0)
        assert house.events.since == [], "its clock did not even answer"
        house.store.down = False
        await put("box", "in/x")
        await clock.advance(5.0)
        await settled()
        assert await house.keys() == ["in/x"]
        assert house.watch.state.fault == ""


class FlakyIntake(MemoryIntake):
    """A ledger that cannot be written while `down`, for the reason `fault`."""

    down = False

    def __init__(self, ledger, fault=LedgerUnavailable):
        self._inner = ledger.intake
        self._fault = fault

    async def accept(self, arrivals, *, stream="", position=None):
        if self.down:
            raise self._fault
        return await self._inner.accept(arrivals, stream=stream, position=position)

    async def position(self, stream):
        return await self._inner.position(stream)

    async def seen(self, feed, *, after, limit):
        return await self._inner.seen(feed, after=after, limit=limit)

    async def forget(self, feed, object_keys):
        await self._inner.forget(feed, object_keys)


@pytest.mark.parametrize(("fault", "word"), [(LedgerUnavailable, "ledger"), (DiskFull, "disk")])
async def test_while_the_ledger_is_down_nothing_is_lost(plugs, deploy, ledger, put, clock, *, fault, word):
    deploy(inputs=["box/in"])
    flaky = FlakyIntake(ledger, fault)
    house = House(**plugs, intake=flaky)
    async with house.running():
        before = await ledger.intake.position(STREAM)
        flaky.down = True
        for n in range(3):
            await put("box", f"in/{n}")
        await settled()
        assert word in house.watch.state.fault
        assert (await house.keys(), await ledger.intake.position(STREAM)) == ([], before)
        flaky.down = False
        for _ in range(4):
            await clock.advance(1.0)
            await settled()
        assert sorted(await house.keys()) == ["in/0", "in/1", "in/2"]


async def test_many_notices_are_taken_in_few_batches(plugs, deploy, ledger, put):
    deploy(inputs=["box/in"])
    for n in range(300):
        await put("box", f"in/{n:03}")
    counting = CountingIntake(ledger)
    house = House(**plugs, intake=counting)
    async with house.running():
        for _ in range(20):
            await settled()
        assert len(await house.keys()) == 300
        assert counting.with_position <= 4


class CountingIntake(FlakyIntake):
    """Counts the calls that move the position."""

    with_position = 0

    async def accept(self, arrivals, *, stream="", position=None):
        self.with_position += position is not None
        await asyncio.sleep(0)
        return await super().accept(arrivals, stream=stream, position=position)


async def test_everything_is_swept_at_intervals(house, put, clock):
    async with house.running():
        for count in (2, 3):
            await put("box", f"in/{count}")
            await clock.advance(EVERY)
            await settled()
            assert len(house.objects.listings) == count


async def test_a_sweep_that_failed_is_repeated_soon_and_then_no_more(house, put, clock):
    house.objects.fails = 2
    await put("box", "in/x")
    house.store.forget(1)
    async with house.running():
        assert len(house.objects.listings) == 1
        for _ in range(30):
            await clock.advance(1.0)
            await settled()
        assert await house.keys() == ["in/x"]
        assert len(house.objects.listings) == 3


async def test_without_a_stream_there_are_sweeps_alone(plugs, deploy, put, clock):
    deploy(inputs=["box/in"])
    house = House(**plugs, events=False)
    await put("box", "in/x")
    async with house.running():
        assert await house.keys() == ["in/x"]
        await put("box", "in/y")
        await clock.advance(EVERY)
        await settled()
        assert await house.keys() == ["in/x", "in/y"]
        assert house.watch.state.following is False


async def test_several_wishes_for_a_sweep_become_one(house, settle):
    async with house.running():
        done = len(house.objects.listings)
        for _ in range(10):
            house.watch.want_sweep("test")
        await settled()
        assert len(house.objects.listings) == done + 1
