"""Reading one attempt's log from its segments, and following it while it is written."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from statuette.adapters.logs_files.records import Rendering
from statuette.adapters.logs_files.sink import FileSink, segment_path

_BLOCK = 256 * 1024


async def segments_text(base: Path, *, timestamps: bool, live: FileSink | None) -> AsyncGenerator[bytes, None]:
    """What the segments hold, a block at a time; then what `live` adds until it is closed.

    Memory is bounded by a block and a record, whatever the log's size.
    """
    rendering = Rendering(timestamps=timestamps)
    number = 0
    while True:
        # A segment may be dropped between listing and opening; what is missing is told by the next one's mark.
        with suppress(FileNotFoundError), segment_path(base, number).open("rb") as file:
            async for lines in _lines(file, number, live=live):
                if text := rendering.of(lines):
                    yield text
        following = [later for later in numbers(base) if later > number]
        if not following:
            return
        number = following[0]


async def _lines(file: BinaryIO, number: int, *, live: FileSink | None) -> AsyncIterator[list[bytes]]:
    """Whole lines of one segment; ends at its end when it is not the one being written."""
    rest = b""
    while True:
        # Taken before reading, so that what is written after the last read wakes us.
        changed = live.changed if live else None
        writing = live is not None and not live.closed and live.segment == number
        block = file.read(_BLOCK)
        if block:
            *lines, rest = (rest + block).split(b"\n")
            yield lines
            await asyncio.sleep(0)
        elif writing and changed is not None:
            await changed.wait()
        else:
            return


def numbers(base: Path) -> list[int]:
    """The later segments that there are, in order."""
    pattern = re.compile(re.escape(base.name) + r"\.([0-9]+)\.log")
    found = (pattern.fullmatch(path.name) for path in base.parent.iterdir())
    return sorted(int(match[1]) for match in found if match)


def exists(base: Path) -> bool:
    """Whether an attempt has a log."""
    return segment_path(base, 0).is_file()
