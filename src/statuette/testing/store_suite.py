"""Handles for tests of any store: short words for the ports' longer ones."""

import asyncio
import io
from collections.abc import AsyncIterator, Mapping, Sequence

from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.ports.objects import ObjectInfo, Objects
from statuette.ports.store_events import Notice


async def put(
    objects: Objects, bucket: str, *, key: str, data: bytes = b"x", metadata: Mapping[str, str] | None = None
) -> ObjectVersion:
    """Store some bytes; the version that then stands there."""
    ref = ObjectRef(bucket=bucket, key=key)
    await objects.put(ref, io.BytesIO(data), size=len(data), metadata=metadata or {})
    info = await objects.head(ref)
    assert info is not None, f"{bucket}/{key} was stored and is not there"
    return info.version


async def get(
    objects: Objects, bucket: str, *, key: str, version: ObjectVersion | None = None
) -> tuple[ObjectInfo, bytes]:
    """Read an object whole."""
    sink = io.BytesIO()
    info = await objects.fetch(ObjectRef(bucket=bucket, key=key, version=version), sink)
    return info, sink.getvalue()


async def listed(objects: Objects, bucket: str, prefix: str = "", *, after: str = "") -> Sequence[ObjectInfo]:
    """All pages of a listing as one."""
    return [info async for page in objects.list(bucket, prefix, after=after) for info in await page.objects()]


class Reader:
    """Reads a stream in the background, once it stands: `async with Reader(events.follow(…)) as reader`."""

    def __init__(self, stream: AsyncIterator[Notice]) -> None:
        self._stream = stream
        self._task: asyncio.Task[None] | None = None
        self._stands = asyncio.Event()
        self.notices: list[Notice] = []

    async def __aenter__(self) -> "Reader":
        self._task = asyncio.create_task(self._read())
        await asyncio.wait_for(self._stands.wait(), 10)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    def of(self, bucket: str) -> list[Notice]:
        """What has come about one bucket's objects."""
        return [notice for notice in self.notices if notice.ref and notice.ref.bucket == bucket]

    async def until(self, bucket: str, count: int) -> list[Notice]:
        """Wait for so many notices of a bucket, then a moment for any too many; `TimeoutError` after ten seconds."""
        async with asyncio.timeout(10):
            while len(self.of(bucket)) < count:  # noqa: ASYNC110 - a test waits for a count, not for one thing
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        return self.of(bucket)

    async def _read(self) -> None:
        async for notice in self._stream:
            self._stands.set()
            self.notices.append(notice)
