"""Bringing the input into a runner's workspace."""

import asyncio
import os
import uuid
from contextlib import suppress
from errno import ENOSPC
from pathlib import Path
from typing import BinaryIO, Protocol

from statuette.events.objects import ObjectRef
from statuette.ports.backend import Workspace
from statuette.ports.errors import DiskFull
from statuette.ports.objects import Objects
from statuette.ports.work import Assignment
from statuette.spec.names import local_name
from statuette.supervisor.folders import folder, make_folder, new_file

IN = "in"
OUT = "out"
_INLINE = 1024 * 1024
"""Bytes written without leaving the event loop."""
_PART = 8 * 1024 * 1024


class Waiting(Protocol):
    """An input that was fetched before its turn."""

    def move(self, name: str, *, into: int) -> None:
        """Put it under `name` into a folder's descriptor."""


async def stage_in(
    assignment: Assignment, *, workspace: Workspace, objects: Objects, reserve: int, waiting: Waiting | None = None
) -> str:
    """Write the input into the workspace's `in` folder, or move there what is `waiting`; returns the file's name
    there, "" when nothing is staged.

    An object is fetched in exactly the version meant; a body (JSON or raw), or the notification of a store that
    cannot be read, becomes a file `event-file-<uuid>`. Raises `ObjectGone`, `StoreUnavailable`, `NotFound`,
    `Forbidden` as the store does, and `DiskFull` before fewer than `reserve` bytes would be left.
    """
    with folder(workspace.host) as root:
        _ready(root, workspace)
        if not assignment.stage_in:
            return ""
        ref = assignment.event.object
        name = local_name(ref.key) if ref else f"event-file-{uuid.uuid4()}"
        with folder(IN, beneath=root) as inside:
            if waiting is not None:
                waiting.move(name, into=inside)
                return name
            check_room(inside, _expected(assignment), reserve=reserve)
            await fetch_into(new_file(name, beneath=inside, owner=workspace.owner), assignment, objects=objects)
    return name


async def fetch_into(descriptor: int, assignment: Assignment, *, objects: Objects) -> None:
    """Write the input into a file that was just made, and close it."""
    with os.fdopen(descriptor, "wb") as sink:
        try:
            await _fill(sink, assignment.event.object, assignment=assignment, objects=objects)
        except OSError as error:
            raise _told(error) from error


def write_beside(name: str, data: bytes, *, workspace: Workspace) -> None:
    """Write a small file into the workspace itself, outside `in`, so that no script takes it for an input."""
    with folder(workspace.host) as root:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=root)
        try:
            with os.fdopen(new_file(name, beneath=root, owner=workspace.owner), "wb") as sink:
                sink.write(data)
        except OSError as error:
            raise _told(error) from error


def _ready(root: int, workspace: Workspace) -> None:
    for name in (IN, OUT):
        try:
            os.stat(name, dir_fd=root, follow_symlinks=False)
        except FileNotFoundError:
            make_folder(name, beneath=root, owner=workspace.owner)


def _expected(assignment: Assignment) -> int:
    ref = assignment.event.object
    if ref is not None:
        return ref.version.size if ref.version else 0
    if assignment.payload_path:
        return Path(assignment.payload_path).stat().st_size
    return len(_body(assignment))


def check_room(descriptor: int, size: int, *, reserve: int) -> None:
    """Raises `DiskFull` when fewer than `reserve` bytes would be left on the folder's disk."""
    disk = os.fstatvfs(descriptor)
    if disk.f_bavail * disk.f_frsize < size + reserve:
        raise DiskFull(f"no room for an input of {size} bytes on the platform's disk")


async def _fill(sink: BinaryIO, ref: ObjectRef | None, *, assignment: Assignment, objects: Objects) -> None:
    if ref is not None:
        await objects.fetch(ref, sink)
    elif assignment.payload_path:
        if _expected(assignment) <= _INLINE:
            _copy(assignment.payload_path, sink.fileno())
        else:
            await asyncio.to_thread(_copy, assignment.payload_path, sink.fileno())
    else:
        sink.write(_body(assignment))
    sink.flush()


def _body(assignment: Assignment) -> bytes:
    event = assignment.event
    return assignment.payload or event.payload or event.document.encode("utf-8", "surrogatepass")


def _copy(path: str, sink: int) -> None:
    with Path(path).open("rb") as source:
        while os.sendfile(sink, source.fileno(), None, _PART):
            pass


def _told(error: OSError) -> DiskFull | OSError:
    return DiskFull() if error.errno == ENOSPC else error
