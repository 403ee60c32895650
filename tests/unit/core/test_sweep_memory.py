"""A pass holds a page of each side, however large the bucket is or was."""

import tracemalloc

from statuette.core.intake import Intake
from statuette.core.sweep import Sweep
from statuette.events.objects import ObjectVersion
from statuette.ports.intake import Seen
from statuette.ports.objects import ObjectInfo
from statuette.testing.store import MemoryPage


class Endless:
    """A bucket of many objects and a ledger that has seen all of them; neither holds any."""

    def __init__(self, count):
        self.count = count

    def info(self, number):
        version = ObjectVersion(etag=f"{number:032x}", size=number, modified=1000)
        return ObjectInfo(key=f"in/{number:08}", version=version, metadata={})

    async def list(self, bucket, prefix, *, after=""):
        for start in range(0, self.count, 500):
            yield MemoryPage([self.info(number) for number in range(start, min(start + 500, self.count))])

    async def seen(self, feed, *, after, limit):
        start = int(after.removeprefix("in/")) + 1 if after else 0
        infos = map(self.info, range(start, min(start + limit, self.count)))
        return [Seen(object_key=info.key, identity=info.version.identity, modified=1000) for info in infos]

    async def accept(self, arrivals, **_):
        assert not arrivals


async def test_memory_does_not_grow_with_the_bucket(catalog, marks, clock, deploy):
    deploy(inputs=["box/in"])
    many = Endless(20_000)
    intake = Intake(ledger=many, catalog=catalog, marks=marks, clock=clock, wake=[].append)
    sweep = Sweep(objects=many, ledger=many, intake=intake, catalog=catalog, clock=clock)
    tracemalloc.start()
    try:
        for unchanged in (0, many.count):
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            count = await sweep.everything(why="test")
            assert (count.listed, count.unchanged) == (many.count, unchanged)
            left, peak = tracemalloc.get_traced_memory()
            assert peak - before < 2_000_000, "a page of each side"
            assert left - before < 150_000, "some hundred bytes for each page are remembered"
    finally:
        tracemalloc.stop()


class Emptied(Endless):
    """All those objects are gone, the sightings of them are not."""

    forgotten = 0

    async def list(self, bucket, prefix, *, after=""):
        return
        yield

    async def forget(self, feed, object_keys):
        self.forgotten += len(object_keys)


async def test_memory_does_not_grow_with_the_sightings_of_an_emptied_bucket(catalog, marks, clock, deploy):
    deploy(inputs=["box/in"])
    gone = Emptied(50_000)
    intake = Intake(ledger=gone, catalog=catalog, marks=marks, clock=clock, wake=[].append)
    sweep = Sweep(objects=gone, ledger=gone, intake=intake, catalog=catalog, clock=clock)
    tracemalloc.start()
    try:
        count = await sweep.everything(why="test")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (count.forgotten, gone.forgotten) == (gone.count, gone.count)
    assert peak < 4_000_000, "a page of the sightings"
