"""The format of a log file: one record a line, with a head of fixed length.

    2026-01-31T12:00:00.123456Z o F the text of the line
    └── time, UTC ────────────┘ │ └ F: the line ends here; P: it goes on in this stream's next record
                                └ o: stdout, e: stderr, x: a mark of ours (its text is the offset below)

A text never holds a newline, every other byte stands as it came. An attempt's log is cut into segments: number 0 is
the beginning and stays; of the later ones only the last two are kept. Each begins with a mark that says how many
bytes of text the script had written before it, so what is missing between two segments can be told, also after a crash.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

STREAMS = {"stdout": b" o ", "stderr": b" e "}
_TIME = 27
_HEAD = _TIME + 5
LONGEST = 64 * 1024
"""Bytes of text in one record; a longer line becomes several records."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was read: `stream` is "o", "e" or "x"."""

    time: bytes
    stream: str
    whole: bool
    text: bytes


class Stamps:
    """Turns wall-clock seconds into RFC 3339 with microseconds; the part down to the second is kept from call to
    call.
    """

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def at(self, wall: float) -> bytes:
        second = int(wall)
        if second != self._second:
            self._second, self._text = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._text}.{int((wall - second) * 1_000_000):06d}Z".encode()


def encoded(stamp: bytes, stream: str, text: bytes, *, whole: bool) -> bytes:
    """One record of the script's words."""
    return stamp + STREAMS[stream] + (b"F " if whole else b"P ") + text + b"\n"


def mark(stamp: bytes, offset: int) -> bytes:
    """A segment's first record."""
    return b"%s x F %d\n" % (stamp, offset)


def decoded(line: bytes) -> Record | None:
    """A record without its newline; None for what a crash left half written."""
    if len(line) < _HEAD or line[_TIME : _TIME + 1] != b" ":
        return None
    kind, whole = line[_TIME + 1 : _TIME + 2].decode("latin-1"), line[_TIME + 3 : _TIME + 4] == b"F"
    return Record(line[:_TIME], kind, whole, line[_HEAD:])


class Rendering:
    """Turns records into what a reader sees, with or without times; tells where something was cut."""

    def __init__(self, *, timestamps: bool) -> None:
        self._timestamps = timestamps
        self._open = ""
        self._given = 0

    def of(self, lines: list[bytes]) -> bytes:
        return b"".join(part for line in lines for part in self._parts(decoded(line)))

    def _parts(self, record: Record | None) -> Iterator[bytes]:
        if record is None:
            return
        if record.stream == "x":
            yield from self._gap(int(record.text))
            return
        if self._open and self._open != record.stream:
            yield b"\n"
            self._open = ""
        if self._timestamps and not self._open:
            yield record.time + b" "
        yield record.text
        self._given += len(record.text)
        self._open = "" if record.whole else record.stream
        if record.whole:
            self._given += 1
            yield b"\n"

    def _gap(self, offset: int) -> Iterator[bytes]:
        if offset > self._given:
            yield b"\n" if self._open else b""
            yield b"[statuette: %d bytes were cut here]\n" % (offset - self._given)
            self._open = ""
        self._given = offset
