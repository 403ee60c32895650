"""The sweep: the listing of every input compared with what was seen.

The bucket is the truth and notifications are hints: whatever the stream forgot, the listing shows. Both sides come in
order of key, so one pass walks them side by side, a page of each in memory.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from statuette.core.catalog import Catalog
from statuette.core.commits import COMMIT_METADATA
from statuette.core.intake import HISTORY, Intake
from statuette.events.feeds import Feed
from statuette.events.objects import ObjectRef
from statuette.ports.clock import Clock
from statuette.ports.errors import Fault, NotFound
from statuette.ports.intake import IntakeLedger, Seen
from statuette.ports.objects import ObjectInfo, Objects

log = logging.getLogger(__name__)

SEEN_PAGE = 2000
HEADS_AT_ONCE = 8


@dataclass(slots=True)
class SweepCount:
    """What one pass did. `recovered` are jobs that no notification had brought."""

    listed: int = 0
    recovered: int = 0
    forgotten: int = 0
    failed: int = 0

    def add(self, other: "SweepCount") -> None:
        """Sum another pass into this one."""
        self.listed += other.listed
        self.recovered += other.recovered
        self.forgotten += other.forgotten
        self.failed += other.failed


class Sweep:
    """Passes over all inputs, one pass at a time."""

    def __init__(
        self, *, objects: Objects, ledger: IntakeLedger, intake: Intake, catalog: Catalog, clock: Clock
    ) -> None:
        self._objects = objects
        self._ledger = ledger
        self._intake = intake
        self._catalog = catalog
        self._clock = clock
        self._one = asyncio.Lock()
        self.total = SweepCount()

    async def everything(self, *, why: str) -> SweepCount:
        """Sweep every input; an input that fails is told in the log and counted, the others go on."""
        count = SweepCount()
        async with self._one:
            for feed in self._catalog.feeds():
                try:
                    count.add(await self._pass(feed))
                except NotFound:
                    log.info("the bucket of an input is gone", extra={"action": "sweep", "service": feed.service})
                except Fault as fault:
                    count.failed += 1
                    log.warning(
                        "an input could not be swept: %s", fault, extra={"action": "sweep", "service": feed.service}
                    )
        self.total.add(count)
        if count.recovered or count.failed:
            log.info(
                "swept for %s: %d objects, %d recovered, %d inputs failed",
                why, count.listed, count.recovered, count.failed,
                extra={"action": "sweep"},
            )  # fmt: skip
        return count

    async def one(self, feed: Feed) -> SweepCount:
        """Sweep one input. Raises `StoreUnavailable`, `NotFound` when the bucket is gone."""
        async with self._one:
            count = await self._pass(feed)
        self.total.add(count)
        return count

    async def leave_alone(self, feed: Feed) -> None:
        """Note what lies in a new input already and is too young to be told from a new upload by its time alone."""
        try:
            async for page in self._objects.list(feed.bucket, feed.prefix):
                young = [_ref(feed, info) for info in page if info.version.modified >= feed.since]
                if young:
                    await self._intake.note(feed, young)
        except NotFound:
            return

    async def _pass(self, feed: Feed) -> SweepCount:
        began = self._clock.wall()
        count = SweepCount()
        after = ""
        async for page in self._objects.list(feed.bucket, feed.prefix):
            if page:
                await self._compare(feed, page, after=after, last=page[-1].key, began=began, count=count)
                after = page[-1].key
        await self._compare(feed, (), after=after, last="", began=began, count=count)
        return count

    async def _compare(
        self, feed: Feed, page: Sequence[ObjectInfo], *, after: str, last: str, began: float, count: SweepCount
    ) -> None:
        """Compare one stretch of keys, greater than `after` and up to `last` ("": to the end)."""
        seen = await self._seen_between(feed, after=after, last=last)
        listed = [info for info in page if feed.takes(feed.bucket, info.key)]
        count.listed += len(listed)
        unseen = [
            _ref(feed, info)
            for info in listed
            if info.version.modified >= feed.since and info.version.identity not in seen.get(info.key, {})
        ]
        count.recovered += await self._intake.found(feed, await self._with_marks(feed, unseen))
        gone = seen.keys() - {info.key for info in listed}
        old = [key for key in gone if max(seen[key].values()) < began - HISTORY]
        if old:
            await self._ledger.forget(feed.id, old)
            count.forgotten += len(old)

    async def _seen_between(self, feed: Feed, *, after: str, last: str) -> dict[str, dict[str, int]]:
        """Per key the identities seen, with the time each was modified."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        while rows := await self._ledger.seen(feed.id, after=after, limit=SEEN_PAGE):
            for row in _up_to(rows, last):
                found[row.object_key][row.identity] = row.modified
            after = rows[-1].object_key
            if last and after >= last:
                break
        return found

    async def _with_marks(self, feed: Feed, refs: Sequence[ObjectRef]) -> list[tuple[ObjectRef, str]]:
        """Each object with the commit mark in its metadata, asked for only where some service publishes to."""
        if not refs or not self._catalog.publishes_to(feed.bucket, feed.prefix):
            return [(ref, "") for ref in refs]
        gate = asyncio.Semaphore(HEADS_AT_ONCE)

        async def marked(ref: ObjectRef) -> tuple[ObjectRef, str]:
            async with gate:
                info = await self._objects.head(ref)
            return ref, info.metadata.get(COMMIT_METADATA, "") if info else ""

        return list(await asyncio.gather(*map(marked, refs)))


def _up_to(rows: Sequence[Seen], last: str) -> list[Seen]:
    return [row for row in rows if not last or row.object_key <= last]


def _ref(feed: Feed, info: ObjectInfo) -> ObjectRef:
    return ObjectRef(provider=feed.provider, bucket=feed.bucket, key=info.key, version=info.version)
