"""The part of a sandbox that all sandboxes share, mounted once.

bubblewrap reads the whole table of mounts for each mount it makes, so forty of them cost half of a start.

Only where the spawner's thread has a mount namespace of its own (`view`); else every sandbox makes all its mounts.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from statuette.backends.local.view import View, bind_read_only, unmount

_POINTS = ("dev", "proc", "run", "tmp", "var", "oscar/config", "oscar/control", "oscar/io", "oscar/work")
_FILES = ("oscar/sh",)
_Signature = tuple[tuple[str, int, int], ...]


class SharedRoot:
    """A read-only root folder with the machine's programs and `/etc`, and empty places for what is each runner's own.

    To be used on the spawner's thread alone.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._made: _Signature | None = None
        self._count = 0
        self._path = Path()

    def mounts(self, system: Sequence[str]) -> list[str]:
        """What stands for `system` (of `sandbox.system_mounts`) as options of bubblewrap. Raises OSError."""
        if not self._view.private:
            return list(system)
        now = _signature(system)
        if now != self._made:
            self._make(system)
            self._made = now
        return ["--ro-bind", str(self._path), "/"]

    def _make(self, system: Sequence[str]) -> None:
        old, self._count = self._path, self._count + 1
        self._path = root = self._view.place / f"root-{self._count}"
        for name in (*_POINTS, *_FILES):
            _mount_point(root, name, folder=name in _POINTS)
        (root / "var/tmp").symlink_to("../tmp")  # as `sandbox.arguments` makes it
        for kind, source, guest in _triples(system):
            if kind == "--symlink":
                (root / guest.lstrip("/")).symlink_to(source)
            elif Path(source).exists():
                place = _mount_point(root, guest.lstrip("/"), folder=Path(source).is_dir())
                bind_read_only(Path(source), place)
        for _, _, guest in _triples(system):
            if old != Path() and os.path.ismount(old / guest.lstrip("/")):
                unmount(old / guest.lstrip("/"))  # whoever shows it keeps it


def _mount_point(root: Path, name: str, *, folder: bool) -> Path:
    """Make an empty folder or file under `root` that all may enter or read, whatever our umask is."""
    place = root / name
    for each in (*reversed(place.relative_to(root.parent).parents[:-1]), *([Path(root.name, name)] if folder else [])):
        (root.parent / each).mkdir(exist_ok=True)
        if not os.path.ismount(root.parent / each):
            (root.parent / each).chmod(0o755)
    if not folder:
        place.touch()
        place.chmod(0o644)
    return place


def _triples(system: Sequence[str]) -> list[tuple[str, str, str]]:
    return [(system[at], system[at + 1], system[at + 2]) for at in range(0, len(system), 3)]


def _signature(system: Sequence[str]) -> _Signature:
    """Which files are shown: one that was replaced on the machine has another number (a mount keeps the old)."""
    found = []
    for kind, source, guest in _triples(system):
        if kind != "--symlink":
            try:
                now = Path(source).stat()
            except FileNotFoundError:
                continue
            found.append((guest, now.st_ino, now.st_dev))
        else:
            found.append((f"{guest} {source}", 0, 0))
    return tuple(found)
