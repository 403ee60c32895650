"""A store in memory: the twin of `Objects`, `Buckets`, `StoreEvents` and `StoreKeys`, with faults on demand.

Four parts share one state, because two ports have a method of the same name:

    store = MemoryStore()
    await store.buckets.create("data")
    store.break_puts(2)            # the next two uploads fail
    store.cut()                    # every reader of the stream is thrown out
    store.forget(300)              # the stream loses its last 300 notices, the objects stay
    store.offset = 60 * 10**9      # its clock goes a minute ahead
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.ports.errors import BadInput, Conflict, NotFound, ObjectGone, StoreUnavailable
from statuette.ports.objects import ObjectInfo, ObjectPage
from statuette.ports.store_events import Notice
from statuette.ports.store_keys import StoreAddress, StoreKey

_PAGE = 1000
_CHUNK = 1024 * 1024
_COMMIT = "statuette-commit"


@dataclass(frozen=True, slots=True)
class _Stored:
    info: ObjectInfo
    data: bytes


@dataclass(slots=True)
class _Bucket:
    versioned: bool = False
    objects: dict[str, list[_Stored]] = field(default_factory=dict)


class MemoryStore:
    """One store's state. `clock` gives nanoseconds since the epoch; `latency` is seconds that every request takes;
    `page` is how many objects a page of a listing has at most.
    """

    def __init__(self, *, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock = clock
        self._last = 0
        self._broken_puts = 0
        self.offset = 0
        self.latency = 0.0
        self.page = _PAGE
        self.down = False
        self.uploader = ""
        self.content: dict[str, _Bucket] = {}
        self.log: list[Notice] = []
        self.readers: list[asyncio.Queue[Notice | None]] = []
        self.objects = MemoryObjects(self)
        self.buckets = MemoryBuckets(self)
        self.events = MemoryEvents(self)
        self.keys = MemoryKeys()

    def break_puts(self, count: int) -> None:
        """The next `count` uploads raise `StoreUnavailable` and store nothing."""
        self._broken_puts = count

    def cut(self) -> None:
        """End the stream of everyone who follows it."""
        for reader in self.readers:
            reader.put_nowait(None)

    def forget(self, count: int) -> None:
        """Drop the last notices from what the stream can replay, as a killed filer does."""
        del self.log[max(0, len(self.log) - count) :]

    def keep_versions(self, bucket: str) -> None:
        """Switch versioning on."""
        self.bucket(bucket).versioned = True

    async def request(self) -> None:
        """What every request goes through."""
        await asyncio.sleep(self.latency)
        if self.down:
            raise StoreUnavailable

    def take_put(self) -> None:
        """Let an upload pass, or raise if it is one of the broken ones."""
        if self._broken_puts:
            self._broken_puts -= 1
            raise StoreUnavailable

    def bucket(self, name: str) -> _Bucket:
        """A bucket's content. Raises `NotFound`."""
        if name not in self.content:
            raise NotFound(f"there is no such bucket ({name})")
        return self.content[name]

    def now(self) -> int:
        """The store's clock."""
        return self._clock() + self.offset

    def position(self) -> int:
        """The next place in the stream, later than every one before."""
        self._last = max(self._last + 1, self.now())
        return self._last

    def announce(self, notice: Notice) -> None:
        """Put a notice into the stream."""
        self.log.append(notice)
        for reader in self.readers:
            reader.put_nowait(notice)


