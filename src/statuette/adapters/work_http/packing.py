"""A call's sealed folder as one stream: before each file one line of JSON (`ports.wire.FileHead`)."""

import asyncio
import os
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from statuette.events.sealed import STREAMS, SealedFolder
from statuette.ports.errors import Unavailable
from statuette.ports.wire import FileHead

_CHUNK = 1024 * 1024
_FEW = 64 * 1024
"""Bytes under which small files travel in one chunk."""


async def packed(folder: Path) -> AsyncIterator[bytes]:
    """The folder's regular files, in order of name; links are not followed."""
    few = bytearray()
    for name, path, size in await asyncio.to_thread(lambda: list(_files(SealedFolder(folder)))):
        few += FileHead(name=name, size=size).model_dump_json().encode() + b"\n"
        async for data in _bytes(path, size):
            few += data
            if len(few) >= _FEW:
                yield bytes(few)
                few.clear()
    yield bytes(few)


async def removed(folder: Path) -> None:
    """Remove the folder: the manager has its own by now."""
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _files(sealed: SealedFolder) -> Iterator[tuple[str, Path, int]]:
    for stream in STREAMS:
        path = sealed.stream(stream)
        if path.exists():
            yield stream, path, path.lstat().st_size
    for folder, folders, names in os.walk(sealed.out):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            facts = path.lstat()
            if stat.S_ISREG(facts.st_mode):
                yield path.relative_to(sealed.path).as_posix(), path, facts.st_size


async def _bytes(path: Path, size: int) -> AsyncIterator[bytes]:
    left = size
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb", buffering=0) as file:
        while left:
            data = file.read(left) if left <= _FEW else await asyncio.to_thread(file.read, min(left, _CHUNK))
            if not data:
                raise Unavailable("a sealed file became shorter while it was sent")
            left -= len(data)
            yield data
