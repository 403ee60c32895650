"""A disk that can be filled: a tmpfs in a mount namespace of our own, gone with us whatever happens."""

import ctypes
import os
import secrets
import subprocess
from contextlib import suppress
from pathlib import Path

SIZE = 1536 * 2**20
"""Bytes. Only what is written takes memory, and a full disk takes all of it for some seconds."""
LEAST_FREE = 64 * 2**20
"""The manager's setting on a disk of this size."""
_NEW_NAMESPACE = 0x00020000
_PRIVATE, _RECURSIVE = 1 << 18, 1 << 14
_DETACH = 2


class Disk:
    """The folder a platform's state lies in. Where nothing can be mounted (`why_not`) it is a plain folder."""

    def __init__(self, folder: Path, *, why_not: str = "") -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.why_not = why_not or _mount(folder)

    @property
    def can_be_filled(self) -> bool:
        return not self.why_not

    def fill(self) -> None:
        """Leave less than a page or a few pages free."""
        with (self.folder / "filler").open("wb") as filler:
            room = os.statvfs(self.folder)
            free = room.f_bavail * room.f_frsize
            with suppress(OSError):  # somebody else wrote meanwhile: then it is full without us
                os.posix_fallocate(filler.fileno(), 0, max(1, free - secrets.randbelow(4) * 4096))

    def keep(self, target: Path) -> None:
        """Copy everything to where it lasts, then let the disk go."""
        if self.can_be_filled:
            subprocess.run(["cp", "-a", str(self.folder), str(target)], check=False, capture_output=True)  # but sockets

    def close(self) -> None:
        """Let the disk go."""
        if self.can_be_filled:
            ctypes.CDLL(None, use_errno=True).umount2(os.fsencode(self.folder), _DETACH)

    def free(self) -> None:
        """Give the room back."""
        (self.folder / "filler").unlink(missing_ok=True)


def own_mounts() -> str:
    """Make mounts of this process and its children their own. Call before any thread starts. Returns why not."""
    if os.geteuid() != 0:
        return "only root can mount a disk to be filled"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_NAMESPACE) or libc.mount(None, b"/", None, _PRIVATE | _RECURSIVE, None):
        return f"no mount namespace can be made here ({os.strerror(ctypes.get_errno())})"
    return ""


def _mount(folder: Path) -> str:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, f"size={SIZE},mode=0700".encode()):
        return f"no disk can be mounted here ({os.strerror(ctypes.get_errno())})"
    return ""


def mounts_beneath(folder: Path) -> list[str]:
    """What is mounted beneath a folder, the folder itself left out."""
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [place for place in places if place.startswith(f"{folder}/")]
