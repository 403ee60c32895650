"""A folder of bodies.

A body is written beside its place, synced, renamed into it, and the folder is synced: a name that can be read is
whole, also after a power cut. What a crash leaves half written ends in `.part` and is removed at the next start.
"""

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator
from errno import EDQUOT, ENOSPC
from pathlib import Path

from statuette.ports.bodies import Bodies
from statuette.ports.errors import BadInput, DiskFull, TooLarge

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", re.ASCII)
_PART = ".part"
_INLINE = 256 * 1024
"""Chunks up to this many bytes are written on the event loop, larger ones in a thread."""


class FileBodies(Bodies):
    """Bodies in `root`, which is made with mode 0700; files have mode 0600. A body's name is its job's id."""

    def __init__(self, root: Path) -> None:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root = root
        for half in root.glob(f"*{_PART}"):
            half.unlink(missing_ok=True)

    async def keep(self, job: str, chunks: AsyncIterator[bytes], *, limit: int) -> tuple[str, str]:
        """Write, sync, rename. Whatever goes wrong, and when cancelled, nothing is left. Raises `BadInput` for an id
        that is no name.
        """
        part = self._root / (_checked(job) + _PART)
        try:
            digest = await self._write(part, chunks, limit=limit)
            await asyncio.to_thread(self._settle, part, self._root / job)
        except OSError as error:
            part.unlink(missing_ok=True)
            if error.errno in (ENOSPC, EDQUOT):
                raise DiskFull from error
            raise
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return job, digest

    def path(self, name: str) -> str:
        return str(self._root / _checked(name))

    async def share(self, name: str) -> None:
        """Nothing: this manager works alone."""

    async def fetch(self, name: str) -> None:
        """Nothing: the file lies here since it was kept."""

    async def drop(self, name: str) -> None:
        (self._root / _checked(name)).unlink(missing_ok=True)

    async def _write(self, part: Path, chunks: AsyncIterator[bytes], *, limit: int) -> str:
        digest, size = hashlib.sha256(), 0
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise TooLarge(f"the body is larger than {limit} bytes")
                if len(chunk) <= _INLINE:
                    _append(file.fileno(), chunk)
                    digest.update(chunk)
                else:
                    await asyncio.to_thread(_append, file.fileno(), chunk)
                    await asyncio.to_thread(digest.update, chunk)
        return digest.hexdigest()

    def _settle(self, part: Path, place: Path) -> None:
        descriptor = os.open(part, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        part.rename(place)
        folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _append(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name) or name.endswith(_PART):
        raise BadInput("this id cannot be a file's name")
    return name
