"""Sealing: the output folder is moved out of the script's reach, then looked through with limits.

Sealed comes after `Runner.run` has returned: nobody whom the script started is alive, so nothing moves under our
hands. What was laid out before is still not trusted. Every name is opened beneath its folder's descriptor without
following links.

- Regular files are published. Links, FIFOs, sockets and devices are left out, which the log tells.
- A file with a second name (hard link) is published only when it belongs to the workspace's owner, so nobody else's
  file goes out.
- More entries, bytes or depth than allowed: `UnsafeOutput`, and the job fails; looking stops there, so a million
  files cost no more.
- Names that a store cannot hold are written with `%XX` for the bad bytes, in the sealed folder too, so that the
  manifest finds them again.
"""

import asyncio
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from statuette.events.leases import ManifestEntry
from statuette.ports.backend import Workspace
from statuette.ports.errors import UnsafeOutput
from statuette.supervisor.folders import Owner, folder, open_regular, readable_folder
from statuette.supervisor.limits import Limits
from statuette.supervisor.names import published_name

OUT = "out"
_INLINE = 1024 * 1024
"""What may be looked through on the event loop, in bytes; each entry counts `_ENTRY` bytes besides its size."""
_ENTRY = 16 * 1024
_BLOCK = 1024 * 1024
_TOLD = 20
"""Names of left-out entries that are told one by one."""


@dataclass(slots=True)
class Findings:
    """What a sealed folder holds. `left_out` tells, for the log, what is not published and why (the first ones)."""

    entries: list[ManifestEntry] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    left_out_count: int = 0
    count: int = 0
    total: int = 0


def take_outputs(workspace: Workspace, place: Path) -> bool:
    """Move the workspace's `out` to `place`; the next staging in lays a new one down. False when there is nothing in
    it.

    `place` has to lie on the workspace's file system. Raises `UnsafeOutput` when `out` is no folder any more.
    """
    with folder(workspace.host) as root:
        try:
            if _empty(OUT, beneath=root):
                return False
        except FileNotFoundError:
            return False
        except OSError as error:
            raise UnsafeOutput("the output folder was replaced by something else") from error
        place.parent.mkdir(mode=0o700, exist_ok=True)
        with folder(place.parent) as target:
            os.rename(OUT, place.name, src_dir_fd=root, dst_dir_fd=target)
    return True


def _empty(name: str, *, beneath: int) -> bool:
    with readable_folder(name, beneath=beneath) as descriptor, os.scandir(descriptor) as listing:
        return next(listing, None) is None


async def look_through(place: Path, *, owner: Owner, limits: Limits, hashed: bool) -> Findings:
    """List what the sealed folder `place` holds; little on the event loop, much in a thread. Raises `UnsafeOutput` at
    the first limit passed.
    """
    findings = Findings()
    looking = _Looking(findings, owner=owner, limits=limits, hashed=hashed)
    steps = looking.all_of(place)
    spent = 0
    for cost in steps:
        spent += cost
        if spent > _INLINE:
            try:
                await asyncio.to_thread(looking.rest, steps)
            finally:
                looking.stopped = True
            break
    findings.entries.sort(key=lambda entry: entry.name)
    return findings


class _Looking:
    """One look through. Its generators yield the cost in bytes of each step before they do it, so the caller can
    change threads.
    """

    def __init__(self, findings: Findings, *, owner: Owner, limits: Limits, hashed: bool) -> None:
        self._found = findings
        self._owner = owner
        self._limits = limits
        self._hashed = hashed
        self.stopped = False

    def rest(self, steps: Iterator[int]) -> None:
        for _ in steps:
            if self.stopped:
                return

    def all_of(self, place: Path) -> Iterator[int]:
        with folder(place.parent) as parent, readable_folder(place.name, beneath=parent) as out:
            yield from self._folder(out, prefix="", depth=1)

    def _folder(self, descriptor: int, *, prefix: str, depth: int) -> Iterator[int]:
        if depth > self._limits.depth:
            raise UnsafeOutput(f"the output goes more than {self._limits.depth} folders deep")
        for name in self._names(descriptor):
            yield _ENTRY
            yield from self._entry(self._renamed(name, descriptor), descriptor, prefix=prefix, depth=depth)

    def _names(self, descriptor: int) -> list[str]:
        """The folder's names, read whole before any is renamed, and no more of them than are allowed."""
        room = self._limits.entries - self._found.count
        with os.scandir(descriptor) as listing:
            names = [entry.name for entry in islice(listing, room + 1)]
        if len(names) > room:
            raise UnsafeOutput(f"the output has more than {self._limits.entries} files and folders")
        self._found.count += len(names)
        return names

    def _renamed(self, name: str, descriptor: int) -> str:
        better = published_name(name)
        if better == name:
            return name
        try:
            os.stat(better, dir_fd=descriptor, follow_symlinks=False)
        except FileNotFoundError:
            os.rename(name, better, src_dir_fd=descriptor, dst_dir_fd=descriptor)
            return better
        except OSError as error:
            raise UnsafeOutput("an output's name cannot be written so that a store takes it") from error
        raise UnsafeOutput(f"two outputs would be stored as {better!r}")

    def _entry(self, name: str, parent: int, *, prefix: str, depth: int) -> Iterator[int]:
        facts = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if stat.S_ISDIR(facts.st_mode):
            with readable_folder(name, beneath=parent) as below:
                yield from self._folder(below, prefix=f"{prefix}{name}/", depth=depth + 1)
        elif not stat.S_ISREG(facts.st_mode):
            self._leave_out(name, parent, what=f"output {prefix + name!r} is {_kind(facts.st_mode)}")
        elif facts.st_nlink > 1 and facts.st_uid != self._owner[0]:
            self._leave_out(name, parent, what=f"output {prefix + name!r} is another owner's file under a second name")
        else:
            self._found.total += facts.st_size
            if self._found.total > self._limits.total:
                raise UnsafeOutput(f"the output is larger than {self._limits.total} bytes")
            yield facts.st_size
            self._regular(name, parent, prefix=prefix)

    def _regular(self, name: str, parent: int, *, prefix: str) -> None:
        descriptor = open_regular(name, beneath=parent)
        try:
            size = os.fstat(descriptor).st_size
            digest = sha256(descriptor) if self._hashed else ""
        finally:
            os.close(descriptor)
        self._found.entries.append(ManifestEntry(name=f"{prefix}{name}", size=size, sha256=digest))

    def _leave_out(self, name: str, parent: int, *, what: str) -> None:
        """Drop an entry, so that nobody who reads the sealed folder later meets it."""
        os.unlink(name, dir_fd=parent)
        self._found.left_out_count += 1
        if len(self._found.left_out) < _TOLD:
            self._found.left_out.append(f"{what}: not published")


def sha256(descriptor: int) -> str:
    """Hex SHA-256 of the rest of an open file."""
    digest = hashlib.sha256()
    while block := os.read(descriptor, _BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    if stat.S_ISFIFO(mode):
        return "a FIFO"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a device"
