"""A runner's folders on the host, made and emptied. Whatever a script left is handled beneath descriptors: no path of
its making is followed, no link opened, no depth or number of files is too much.
"""

import contextlib
import os
import secrets
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FIFOS = ("request", "answer", "life")
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class RunnerFolders:
    """The folders of one runner under `base`. `control` and `config` are read-only to the script, the rest is its to
    fill."""

    base: Path

    @property
    def control(self) -> Path:
        """`runner.sh`, the FIFOs and the variables of the current run; can be entered by the script, not listed."""
        return self.base / "control"

    @property
    def config(self) -> Path:
        """What the guest sees as `/oscar/config`."""
        return self.base / "config"

    @property
    def io(self) -> Path:
        """The workspace: `in` and `out`."""
        return self.base / "io"

    @property
    def scratch(self) -> tuple[Path, ...]:
        """Working directory, `/tmp` and `/dev/shm` of the guest."""
        return self.base / "work", self.base / "tmp", self.base / "shm"

    def make(self, *, owner: tuple[int, int], runner_script: bytes, files: Mapping[str, bytes]) -> None:
        """Make everything; `owner` gets what the script may write. Raises OSError, and FileExistsError when it was
        made before."""
        for folder, mode in ((self.base, 0o711), (self.control, 0o755), (self.config, 0o755), (self.io, 0o755)):
            folder.mkdir()
            folder.chmod(mode)  # whatever our umask is
        for folder in (*self.scratch, *self._exchange):
            folder.mkdir(mode=0o700)
            os.chown(folder, *owner)
        for name in FIFOS:
            fifo = f"{self.control}/{name}"
            os.mkfifo(fifo, 0o600)
            os.chown(fifo, *owner)
        _write(self.control / "runner.sh", runner_script)
        for name, content in files.items():
            _write(self.config / name, content)
        # Entered, not listed: as root others have x only, as a plain user the owner too has no r.
        self.control.chmod(0o711 if os.geteuid() == 0 else 0o311)

    @property
    def _exchange(self) -> tuple[Path, ...]:
        return self.io / "in", self.io / "out"

    def make_workspace(self, owner: tuple[int, int]) -> None:
        """Make `in` and `out` anew in the empty workspace."""
        for folder in self._exchange:
            folder.mkdir(mode=0o700)
            os.chown(folder, *owner)

    def reset(self, owner: tuple[int, int]) -> None:
        """Empty all that the script may write. Raises OSError when something resists."""
        for folder in (self.io, *self.scratch):
            empty(folder)
        self.make_workspace(owner)

    def reset_little(self, owner: tuple[int, int]) -> bool:
        """The same where only a few small files have to go, so that it takes no time; False when it is more than that
        (`reset` does it then). Raises OSError."""
        return (
            {entry.name for entry in self.io.iterdir()} == {"in", "out"}
            and _is_as_made(self.io, mode=0o755, owner=None)
            and all(_is_as_made(folder, mode=0o700, owner=owner) for folder in (*self.scratch, *self._exchange))
        )

    def remove(self) -> None:
        """Remove everything, however far `make` came. Idempotent."""
        if not self.base.exists():
            return
        if self.control.exists():
            self.control.chmod(0o700)
        with contextlib.suppress(OSError):  # the thorough way below finds out what it was
            self._remove_little()
            return
        empty(self.base)
        self.base.rmdir()

    def _remove_little(self) -> None:
        """Remove everything where a script left only a few small files. Raises OSError when it is more than that."""
        for folder in (*self.scratch, *self._exchange):
            found = folder.lstat()
            _is_as_made(folder, mode=0o700, owner=(found.st_uid, found.st_gid))
            folder.rmdir()
        self.io.rmdir()
        for folder in (self.control, self.config):
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
        (self.base / "processes.json").unlink(missing_ok=True)
        self.base.rmdir()


_FEW, _SMALL = 16, 1 << 22
"""Files of one folder, and bytes of one file, that are removed at once and not on a thread."""


def _is_as_made(path: Path, *, mode: int, owner: tuple[int, int] | None) -> bool:
    """Bring a folder of which the script could change everything back, if only few small files have to go (none where
    there is no `owner`). Raises OSError."""
    folder = os.open(path, _OPEN)
    try:
        now = os.fstat(folder)
        if now.st_mode & 0o7777 != mode or os.listxattr(folder) or (owner and (now.st_uid, now.st_gid) != owner):
            return False
        if owner is None or now.st_nlink > 2:
            return owner is None
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
        if len(names) > _FEW:
            return False
        for name in names:
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode) or found.st_size > _SMALL:
                return False
            os.unlink(name, dir_fd=folder)
    finally:
        os.close(folder)
    return True


def _write(path: Path, content: bytes) -> None:
    with path.open("xb", buffering=0) as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(content)


def empty(folder: Path) -> None:
    """Remove everything in `folder` and bring its own mode and attributes back (0755 or 0700 as its owner's bits were
    made).

    Sub-folders are lifted to the top before they are opened, so depth costs neither descriptors nor recursion.
    Nothing may write meanwhile. Raises OSError when something cannot be removed.
    """
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _open_up(handle)
        top = os.open(folder, _OPEN)
    finally:
        os.close(handle)
    try:
        for attribute in os.listxattr(top):
            os.removexattr(top, attribute)
        while _pass(top, top):
            continue
    finally:
        os.close(top)


def _open_up(handle: int) -> None:
    """Give an entry its owner's rights back by descriptor: the last component is never followed again."""
    mode = os.stat(handle).st_mode & 0o7777
    wanted = (mode | 0o700) & ~0o7000 & ~0o022
    if mode != wanted:
        Path(f"/proc/self/fd/{handle}").chmod(wanted)


def _pass(folder: int, top: int) -> bool:
    """Remove the files of one folder and lift or remove its sub-folders; whether anything was there."""
    found = False
    with os.scandir(folder) as entries:
        for entry in entries:
            found = True
            if entry.is_dir(follow_symlinks=False):
                _remove_folder(entry.name, folder=folder, top=top)
            else:
                os.unlink(entry.name, dir_fd=folder)
    return found


def _remove_folder(name: str, *, folder: int, top: int) -> None:
    handle = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        _open_up(handle)
    finally:
        os.close(handle)
    if folder != top:
        os.rename(name, f".lifted-{secrets.token_hex(8)}", src_dir_fd=folder, dst_dir_fd=top)
        return
    child = os.open(name, _OPEN, dir_fd=folder)
    try:
        while _pass(child, top):
            continue
    finally:
        os.close(child)
    os.rmdir(name, dir_fd=folder)


def copy_shell(source: Path, target: Path) -> None:
    """Copy a shell so that it can be executed and not read.

    The kernel makes a process whose program cannot be read "not dumpable": the script, though of the same user, can
    neither trace the loop nor open its memory, environment or descriptors in /proc.
    """
    if target.exists():
        return
    fresh = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    shutil.copyfile(source, fresh)
    fresh.chmod(0o111)
    fresh.replace(target)