class MemoryObjects:
    """The port `Objects`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def head(self, ref: ObjectRef) -> ObjectInfo | None:
        await self._store.request()
        found = self._find(ref)
        return found.info if found else None

    async def fetch(self, ref: ObjectRef, sink: BinaryIO) -> ObjectInfo:
        await self._store.request()
        found = self._find(ref)
        if found is None:
            raise ObjectGone
        sink.writelines(found.data[start : start + _CHUNK] for start in range(0, len(found.data), _CHUNK))
        return found.info

    async def put(
        self,
        ref: ObjectRef,
        source: BinaryIO,
        *,
        size: int,
        metadata: Mapping[str, str],
        media_type: str = "",  # noqa: ARG002
    ) -> None:
        await self._store.request()
        self._store.take_put()
        if not ref.key or len(ref.key.encode()) > 1024:
            raise BadInput("an object key has 1 to 1024 bytes")
        data = source.read(size)
        if len(data) != size:
            raise OSError(f"the file ended after {len(data)} of {size} bytes")
        self._keep(ref, data, metadata)

    async def list(self, bucket: str, prefix: str, *, after: str = "") -> AsyncIterator[ObjectPage]:
        await self._store.request()
        content = self._store.bucket(bucket).objects
        keys = sorted(key for key, kept in content.items() if kept and key.startswith(prefix) and key > after)
        for start in range(0, len(keys), self._store.page):
            await self._store.request()
            page = [content[key][-1].info for key in keys[start : start + self._store.page] if content.get(key)]
            if page:
                yield MemoryPage([replace(info, metadata={}) for info in page])

    async def remove(self, bucket: str, keys: Sequence[str]) -> None:
        await self._store.request()
        content = self._store.bucket(bucket).objects
        for key in keys:
            if content.pop(key, None):
                position = self._store.position()
                self._store.announce(Notice(position=position, ref=ObjectRef(bucket=bucket, key=key), gone=True))

    def _find(self, ref: ObjectRef) -> _Stored | None:
        kept = self._store.bucket(ref.bucket).objects.get(ref.key, [])
        if ref.version and ref.version.version_id:
            return next((one for one in kept if one.info.version.version_id == ref.version.version_id), None)
        if kept and ref.version and ref.version.etag and ref.version.etag != kept[-1].info.version.etag:
            raise ObjectGone
        return kept[-1] if kept else None

    def _keep(self, ref: ObjectRef, data: bytes, metadata: Mapping[str, str]) -> ObjectVersion:
        bucket = self._store.bucket(ref.bucket)
        position = self._store.position()
        version = ObjectVersion(
            etag=hashlib.md5(data, usedforsecurity=False).hexdigest(),
            size=len(data),
            modified=position // 10**9,
            version_id=secrets.token_hex(16) if bucket.versioned else "",
        )
        names = {name.lower(): value for name, value in metadata.items()}
        stored = _Stored(ObjectInfo(key=ref.key, version=version, metadata=names), data)
        kept = bucket.objects.setdefault(ref.key, [])
        if not bucket.versioned:
            kept.clear()
        kept.append(stored)
        written = ObjectRef(bucket=ref.bucket, key=ref.key, version=version)
        commit = names.get(_COMMIT, "")
        self._store.announce(Notice(position=position, ref=written, uploader=self._store.uploader, commit=commit))
        return version


@dataclass(frozen=True, slots=True)
class MemoryPage(ObjectPage):
    """Some objects of a listing. As some stores' listings do, its digest leaves out the versions' ids."""

    infos: Sequence[ObjectInfo]

    @property
    def last(self) -> str:
        return self.infos[-1].key

    @property
    def count(self) -> int:
        return len(self.infos)

    def digest(self) -> bytes:
        told = [(info.key, info.version.etag, info.version.size, info.version.modified) for info in self.infos]
        return hashlib.blake2b(repr(told).encode(), digest_size=16).digest()

    async def objects(self) -> Sequence[ObjectInfo]:
        return self.infos


class MemoryBuckets:
    """The port `Buckets`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def create(self, name: str) -> bool:
        await self._store.request()
        if not 3 <= len(name) <= 63 or not set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-"):
            raise BadInput("a bucket name has 3 to 63 small letters, digits, dots and hyphens")
        if name in self._store.content:
            return False
        self._store.content[name] = _Bucket()
        return True

    async def names(self) -> Sequence[str]:
        await self._store.request()
        return sorted(self._store.content)

    async def versioned(self, name: str) -> bool:
        await self._store.request()
        if name not in self._store.content:
            raise NotFound(f"there is no bucket {name}")
        return self._store.content[name].versioned

    async def remove(self, name: str) -> None:
        await self._store.request()
        if any(self._store.content.get(name, _Bucket()).objects.values()):
            raise Conflict(f"the bucket {name} is not empty")
        self._store.content.pop(name, None)


class MemoryEvents:
    """The port `StoreEvents`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def follow(self, since: int) -> AsyncIterator[Notice]:
        await self._store.request()
        queue: asyncio.Queue[Notice | None] = asyncio.Queue()
        for notice in self._store.log:
            queue.put_nowait(notice)
        self._store.readers.append(queue)
        try:
            yield Notice(position=min(since, self._store.now()), ref=None)
            while True:
                given = await queue.get()
                if given is None:
                    raise StoreUnavailable("the store's event stream broke")
                if given.position >= since:
                    yield given
        finally:
            self._store.readers.remove(queue)

    async def now(self) -> int:
        await self._store.request()
        return self._store.now()


class MemoryKeys:
    """The port `StoreKeys`."""

    def __init__(self) -> None:
        self._keys: dict[str, StoreKey] = {}

    async def key_for(self, principal: str) -> StoreKey:
        made = StoreKey(access_key=secrets.token_hex(8), secret_key=secrets.token_hex(16))
        return self._keys.setdefault(principal, made)

    def address(self) -> StoreAddress:
        return StoreAddress(endpoint="http://127.0.0.1:9000", region="us-east-1", verify=True)
