"""Logs that any of several managers can read: files here while they are written, then objects in a bucket.

A log is handed over before its attempt's last word is said, so whoever knows that the attempt ended finds it. What
could not be handed over stays a file and is tried again at the next start.
"""

import asyncio
import io
import logging
import re
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from statuette.adapters.logs_files.logs import LIMIT, FileLogs
from statuette.adapters.logs_files.reading import exists, numbers, segments_text
from statuette.adapters.logs_files.sink import segment_path
from statuette.events.objects import ObjectRef
from statuette.ports.buckets import Buckets
from statuette.ports.clock import Clock
from statuette.ports.errors import Fault, NotFound, ObjectGone
from statuette.ports.objects import Objects

logger = logging.getLogger(__name__)

_FOLDER = "logs/"
_FIRST = re.compile(r"(?P<job>.+)\.(?P<attempt>[0-9]+)\.log")
PATIENCE = 10.0
"""Seconds that the last word of an attempt waits for its log to be handed over."""


class SharedLogs(FileLogs):
    """Logs in `bucket`, and in files beneath `root` until they are there."""

    def __init__(
        self, root: Path, *, bucket: str, objects: Objects, buckets: Buckets, clock: Clock, limit: int = LIMIT
    ) -> None:
        super().__init__(root, clock=clock, limit=limit)
        self._bucket = bucket
        self._objects = objects
        self._buckets = buckets

    async def settle(self, service: str, job: str, attempt: int) -> None:
        """Hand the log over. A store that is away costs the other managers the log for a while, nothing more."""
        base = self._base(service, job, attempt)
        if base is None or not exists(base) or base in self._live:
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await self._hand_over(base, service)
        except (Fault, OSError, TimeoutError) as fault:
            logger.warning("a log stays here: %s", fault, extra={"action": "log_stays", "job": job})

    async def settle_all(self) -> None:
        """Hand over what an earlier life of this manager left; once, at start."""
        for service, job, attempt in await asyncio.to_thread(self._left):
            await self.settle(service, job, attempt)

    async def read(
        self, service: str, job: str, attempt: int, *, timestamps: bool, follow: bool
    ) -> AsyncGenerator[bytes, None]:
        """As files; once handed over, from the bucket. Raises `StoreUnavailable` too."""
        base = self._base(service, job, attempt)
        if base is None or base in self._live or exists(base):
            async with aclosing(super().read(service, job, attempt, timestamps=timestamps, follow=follow)) as blocks:
                async for block in blocks:
                    yield block
            return
        with tempfile.TemporaryDirectory(prefix="statuette-log-") as folder:
            copy = Path(folder, base.name)
            await self._fetch(self._ref(service, base.name), segment_path(copy, 0))
            async with aclosing(segments_text(copy, timestamps=timestamps, live=None)) as blocks:
                async for block in blocks:
                    yield block

    async def remove(self, service: str, job: str) -> None:
        await super().remove(service, job)
        base = self._base(service, job, 1)
        if base is None:
            return
        try:
            async for page in self._objects.list(self._bucket, f"{_FOLDER}{service}/{job}."):
                await self._objects.remove(self._bucket, [info.key for info in await page.objects()])
        except NotFound:  # nothing was ever handed over
            return

    async def _hand_over(self, base: Path, service: str) -> None:
        """All segments as one object; each begins with a mark of where it belongs."""
        text = await asyncio.to_thread(_joined, base)
        ref = self._ref(service, base.name)
        try:
            await self._objects.put(ref, io.BytesIO(text), size=len(text), metadata={})
        except NotFound:
            await self._buckets.create(self._bucket)
            await self._objects.put(ref, io.BytesIO(text), size=len(text), metadata={})
        await asyncio.to_thread(_unlink, base)

    async def _fetch(self, ref: ObjectRef, place: Path) -> None:
        try:
            with place.open("xb") as sink:
                await self._objects.fetch(ref, sink)
        except ObjectGone as gone:
            raise NotFound("there is no such log") from gone

    def _ref(self, service: str, name: str) -> ObjectRef:
        return ObjectRef(bucket=self._bucket, key=f"{_FOLDER}{service}/{name}.log")

    def _left(self) -> list[tuple[str, str, int]]:
        found = (path for path in self._root.glob("*/*/*.log") if not path.is_symlink())
        names = ((path.parent.parent.name, _FIRST.fullmatch(path.name)) for path in found)
        return [(service, match["job"], int(match["attempt"])) for service, match in names if match]


def _joined(base: Path) -> bytes:
    return b"".join(segment_path(base, number).read_bytes() for number in [0, *numbers(base)])


def _unlink(base: Path) -> None:
    for number in [*reversed(numbers(base)), 0]:
        segment_path(base, number).unlink(missing_ok=True)
