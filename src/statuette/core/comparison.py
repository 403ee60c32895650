"""One input's way through a listing: what the store shows beside what was seen, both in order of key.

A page of each is in memory, however many sightings there are of objects that are gone. Keys are taken in stretches:
greater than one key, up to another.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from statuette.core.catalog import Catalog
from statuette.core.commits import COMMIT_METADATA
from statuette.core.intake import HISTORY, Intake
from statuette.core.unchanged import SETTLED, Recollection
from statuette.events.feeds import Feed
from statuette.events.objects import ObjectRef
from statuette.ports.errors import Fault
from statuette.ports.intake import IntakeLedger, Seen
from statuette.ports.objects import ObjectInfo, Objects

SEEN_PAGE = 1000
HEADS_AT_ONCE = 8


@dataclass(slots=True)
class SweepCount:
    """What one pass did. `recovered` are jobs that no notification had brought.

    `unchanged` of the `listed` objects were as the last pass had found them. `failed` counts inputs.
    """

    listed: int = 0
    unchanged: int = 0
    recovered: int = 0
    forgotten: int = 0
    failed: int = 0
    seconds: float = 0.0

    def add(self, other: "SweepCount") -> None:
        """Sum another pass into this one."""
        self.listed += other.listed
        self.unchanged += other.unchanged
        self.recovered += other.recovered
        self.forgotten += other.forgotten
        self.failed += other.failed
        self.seconds += other.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What every comparison is done with."""

    objects: Objects
    ledger: IntakeLedger
    intake: Intake
    catalog: Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The objects with keys greater than `after` and up to `last` ("": to the end).

    `name` is the digest by which it would be remembered; `whole` is False when objects are missing that were listed.
    """

    name: bytes
    after: str
    last: str
    objects: Sequence[ObjectInfo]
    whole: bool


class Comparison:
    """Of one input, in one pass, which began at `began` (seconds since the epoch).

    `known` are the pages that need no look, `made` is what this pass leaves behind for the next. `fault` is why it
    cannot go on.
    """

    def __init__(self, feed: Feed, parts: Parts, *, began: float, known: dict[bytes, int], made: Recollection) -> None:
        self.feed = feed
        self.made = made
        self.count = SweepCount()
        self.fault: Fault | None = None
        self._parts = parts
        self._began = began
        self._known = known
        self._seen = _SeenRows(parts.ledger, feed.id)

    def wants(self, name: bytes, *, after: str, last: str) -> bool:
        """Whether a stretch has to be compared: it may hold keys of this input, and is not one that needs no look."""
        prefix = self.feed.prefix
        beyond = after > prefix and not after.startswith(prefix)
        if self.fault is not None or beyond or (last and last < prefix):
            return False
        listed = self._known.get(name)
        if listed is None:
            return True
        self.count.listed += listed
        self.count.unchanged += listed
        self.made.add(name, listed)
        return False

    async def compare(self, stretch: Stretch) -> None:
        """Accept what was not seen, forget what is gone; a fault is kept for the end of the pass."""
        try:
            await self._compare(stretch)
        except Fault as fault:
            self.fault = fault

    async def _compare(self, stretch: Stretch) -> None:
        feed = self.feed
        listed = [info for info in stretch.objects if feed.takes(feed.bucket, info.key)]
        self.count.listed += len(listed)
        seen: dict[str, set[str]] = {info.key: set() for info in listed}
        tidy = True
        async for rows in self._seen.between(stretch.after, stretch.last):
            tidy &= await self._forget_gone([row for row in rows if row.object_key not in seen])
            for row in rows:
                if row.object_key in seen:
                    seen[row.object_key].add(row.identity)
        unseen = [
            ref_of(feed, info)
            for info in listed
            if info.version.modified >= feed.since and info.version.identity not in seen[info.key]
        ]
        self.count.recovered += await self._parts.intake.found(feed, await self._with_marks(unseen))
        if stretch.whole and tidy and self._settled(listed):
            self.made.add(stretch.name, len(listed))

    async def _forget_gone(self, rows: Sequence[Seen]) -> bool:
        """Drop sightings of objects that are gone for long; whether none is left that is too young for it."""
        newest: dict[str, int] = {}
        for row in rows:
            newest[row.object_key] = max(row.modified, newest.get(row.object_key, row.modified))
        old = [key for key, modified in newest.items() if modified < self._began - HISTORY]
        if old:
            await self._parts.ledger.forget(self.feed.id, old)
            self.count.forgotten += len(old)
        return len(old) == len(newest)

    def _settled(self, listed: Sequence[ObjectInfo]) -> bool:
        return all(info.version.modified < self._began - SETTLED for info in listed)

    async def _with_marks(self, refs: Sequence[ObjectRef]) -> list[tuple[ObjectRef, str]]:
        """Each object with the commit mark in its metadata, asked for only where some service publishes to."""
        if not refs or not self._parts.catalog.publishes_to(self.feed.bucket, self.feed.prefix):
            return [(ref, "") for ref in refs]
        gate = asyncio.Semaphore(HEADS_AT_ONCE)

        async def marked(ref: ObjectRef) -> tuple[ObjectRef, str]:
            async with gate:
                info = await self._parts.objects.head(ref)
            return ref, info.metadata.get(COMMIT_METADATA, "") if info else ""

        return list(await asyncio.gather(*map(marked, refs)))


class _SeenRows:
    """The sightings of an input, read forwards, each page once."""

    def __init__(self, ledger: IntakeLedger, feed: str) -> None:
        self._ledger = ledger
        self._feed = feed
        self._rows: deque[Seen] = deque()
        self._read = ""
        self._ended = False

    async def between(self, after: str, last: str) -> AsyncIterator[list[Seen]]:
        """The sightings of a stretch, some at a time, of each key all together. `after` never goes back."""
        while True:
            found: list[Seen] = []
            while self._rows and (not last or self._rows[0].object_key <= last):
                row = self._rows.popleft()
                if row.object_key > after:
                    found.append(row)
            if found:
                yield found
            if self._rows or self._ended:
                return
            await self._read_on(after)

    async def _read_on(self, after: str) -> None:
        page = await self._ledger.seen(self._feed, after=max(after, self._read), limit=SEEN_PAGE)
        self._rows.extend(page)
        self._ended = len(page) < SEEN_PAGE
        self._read = page[-1].object_key if page else self._read


def ref_of(feed: Feed, info: ObjectInfo) -> ObjectRef:
    """A listed object as an input sees it."""
    return ObjectRef(provider=feed.provider, bucket=feed.bucket, key=info.key, version=info.version)
