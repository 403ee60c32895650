"""Replay: objects that lie in a service's inputs are processed once more, because somebody asks.

The listing is walked a page at a time, so memory stays bounded however many objects there are. What was seen is not
touched: the jobs are made beside it, with keys of the replay's own, so a request that is said again makes no second
ones.
"""

import asyncio
import math
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from statuette.core.access import check_change
from statuette.core.catalog import Catalog
from statuette.core.intake import Intake
from statuette.events.feeds import Feed
from statuette.events.objects import ObjectRef
from statuette.events.principals import Principal
from statuette.ports.errors import BadInput, NotFound
from statuette.ports.objects import ObjectInfo, Objects
from statuette.ports.services import ServiceRecord

MOST_KEYS = 1000
"""Objects that one request may name."""
HEADS_AT_ONCE = 8

_Found = tuple[Feed, ObjectRef]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which objects: all whose place (`bucket/key`) begins with `prefix` and that were modified at `since` or later and
    before `until` (seconds since the epoch). With `keys` only those places are looked at.
    """

    prefix: str = ""
    since: float = 0.0
    until: float = math.inf
    keys: tuple[str, ...] | None = None

    def takes(self, ref: ObjectRef) -> bool:
        """Whether an object is meant, its bucket and key aside from those that are named one by one."""
        modified = ref.version.modified if ref.version else 0
        return f"{ref.bucket}/{ref.key}".startswith(self.prefix) and self.since <= modified < self.until


@dataclass(slots=True, kw_only=True)
class Replayed:
    """What was done under the name `replay`. `unknown` are named objects that are in no input, or not there at all;
    `next` tells where to go on ("": there is no more).
    """

    replay: str
    listed: int = 0
    matched: int = 0
    accepted: int = 0
    unknown: tuple[str, ...] = ()
    next: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """One request: for whom, what, under which name, and whether only to count."""

    record: ServiceRecord
    selection: Selection
    name: str
    dry_run: bool


class Replay:
    """The core's side of `/system/jobs/<service>/replay`."""

    def __init__(self, *, objects: Objects, intake: Intake, catalog: Catalog) -> None:
        self._objects = objects
        self._intake = intake
        self._catalog = catalog

    async def run(
        self,
        caller: Principal,
        service: str,
        selection: Selection,
        *,
        idempotency_key: str = "",
        after: str = "",
        limit: int = 0,
        dry_run: bool = False,
    ) -> Replayed:
        """Accept one new job for each object that is selected; durable when this returns. `dry_run` only counts.

        `limit` ends the request after about so many objects were looked at (0: never), and `after` goes on where an
        answer's `next` says, under the same `idempotency_key`. Raises `NotFound`, `Forbidden`, `BadInput`,
        `StoreUnavailable`, `LedgerUnavailable`; said again with the same key, it goes on without harm.
        """
        record = self._catalog.get(service)
        check_change(caller, record)
        name = idempotency_key or uuid.uuid4().hex
        order = _Order(record=record, selection=selection, name=f"{caller.id}:{name}", dry_run=dry_run)
        count = Replayed(replay=name)
        if selection.keys is None:
            await self._all(order, count, after=after, limit=limit)
        else:
            await self._named(order, count, selection.keys)
        return count

    async def _all(self, order: _Order, count: Replayed, *, after: str, limit: int) -> None:
        feeds, key = _rest(order.record.feeds, after)
        for feed in feeds:
            async for page in self._pages(feed, order.selection.prefix, after=key):
                await self._take(order, count, [(feed, _ref(feed, info)) for info in page])
                if limit and count.listed >= limit:
                    count.next = f"{feed.id}:{page[-1].key}"
                    return
            key = ""

    async def _pages(self, feed: Feed, prefix: str, *, after: str) -> AsyncIterator[Sequence[ObjectInfo]]:
        """Pages of an input's objects that may begin with `prefix`; none when its bucket is gone."""
        folder = _folder(feed, prefix)
        if folder is None:
            return
        try:
            async for page in self._objects.list(feed.bucket, folder, after=after):
                if found := await page.objects():
                    yield found
        except NotFound:
            return

    async def _named(self, order: _Order, count: Replayed, keys: Sequence[str]) -> None:
        if len(keys) > MOST_KEYS:
            raise BadInput(f"keys: at most {MOST_KEYS} in one request, these are {len(keys)}")
        gate = asyncio.Semaphore(HEADS_AT_ONCE)

        async def look(place: str) -> _Found | None:
            async with gate:
                return await self._look(order.record, place)

        places = list(dict.fromkeys(keys))
        found = await asyncio.gather(*map(look, places))
        count.unknown = tuple(place for place, one in zip(places, found, strict=True) if one is None)
        await self._take(order, count, [one for one in found if one is not None])
        count.listed = len(places)

    async def _look(self, record: ServiceRecord, place: str) -> _Found | None:
        """The object at `bucket/key`, if it is in an input of the service."""
        bucket, _, key = place.partition("/")
        feed = next((feed for feed in record.feeds if feed.takes(bucket, key)), None)
        if feed is None:
            return None
        try:
            info = await self._objects.head(ObjectRef(provider=feed.provider, bucket=bucket, key=key))
        except (BadInput, NotFound):  # no such bucket, or no key that this store could hold
            return None
        return (feed, _ref(feed, info)) if info else None

    async def _take(self, order: _Order, count: Replayed, found: Sequence[_Found]) -> None:
        mine = [(feed, ref) for feed, ref in found if feed.takes(ref.bucket, ref.key)]
        wanted = [(feed, ref) for feed, ref in mine if order.selection.takes(ref)]
        count.listed += len(mine)
        count.matched += len(wanted)
        if wanted and not order.dry_run:
            count.accepted += await self._intake.again(wanted, replay=order.name)


def _rest(feeds: Sequence[Feed], after: str) -> tuple[Sequence[Feed], str]:
    """The inputs that are still to be looked at, and the key after which the first goes on. Raises `BadInput`."""
    if not after:
        return feeds, ""
    name, colon, key = after.partition(":")
    for number, feed in enumerate(feeds):
        if colon and feed.id == name:
            return feeds[number:], key
    raise BadInput("after: it comes from no answer about this service")


def _folder(feed: Feed, prefix: str) -> str | None:
    """The folder to be listed, as near to the prefix as folders go; None where nothing of this input can begin so."""
    bucket, slash, key = prefix.partition("/")
    if not slash:
        return feed.prefix if feed.bucket.startswith(bucket) else None
    if bucket != feed.bucket:
        return None
    if feed.prefix.startswith(key):
        return feed.prefix
    return key[: key.rfind("/") + 1] if key.startswith(feed.prefix) else None


def _ref(feed: Feed, info: ObjectInfo) -> ObjectRef:
    return ObjectRef(provider=feed.provider, bucket=feed.bucket, key=info.key, version=info.version)
