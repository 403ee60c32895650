"""Writing one attempt's log: masked, in records, bounded, soon on disk and never waiting for it on each write."""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

from statuette.adapters.logs_files.records import LONGEST, STREAMS, Stamps, encoded, mark
from statuette.ports.clock import Clock
from statuette.ports.logs import LogSink
from statuette.ports.masking import Masker

logger = logging.getLogger(__name__)

FLUSH = 0.05
"""Seconds that words may wait in memory."""
_FULL = 256 * 1024
"""Bytes that may wait in memory."""


Closed = Callable[[Path, "FileSink"], None]


class Stream:
    """One stream's masker and its unfinished line."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self.masker = Masker(secrets)
        self.line = b""


class FileSink(LogSink):
    """One attempt's log. `limit` is in bytes of file: half for the beginning, half for the last two segments.

    `changed` is set, and replaced by a new event, whenever something new is on disk. A disk that is full costs
    words, never the run. The file is made with the first word: most scripts say nothing.
    """

    def __init__(self, base: Path, *, secrets: tuple[str, ...], limit: int, clock: Clock, closed: Closed) -> None:
        self.segment = 0
        self.closed = False
        self.changed = asyncio.Event()
        self._base = base
        self._tell_closed = closed
        self._clock = clock
        self._stamps = Stamps()
        self._streams = {name: Stream(secrets) for name in STREAMS}
        self._sizes = (limit // 2, limit // 4)
        self._waiting: list[bytes] = []
        self._waiting_size = 0
        self._offset = 0
        self._timer: asyncio.TimerHandle | None = None
        self._failed = False
        self._file = -1
        self._file_size = 0

    def write(self, stream: str, data: bytes) -> None:
        if self.closed or not data:
            return
        self._take(stream, self._streams[stream].masker.feed(data))
        if self._waiting_size > _FULL:
            self._put()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH, self._flush)

    def close(self) -> None:
        if self.closed:
            return
        if self._timer is not None:
            self._timer.cancel()
        for name, stream in self._streams.items():
            self._take(name, stream.masker.finish())
        self._partial_lines()
        self._put()
        self.closed = True
        if self._file >= 0:
            os.close(self._file)
        self._tell_closed(self._base, self)
        self.changed.set()

    def _flush(self) -> None:
        """What stands in memory goes to disk, unfinished lines too: a progress bar without newline is to be seen."""
        self._timer = None
        self._partial_lines()
        self._put()

    def _take(self, name: str, data: bytes) -> None:
        stream = self._streams[name]
        *lines, rest = data.split(b"\n")
        stamp = self._stamps.at(self._clock.wall())
        for line in lines:
            self._line(name, stamp, stream.line + line, whole=True)
            stream.line = b""
        stream.line += rest
        if len(stream.line) >= LONGEST:
            cut = len(stream.line) // LONGEST * LONGEST
            self._line(name, stamp, stream.line[:cut], whole=False)
            stream.line = stream.line[cut:]

    def _line(self, name: str, stamp: bytes, text: bytes, *, whole: bool) -> None:
        last = max(0, len(text) - 1) // LONGEST * LONGEST
        for start in range(0, last, LONGEST):
            self._record(encoded(stamp, name, text[start : start + LONGEST], whole=False))
        self._record(encoded(stamp, name, text[last:] if last else text, whole=whole))

    def _record(self, record: bytes) -> None:
        self._waiting.append(record)
        self._waiting_size += len(record)

    def _partial_lines(self) -> None:
        for name, stream in self._streams.items():
            if stream.line:
                self._line(name, self._stamps.at(self._clock.wall()), stream.line, whole=False)
                stream.line = b""

    def _put(self) -> None:
        waiting, self._waiting, self._waiting_size = self._waiting, [], 0
        if not waiting:
            return
        try:
            self._append(waiting)
        except OSError as error:
            if not self._failed:
                logger.warning("a log cannot be written: %s", error.strerror, extra={"action": "log_failed"})
            self._failed = True
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    def _append(self, records: list[bytes]) -> None:
        """Write records, each whole into one segment, beginning new segments as they fill."""
        if self._file < 0:
            self._open()
        batch: list[bytes] = []
        size = 0
        for record in records:
            if self._file_size + size + len(record) > self._sizes[self.segment > 0]:
                self._write(b"".join(batch))
                batch, size = [], 0
                self._next()
            batch.append(record)
            size += len(record)
            self._offset += _text_length(record)
        self._write(b"".join(batch))

    def _write(self, data: bytes) -> None:
        self._file_size += len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]

    def _next(self) -> None:
        os.close(self._file)
        self._file = -1
        self.segment += 1
        self._open()
        self._write(mark(self._stamps.at(self._clock.wall()), self._offset))
        if self.segment > 2:
            segment_path(self._base, self.segment - 2).unlink(missing_ok=True)

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        path = segment_path(self._base, self.segment)
        try:
            self._file = os.open(path, flags, 0o600)
        except FileNotFoundError:  # its folders are missing, which is seldom
            path.parent.parent.mkdir(mode=0o700, exist_ok=True)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            self._file = os.open(path, flags, 0o600)
        self._file_size = 0


def _text_length(record: bytes) -> int:
    """Bytes of text in an encoded record, its newline counted where the line is whole."""
    return len(record) - 33 + (record[30:31] == b"F")


def segment_path(base: Path, number: int) -> Path:
    """`<attempt>.log` is the beginning, `<attempt>.<n>.log` are later segments."""
    return base.with_name(f"{base.name}.{number}.log" if number else f"{base.name}.log")
