"""A call's answer that comes as one stream of files, written into a folder of ours. Nothing in it is believed.

Before each file stands one line of JSON (`ports.wire.FileHead`). Names are `out/…`, `stdout` or `stderr`.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from errno import EDQUOT, ENOSPC
from pathlib import Path

from pydantic import ValidationError

from statuette.events.sealed import OUT, STREAMS
from statuette.ports.errors import BadInput, DiskFull, TooLarge, UnsafeOutput
from statuette.ports.wire import FileHead

_LONGEST_HEAD = 16 * 1024
_LONGEST_PART = 255
_INLINE = 64 * 1024
"""Bytes written without leaving the event loop."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Most:
    """How much one answer may be: files, folders deep, bytes in all."""

    files: int = 10_000
    depth: int = 32
    total: int = 64 * 1024**3


async def unpack(chunks: AsyncIterator[bytes], folder: Path, *, most: Most) -> None:
    """Write the files of a stream into `folder`, which is new and made.

    Raises `BadInput` for a stream that is none, `UnsafeOutput` for names, `TooLarge`, `DiskFull`.
    """
    folder.mkdir(mode=0o700)  # noqa: ASYNC240 - one system call
    stream, files, left = _Stream(chunks), 0, most.total
    try:
        while (line := await stream.line()) is not None:
            head = _head(line)
            files, left = files + 1, left - head.size
            if files > most.files or left < 0:
                raise TooLarge(f"the answer holds more than {most.files} files or {most.total} bytes")
            await _write(stream, head, folder / checked_name(head.name, depth=most.depth))
    except OSError as error:
        raise DiskFull if error.errno in (ENOSPC, EDQUOT) else error from error


def checked_name(name: str, *, depth: int) -> str:
    """A file's name in a sealed folder. Raises `UnsafeOutput` for one that leads elsewhere or is no name."""
    parts = name.split("/")
    if name in STREAMS:
        return name
    if parts[0] != OUT or len(parts) < 2 or len(parts) > depth + 2:
        raise UnsafeOutput(f"an answer's file is called {name[:80]!r}: allowed are {OUT}/… {depth} folders deep")
    if any(part in ("", ".", "..") or len(os.fsencode(part)) > _LONGEST_PART or "\0" in part for part in parts):
        raise UnsafeOutput(f"an answer's file is called {name[:80]!r}, which is no name")
    return name


def _head(line: bytes) -> FileHead:
    try:
        return FileHead.model_validate_json(line)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, one['loc'])) or 'head'}: {one['msg']}" for one in error.errors()]
        raise BadInput("a file's head cannot be read", problems=problems) from error


async def _write(stream: "_Stream", head: FileHead, place: Path) -> None:
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(place, _NEW, 0o600)
    except (FileExistsError, NotADirectoryError) as error:
        raise UnsafeOutput(f"two files of an answer are called {head.name[:80]!r}") from error
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        async for data in stream.bytes(head.size):
            if len(data) <= _INLINE:
                file.write(data)
            else:
                await asyncio.to_thread(file.write, data)


class _Stream:
    """Chunks cut anywhere, read as lines and as numbers of bytes."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    async def line(self) -> bytes | None:
        """The next line without its end; None at the end of the stream."""
        while b"\n" not in self._rest:
            chunk = await anext(self._chunks, b"")
            if not chunk and not self._rest:
                return None
            self._rest += chunk
            if not chunk or len(self._rest) > _LONGEST_HEAD + len(chunk):
                raise BadInput("the answer's stream ends, or goes on, where a file's head is expected")
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    async def bytes(self, size: int) -> AsyncIterator[bytes]:
        """Exactly `size` bytes, as they come. Raises `BadInput` when the stream ends before."""
        while size:
            data = self._rest or await anext(self._chunks, b"")
            if not data:
                raise BadInput(f"the answer's stream ends {size} bytes too early")
            given, self._rest = data[:size], data[size:]
            size -= len(given)
            yield given
