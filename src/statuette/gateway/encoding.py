"""What a call answers, by the contract's rules of base64.

One output file: base64 of it. Several: base64 of a zip. None, or a storage event: the script's own words, output before
errors. Small answers go in one piece; large ones are read, packed and encoded bit by bit, away from the event loop.
"""

import asyncio
import base64
import io
import os
import tempfile
import zipfile
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from statuette.core import Answer, AnswerFile
from statuette.web.errors import Headers

CHUNK = 384 * 1024
"""Bytes read at once, and in place where that is all; a multiple of three, so that the pieces' base64 can be joined."""
SPOOL_IN_MEMORY = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer ready to be sent: `length` is its size in bytes, `body` all of it or its pieces."""

    body: bytes | AsyncIterator[bytes]
    length: int
    content_type: str
    status: int = 200
    headers: Headers = ()


async def reply_of(answer: Answer, *, content_type: str, spool: Path | None) -> Reply:
    """The answer of a call that went well. Its files must stay until the body has been sent."""
    if answer.storage_event or not answer.files:
        words = [_opened(said) for said in (answer.stdout, answer.stderr)]
        return await _encoded(words, content_type=content_type, armour=False)
    if len(answer.files) == 1:
        return await _encoded([_opened(answer.files[0].path)], content_type=content_type, armour=True)
    packed = await asyncio.to_thread(_zip, answer.files, spool)
    return await _encoded([packed], content_type=content_type, armour=True)


def _opened(said: Path | bytes) -> IO[bytes]:
    if isinstance(said, bytes):
        return io.BytesIO(said)
    # The folder is sealed, and still no link in it is followed.
    return os.fdopen(os.open(said, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")


def _zip(files: Sequence[AnswerFile], spool: Path | None) -> IO[bytes]:
    with ExitStack() as undo:
        packed = undo.enter_context(
            tempfile.SpooledTemporaryFile(max_size=SPOOL_IN_MEMORY, dir=None if spool is None else str(spool))
        )
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for file in files:
                _add(archive, file)
        undo.pop_all()
    return packed


def _add(archive: zipfile.ZipFile, file: AnswerFile) -> None:
    # Names are bytes to the system and may be no text at all; a zip needs text.
    name = file.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    with _opened(file.path) as source:
        entry = zipfile.ZipInfo.from_file(file.path, name, strict_timestamps=False)
        entry.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(entry, "w") as target:
            while chunk := source.read(CHUNK):
                target.write(chunk)


async def _encoded(parts: Sequence[IO[bytes]], *, content_type: str, armour: bool) -> Reply:
    size = sum(_size(part) for part in parts)
    length = (size + 2) // 3 * 4 if armour else size
    if size <= CHUNK:
        return Reply(body=_whole(parts, armour=armour), length=length, content_type=content_type)
    return Reply(body=_pieces(parts, armour=armour), length=length, content_type=content_type)


def _size(part: IO[bytes]) -> int:
    size = part.seek(0, os.SEEK_END)
    part.seek(0)
    return size


def _whole(parts: Sequence[IO[bytes]], *, armour: bool) -> bytes:
    data = b"".join(_drained(part) for part in parts)
    return base64.b64encode(data) if armour else data


def _drained(part: IO[bytes]) -> bytes:
    with part:
        return part.read()


async def _pieces(parts: Sequence[IO[bytes]], *, armour: bool) -> AsyncIterator[bytes]:
    with ExitStack() as opened:
        for part in parts:
            opened.enter_context(part)
        for part in parts:
            while piece := await asyncio.to_thread(_piece, part, armour):
                yield piece


def _piece(part: IO[bytes], armour: bool) -> bytes:
    data = part.read(CHUNK)
    return base64.b64encode(data) if armour else data
