"""Reading bodies: what a caller sends becomes events, whatever its size.

Small bodies are read whole and classified. A body too large for that is taken as raw input (base64 is still decoded)
and stays in a file; payloads too large for the ledger are put into files too.
"""

import asyncio
import binascii
import re
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from statuette.events.event import Event, EventKind
from statuette.events.parse import parse_body
from statuette.events.records import rfc3339
from statuette.ports.bodies import Bodies
from statuette.ports.clock import Clock
from statuette.ports.errors import TooLarge

CLASSIFIED = 8 * 2**20
"""Bytes up to which a body is read whole and looked into."""
INLINE = 64 * 2**10
"""Bytes up to which a payload goes into the ledger itself."""
_CHUNK = 1 << 20
_BASE64 = re.compile(rb"[A-Za-z0-9+/=\s]*\Z")


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """The largest body in bytes."""

    most: int


@dataclass(slots=True)
class Body:
    """What a body turned out to be. Its files are dropped at the end unless `kept` is set."""

    events: list[Event]
    kept: bool = False


class Reading:
    """Reads bodies for submissions and calls. `shared`: any manager may run what was read."""

    def __init__(self, *, bodies: Bodies, clock: Clock, limits: BodyLimits, shared: bool = False) -> None:
        self._shared = shared
        self._bodies = bodies
        self._clock = clock
        self._limits = limits

    @asynccontextmanager
    async def read(self, name: str, body: AsyncIterator[bytes], *, source_ip: str = "") -> AsyncIterator[Body]:
        """The events of a body. Its files go by `name`. Raises `TooLarge`, `DiskFull`, `StoreUnavailable`."""
        files: list[str] = []
        read = Body([])
        try:
            events = await self._events(name, body, files)
            read.events = [replace(event, source_ip=event.source_ip or source_ip) for event in events]
            if self._shared:
                for file in files:
                    await self._bodies.share(file)
            yield read
        finally:
            if not read.kept:
                for file in files:
                    await self._bodies.drop(file)

    async def _events(self, name: str, body: AsyncIterator[bytes], files: list[str]) -> list[Event]:
        head, rest = await self._head(body)
        now = rfc3339(self._clock.wall())
        if rest is None:
            events = parse_body(head, now=now)
            return [await self._spilled(f"{name}.{n}" if n else name, event, files) for n, event in enumerate(events)]
        raw, _ = await self._bodies.keep(name, _chain(head, rest), limit=self._limits.most)
        files.append(raw)
        return [Event(kind=EventKind.RAW, time=now, payload_file=await self._decoded(name, raw, head, files))]

    async def _head(self, body: AsyncIterator[bytes]) -> tuple[bytes, AsyncIterator[bytes] | None]:
        """The whole body and None, or its beginning and the rest when it is too long to be looked into."""
        parts: list[bytes] = []
        size = 0
        iterator = aiter(body)
        async for part in iterator:
            parts.append(part)
            size += len(part)
            if size > self._limits.most:
                raise TooLarge(f"the body is larger than {self._limits.most} bytes")
            if size > CLASSIFIED:
                return b"".join(parts), iterator
        return b"".join(parts), None

    async def _spilled(self, name: str, event: Event, files: list[str]) -> Event:
        """The event with a payload too large for the ledger in a file instead."""
        if len(event.payload) <= INLINE:
            return event
        file, _ = await self._bodies.keep(name, _once(event.payload), limit=self._limits.most)
        files.append(file)
        return replace(event, payload=b"", payload_file=file)

    async def _decoded(self, name: str, raw: str, head: bytes, files: list[str]) -> str:
        """The file with the decoded bytes when the whole body is base64, else the raw one."""
        if not _BASE64.match(head):
            return raw
        try:
            decoded, _ = await self._bodies.keep(
                f"{name}.decoded", _decoding(Path(self._bodies.path(raw))), limit=self._limits.most
            )
        except binascii.Error:
            return raw
        files.append(decoded)
        files.remove(raw)
        await self._bodies.drop(raw)
        return decoded


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _chain(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for part in rest:
        yield part


async def _decoding(path: Path) -> AsyncIterator[bytes]:
    """The file's base64 text decoded part by part; raises `binascii.Error` where it is none."""
    left, ended = b"", False
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            text = left + bytes(chunk).translate(None, b" \t\r\n")
            if ended and text:
                raise binascii.Error("excess data after padding")
            whole = len(text) - len(text) % 4
            yield b64decode(text[:whole], validate=True)
            left, ended = text[whole:], text[:whole].endswith(b"=")
    if left:
        raise binascii.Error("incorrect padding")
