"""How an unprivileged sandbox reaches folders whose parents only the manager may enter.

bubblewrap resolves what it mounts by path, as the runner's own user. The state folder (0700) or an interpreter under
`/root` are out of that user's reach. So when the manager is root, the thread that starts runners lives in a mount
namespace of its own, in which these folders are bound under one that all may enter. Nobody else sees that namespace,
and no start pays for it.
"""

import ctypes
import os
from collections.abc import Mapping
from pathlib import Path

_CLONE_NEWNS = 0x00020000
_MS_BIND, _MS_REC, _MS_SLAVE, _MS_REMOUNT = 4096, 16384, 1 << 19, 32
_MS_RDONLY, _MS_NOSUID, _MS_NODEV = 1, 2, 4
_MNT_DETACH = 2
_PLACE = Path("/run/statuette-view")
"""An empty folder, but in the namespace where a file system of our own covers it."""
_libc = ctypes.CDLL(None, use_errno=True)


class View:
    """Paths as the processes started from this thread see them. Unless `private`, they are what they are."""

    def __init__(self, places: Mapping[Path, str], *, private: bool) -> None:
        self.private = private
        self._places = {place: _PLACE / name for place, name in places.items()} if private else {}

    @property
    def place(self) -> Path:
        """A folder in the view that takes further mounts."""
        return _PLACE

    def path(self, path: Path) -> Path:
        """The path of a host file in the view."""
        for place, seen in self._places.items():
            if path.is_relative_to(place):
                return seen / path.relative_to(place)
        return path

    def enter(self) -> None:
        """Give the calling thread its own mount namespace with the view in it. Raises OSError (no right to)."""
        if not self.private:
            return
        if _libc.unshare(_CLONE_NEWNS):
            raise OSError(ctypes.get_errno(), "cannot make a mount namespace")
        _PLACE.mkdir(mode=0o711, exist_ok=True)
        _mount(None, Path("/"), flags=_MS_REC | _MS_SLAVE)
        handles = {seen: os.open(place, os.O_PATH | os.O_CLOEXEC) for place, seen in self._places.items()}
        try:
            _mount(b"tmpfs", _PLACE, kind=b"tmpfs", data=b"mode=0711,size=1m")
            for seen, handle in handles.items():
                seen.parent.mkdir(exist_ok=True)
                seen.mkdir()
                for folder in (seen.parent, seen):
                    folder.chmod(0o711)  # whatever our umask is
                _mount(f"/proc/self/fd/{handle}".encode(), seen, flags=_MS_BIND | _MS_REC)
        finally:
            for handle in handles.values():
                os.close(handle)


def bind_read_only(source: Path, target: Path) -> None:
    """Show a file or a folder, with what is mounted in it, at `target`: no writing, no set-id programs, no devices.

    Raises OSError.
    """
    _mount(os.fsencode(source), target, flags=_MS_BIND | _MS_REC)
    _mount(None, target, flags=_MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)


def unmount(target: Path) -> None:
    """Take away what is mounted there; who shows it elsewhere keeps it. Raises OSError."""
    if _libc.umount2(os.fsencode(target), _MNT_DETACH):
        raise OSError(ctypes.get_errno(), f"cannot unmount {target}")


def _mount(
    source: bytes | None, target: Path, *, kind: bytes | None = None, flags: int = 0, data: bytes | None = None
) -> None:
    if _libc.mount(source, os.fsencode(target), kind, ctypes.c_ulong(flags), data):
        raise OSError(ctypes.get_errno(), f"cannot mount on {target}")
