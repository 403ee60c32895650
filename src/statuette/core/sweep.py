"""The sweep: the listing of every input compared with what was seen.

The bucket is the truth and notifications are hints: whatever the stream forgot, the listing shows. Inputs that lie in
one folder share one listing. Pages that are as the last pass left them are neither read nor compared (`unchanged`).
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence

from statuette.core.catalog import Catalog
from statuette.core.comparison import Comparison, Parts, Stretch, SweepCount, ref_of
from statuette.core.intake import Intake
from statuette.core.unchanged import Unchanged, stretch_of
from statuette.events.feeds import Feed
from statuette.ports.clock import Clock
from statuette.ports.errors import Fault, NotFound
from statuette.ports.intake import IntakeLedger
from statuette.ports.objects import ObjectPage, Objects

__all__ = ["Sweep", "SweepCount", "together"]

log = logging.getLogger(__name__)


class Sweep:
    """Passes over inputs, one pass at a time. `whole`: have everything compared, however unchanged it looks."""

    def __init__(
        self, *, objects: Objects, ledger: IntakeLedger, intake: Intake, catalog: Catalog, clock: Clock
    ) -> None:
        self._objects = objects
        self._intake = intake
        self._catalog = catalog
        self._clock = clock
        self._parts = Parts(objects=objects, ledger=ledger, intake=intake, catalog=catalog)
        self._unchanged = Unchanged(clock)
        self._one = asyncio.Lock()
        self.total = SweepCount()

    async def everything(self, *, why: str, whole: bool = False) -> SweepCount:
        """Sweep every input; an input that fails is told in the log and counted, the others go on."""
        async with self._one:
            feeds = self._catalog.feeds()
            self._unchanged.only(feeds)
            return await self._sweep(feeds, why=why, whole=whole)

    async def one_service(self, name: str, *, why: str, whole: bool = False) -> SweepCount:
        """Sweep the inputs of one service, as `everything`. Raises `NotFound` for a service that is not there."""
        async with self._one:
            return await self._sweep(self._catalog.get(name).feeds, why=why, whole=whole)

    async def one(self, feed: Feed) -> SweepCount:
        """Sweep one input. Raises `StoreUnavailable`, `NotFound` when the bucket is gone."""
        async with self._one:
            began = self._clock.monotonic()
            [comparison] = await self._pass([feed], whole=False)
        comparison.count.seconds = self._clock.monotonic() - began
        self.total.add(comparison.count)
        if comparison.fault is not None:
            raise comparison.fault
        return comparison.count

    async def leave_alone(self, feed: Feed) -> None:
        """Note what lies in a new input already and is too young to be told from a new upload by its time alone."""
        try:
            async for page in self._objects.list(feed.bucket, feed.prefix):
                objects = await page.objects()
                young = [ref_of(feed, info) for info in objects if info.version.modified >= feed.since]
                if young:
                    await self._intake.note(feed, young)
                await asyncio.sleep(0)
        except NotFound:
            return

    async def _sweep(self, feeds: Iterable[Feed], *, why: str, whole: bool) -> SweepCount:
        count = SweepCount()
        began = self._clock.monotonic()
        for folder in together(feeds):
            for comparison in await self._pass(folder, whole=whole):
                count.add(comparison.count)
                if comparison.fault is not None:
                    count.failed += _told(comparison.feed, comparison.fault)
        count.seconds = self._clock.monotonic() - began
        self.total.add(count)
        if count.recovered or count.failed:
            log.info(
                "swept for %s: %d objects, %d recovered, %d inputs failed",
                why, count.listed, count.recovered, count.failed,
                extra={"action": "sweep"},
            )  # fmt: skip
        return count

    async def _pass(self, feeds: Sequence[Feed], *, whole: bool) -> list[Comparison]:
        """List once for inputs that lie in the first one's folder. What reaches the end is remembered."""
        comparisons = [self._comparison(feed, whole=whole) for feed in feeds]
        try:
            await self._walk(comparisons)
        except Fault as fault:
            for comparison in comparisons:
                comparison.fault = comparison.fault or fault
        for comparison in comparisons:
            if comparison.fault is None:
                self._unchanged.keep(comparison.feed, comparison.made)
        return comparisons

    def _comparison(self, feed: Feed, *, whole: bool) -> Comparison:
        record = self._catalog.find(feed.service)
        revision = record.revision if record else 0
        known, made = self._unchanged.recall(feed, revision=revision, whole=whole)
        return Comparison(feed, self._parts, began=self._clock.wall(), known=known, made=made)

    async def _walk(self, comparisons: Sequence[Comparison]) -> None:
        widest = comparisons[0].feed
        after = ""
        async for page in self._objects.list(widest.bucket, widest.prefix):
            await self._stretch(comparisons, page, after=after)
            after = page.last
            await asyncio.sleep(0)  # who waits for this thread waits for one page at most
        await self._stretch(comparisons, None, after=after)

    async def _stretch(self, comparisons: Sequence[Comparison], page: ObjectPage | None, *, after: str) -> None:
        name = stretch_of(after, page)
        last = page.last if page else ""
        wanting = [comparison for comparison in comparisons if comparison.wants(name, after=after, last=last)]
        if not wanting:
            return
        objects = await page.objects() if page else ()
        whole = page is None or len(objects) == page.count
        stretch = Stretch(name=name, after=after, last=last, objects=objects, whole=whole)
        for comparison in wanting:
            await asyncio.sleep(0)
            await comparison.compare(stretch)


def together(feeds: Iterable[Feed]) -> list[list[Feed]]:
    """Inputs by the listings they need: each list begins with the one whose folder holds all others of it."""
    folders: list[list[Feed]] = []
    for feed in sorted(feeds, key=lambda feed: (feed.bucket, feed.prefix, feed.id)):
        widest = folders[-1][0] if folders else None
        if widest and feed.bucket == widest.bucket and feed.prefix.startswith(widest.prefix):
            folders[-1].append(feed)
        else:
            folders.append([feed])
    return folders


def _told(feed: Feed, fault: Fault) -> int:
    """Say in the log why an input could not be swept; 0 where that is no failure."""
    about = {"action": "sweep", "service": feed.service}
    if isinstance(fault, NotFound):
        log.info("the bucket of an input is gone", extra=about)
        return 0
    log.warning("an input could not be swept: %s", fault, extra=about)
    return 1
