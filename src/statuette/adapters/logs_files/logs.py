"""The folder of logs: `<root>/<service>/<two digits>/<job>.<attempt>.log` and later segments; folders 0700, files 0600.

The two digits are a checksum of the job's id: no folder has to be made for each job (on a busy ext4 that costs more
than all the rest), and none grows too long to be listed.
"""

import asyncio
import re
import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from statuette.adapters.logs_files.reading import exists, segments_text
from statuette.adapters.logs_files.sink import FileSink
from statuette.ports.clock import Clock
from statuette.ports.errors import BadInput, NotFound
from statuette.ports.logs import Logs, LogSink

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", re.ASCII)
LIMIT = 10 * 1024 * 1024
"""Bytes of file that one attempt's log may take."""


class FileLogs(Logs):
    """Logs in files. Those being written by this process can be followed live.

    `limit` is in bytes per attempt: half for the beginning, half for the end; what is cut between is told in the log.
    """

    def __init__(self, root: Path, *, clock: Clock, limit: int = LIMIT) -> None:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root = root
        self._clock = clock
        self._limit = limit
        self._live: dict[Path, FileSink] = {}

    def open(self, service: str, job: str, attempt: int, *, secrets: tuple[str, ...]) -> LogSink:
        """A new log, replacing one of the same attempt. Raises `BadInput` for ids that are no names."""
        base = self._base(service, job, attempt)
        if base is None:
            raise BadInput("a service's or job's name cannot be a folder's name")
        sink = FileSink(base, secrets=secrets, limit=self._limit, clock=self._clock, closed=self._closed)
        self._live[base] = sink
        return sink

    async def read(
        self, service: str, job: str, attempt: int, *, timestamps: bool, follow: bool
    ) -> AsyncGenerator[bytes, None]:
        """The log in blocks of whole lines (the last one may be unfinished).

        Raises `NotFound`, also for a log that was closed without a word.
        """
        base = self._base(service, job, attempt)
        live = self._live.get(base) if base else None
        if base is None or (live is None and not exists(base)):
            raise NotFound("there is no such log")
        while follow and live is not None and not live.closed and not exists(base):
            await live.changed.wait()
        if not exists(base):
            return
        live = live if follow else None
        async with aclosing(segments_text(base, timestamps=timestamps, live=live)) as blocks:
            async for block in blocks:
                yield block

    async def settle(self, service: str, job: str, attempt: int) -> None:
        """Nothing: this manager works alone."""

    async def remove(self, service: str, job: str) -> None:
        """Delete all logs of a job; what is not there is no error."""
        base = self._base(service, job, 1)
        if base is not None:
            await asyncio.to_thread(_remove, base.parent, job)

    def _closed(self, base: Path, sink: FileSink) -> None:
        if self._live.get(base) is sink:
            del self._live[base]

    def _base(self, service: str, job: str, attempt: int) -> Path | None:
        """Where an attempt's log lies, without the ending; None for names that could lead elsewhere."""
        if not _NAME.fullmatch(service) or not _NAME.fullmatch(job):
            return None
        shard = f"{zlib.crc32(job.encode()) & 0xFF:02x}"
        return self._root / service / shard / f"{job}.{int(attempt)}"


def _remove(folder: Path, job: str) -> None:
    pattern = re.compile(re.escape(job) + r"(\.[0-9]+){1,2}\.log")
    try:
        found = [path for path in folder.iterdir() if pattern.fullmatch(path.name)]
    except FileNotFoundError:
        return
    for path in found:
        path.unlink(missing_ok=True)
