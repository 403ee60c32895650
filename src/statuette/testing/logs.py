"""Logs in memory."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from statuette.ports.clock import Clock
from statuette.ports.errors import BadInput, NotFound
from statuette.ports.logs import Logs, LogSink
from statuette.ports.masking import Masker

_SPLIT = 64 * 1024
_STREAMS = ("stdout", "stderr")
Line = tuple[bytes, bytes]
"""A line's time and its text, newline included unless it is the last, unfinished one."""


@dataclass(slots=True)
class _Kept:
    """One attempt's lines: the first ones, the last ones, and how many bytes between them are gone."""

    head: list[Line] = field(default_factory=list)
    tail: list[Line] = field(default_factory=list)
    head_size: int = 0
    tail_size: int = 0
    cut: int = 0
    added: int = 0
    closed: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class MemorySink(LogSink):
    """Masks, splits into lines, keeps half of `limit` bytes from the beginning and half from the end."""

    def __init__(self, kept: _Kept, *, secrets: tuple[str, ...], limit: int, clock: Clock) -> None:
        self._kept = kept
        self._limit = limit
        self._clock = clock
        self._maskers = {name: Masker(secrets) for name in _STREAMS}
        self._lines = dict.fromkeys(_STREAMS, b"")

    def write(self, stream: str, data: bytes) -> None:
        if not self._kept.closed:
            self._take(stream, self._maskers[stream].feed(data))

    def close(self) -> None:
        for stream, masker in self._maskers.items():
            self._take(stream, masker.finish())
            if self._lines[stream]:
                self._add(self._lines.pop(stream))
                self._lines[stream] = b""
        self._kept.closed = True
        self._kept.changed.set()

    def _take(self, stream: str, data: bytes) -> None:
        *lines, rest = (self._lines[stream] + data).split(b"\n")
        for line in lines:
            self._add(line + b"\n")
        whole = len(rest) // _SPLIT * _SPLIT
        for start in range(0, whole, _SPLIT):
            self._add(rest[start : start + _SPLIT])
        self._lines[stream] = rest[whole:]

    def _add(self, text: bytes) -> None:
        kept, half = self._kept, self._limit // 2
        stamp = datetime.fromtimestamp(self._clock.wall(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()
        if not kept.tail and not kept.cut and kept.head_size + len(text) <= half:
            kept.head.append((stamp, text))
            kept.head_size += len(text)
        else:
            kept.tail.append((stamp, text))
            kept.tail_size += len(text)
        while kept.tail_size > half:
            _, gone = kept.tail.pop(0)
            kept.tail_size -= len(gone)
            kept.cut += len(gone)
        kept.added += 1
        changed, kept.changed = kept.changed, asyncio.Event()
        changed.set()


class MemoryLogs(Logs):
    """Logs by service, job and attempt. `limit` is in bytes per attempt."""

    def __init__(self, clock: Clock, *, limit: int = 10 * 1024 * 1024) -> None:
        self._clock = clock
        self._limit = limit
        self._kept: dict[tuple[str, str, int], _Kept] = {}

    def open(self, service: str, job: str, attempt: int, *, secrets: tuple[str, ...]) -> LogSink:
        for name in (service, job):
            if not name or "/" in name or "\0" in name or name.startswith(".") or len(name) > 200:
                raise BadInput("a service's or job's name cannot be a folder's name")
        kept = self._kept[service, job, attempt] = _Kept()
        return MemorySink(kept, secrets=secrets, limit=self._limit, clock=self._clock)

    async def read(
        self, service: str, job: str, attempt: int, *, timestamps: bool, follow: bool
    ) -> AsyncIterator[bytes]:
        kept = self._kept.get((service, job, attempt))
        if kept is None or (kept.closed and not kept.added):
            raise NotFound("there is no such log")
        given = 0
        while True:
            changed, added = kept.changed, kept.added
            if text := _rendered(kept, given, timestamps=timestamps):
                yield text
            given = added
            if (kept.closed and kept.added == added) or not follow:
                return
            await changed.wait()

    async def settle(self, service: str, job: str, attempt: int) -> None:
        """Nothing: whoever has this twin has them all."""

    async def remove(self, service: str, job: str) -> None:
        for known in [key for key in self._kept if key[:2] == (service, job)]:
            del self._kept[known]


def _rendered(kept: _Kept, given: int, *, timestamps: bool) -> bytes:
    """The lines from number `given` on, counted over everything that was ever added."""
    parts = [_line(line, timestamps) for line in kept.head[given:]]
    gone = kept.added - len(kept.head) - len(kept.tail)
    if kept.cut and given < len(kept.head) + gone:
        parts.append(b"[statuette: %d bytes were cut here]\n" % kept.cut)
    skipped = max(0, given - len(kept.head) - gone)
    return b"".join(parts + [_line(line, timestamps) for line in kept.tail[skipped:]])


def _line(line: Line, timestamps: bool) -> bytes:
    return line[0] + b" " + line[1] if timestamps else line[1]
