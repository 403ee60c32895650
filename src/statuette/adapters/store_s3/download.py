"""Downloads: in one step, as a stream, or as ranges side by side; checked by size, and by MD5 where the ETag is one."""

import asyncio
import hashlib
import re
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, BinaryIO

from statuette.ports.errors import StoreUnavailable

if TYPE_CHECKING:
    from obstore import GetResult

SMALL = 1024 * 1024
"""Up to this many bytes a file is read or written at once; a thread would cost more than it saves."""
STALL = 60.0
"""Seconds without a byte after which a transfer is given up."""
RANGED = 32 * 1024 * 1024
"""Objects from this size on are fetched as ranges side by side."""
_RANGE = 8 * 1024 * 1024
_RANGES_AT_ONCE = 4
_CHUNK = 1024 * 1024
_MD5 = re.compile(r"[0-9a-f]{32}", re.ASCII)
_ENCRYPTION = "x-amz-server-side-encryption"

Part = Callable[[int, int], Awaitable["GetResult"]]
"""Asks for the bytes from one place up to, without, another."""


class Received:
    """What came so far: written into `sink` in order, counted and hashed."""

    def __init__(self, sink: BinaryIO) -> None:
        self.size = 0
        self._sink = sink
        self._md5 = hashlib.md5(usedforsecurity=False)

    async def take(self, chunk: memoryview) -> None:
        """The next bytes."""
        if len(chunk) <= SMALL:
            self._take(chunk)
        else:
            await asyncio.to_thread(self._take, chunk)

    def _take(self, chunk: memoryview) -> None:
        self._md5.update(chunk)
        self._sink.write(chunk)
        self.size += len(chunk)

    def check_size(self, size: int) -> None:
        """Raises `StoreUnavailable` unless all has come."""
        if self.size != size:
            raise StoreUnavailable(f"the object's stream ended after {self.size} of {size} bytes")

    def fits(self, etag: str) -> bool:
        """Whether the ETag, if it is an MD5 at all, is the one of what came. That of an upload in parts is none."""
        return not _MD5.fullmatch(etag) or self._md5.hexdigest() == etag


def tells_content(headers: Mapping[str, str]) -> bool:
    """Whether an object's ETag is the MD5 of its content: with keys of a key service or of the client's it looks like
    one and is not.
    """
    return not headers.get(_ENCRYPTION, "").startswith("aws:kms") and f"{_ENCRYPTION}-customer-algorithm" not in headers


def corrupted() -> StoreUnavailable:
    """What came is not what the store keeps; asked for again, it will be."""
    return StoreUnavailable("the object arrived with another content than its ETag says")


async def whole(result: "GetResult", received: Received) -> None:
    """A small object in one step: each step more is a change of threads."""
    async with asyncio.timeout(STALL):
        data = await result.bytes_async()
    await received.take(memoryview(data))


async def streamed(result: "GetResult", received: Received) -> None:
    """An object of any size, a bounded part at a time."""
    stream = aiter(result.stream(min_chunk_size=_CHUNK))
    while True:
        async with asyncio.timeout(STALL):
            chunk = await anext(stream, None)
        if chunk is None:
            return
        await received.take(memoryview(chunk))


async def ranged(part: Part, size: int, received: Received) -> None:
    """A large object, some ranges of it under way at any time and written in order: memory holds no more than those."""
    starts = deque(range(0, size, _RANGE))
    coming: deque[asyncio.Task[list[memoryview]]] = deque()

    def ask() -> None:
        start = starts.popleft()
        coming.append(asyncio.create_task(_range(part, start, min(start + _RANGE, size))))

    try:
        while starts or coming:
            while starts and len(coming) < _RANGES_AT_ONCE:
                ask()
            for chunk in await coming[0]:
                await received.take(chunk)
            coming.popleft()
    finally:
        for task in coming:
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)


async def _range(part: Part, start: int, end: int) -> list[memoryview]:
    async with asyncio.timeout(STALL):
        result = await part(start, end)
    chunks: list[memoryview] = []
    stream = aiter(result.stream(min_chunk_size=_CHUNK))
    while True:
        async with asyncio.timeout(STALL):
            chunk = await anext(stream, None)
        if chunk is None:
            break
        chunks.append(memoryview(chunk))
    if (came := sum(map(len, chunks))) != end - start:
        raise StoreUnavailable(f"a part of the object ended after {came} of {end - start} bytes")
    return chunks
