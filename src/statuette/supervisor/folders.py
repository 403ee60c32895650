"""Files and folders beneath descriptors, where someone else may have laid links.

Everything below the first folder is opened by one name at a time with `O_NOFOLLOW`, so no link of a script's leads
out of its folder.
"""

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from statuette.ports.errors import UnsafeOutput

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

Owner = tuple[int, int]


@contextmanager
def folder(name: str | Path, *, beneath: int | None = None) -> Iterator[int]:
    """A folder's descriptor, closed at the end. Raises `OSError` when it is missing, a link or no folder."""
    descriptor = os.open(name, _FOLDER, dir_fd=beneath)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def give(name: str, *, beneath: int, owner: Owner) -> None:
    """Make the script's user the owner of what we made; without root it is ours and stays so."""
    if os.geteuid() == 0:
        os.chown(name, *owner, dir_fd=beneath, follow_symlinks=False)


def make_folder(name: str, *, beneath: int, owner: Owner) -> None:
    """An empty folder for the script. Raises `FileExistsError`."""
    os.mkdir(name, 0o700, dir_fd=beneath)
    give(name, beneath=beneath, owner=owner)


def new_file(name: str, *, beneath: int, owner: Owner) -> int:
    """A new file for the script, open for writing. Raises `FileExistsError`, also where there is a link."""
    descriptor = os.open(name, _NEW, 0o600, dir_fd=beneath)
    if os.geteuid() == 0:
        os.fchown(descriptor, *owner)
    return descriptor


def open_regular(name: str, *, beneath: int) -> int:
    """A regular file's descriptor, for reading; a file without read permission is given one. Raises `UnsafeOutput`."""
    try:
        descriptor = os.open(name, _READ, dir_fd=beneath)
    except PermissionError:
        _make_readable(name, beneath=beneath, mode=0o600)
        descriptor = os.open(name, _READ, dir_fd=beneath)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnsafeOutput("an output is no regular file")
    return descriptor


@contextmanager
def readable_folder(name: str, *, beneath: int) -> Iterator[int]:
    """A folder that a script left, made readable where its mode forbids it. Raises `UnsafeOutput` where that fails."""
    try:
        descriptor = os.open(name, _FOLDER, dir_fd=beneath)
    except PermissionError:
        _make_readable(name, beneath=beneath, mode=0o700)
        descriptor = os.open(name, _FOLDER, dir_fd=beneath)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _make_readable(name: str, *, beneath: int, mode: int) -> None:
    """Ours by owner but not by mode. Nobody is left alive who could put a link in its place meanwhile."""
    try:
        os.chmod(name, mode, dir_fd=beneath)
    except PermissionError as error:
        raise UnsafeOutput("an output belongs to a user whose files the platform may not read") from error


@contextmanager
def regular_file(path: str, *, beneath: int) -> Iterator[int]:
    """A regular file's descriptor by a path of several names, each opened beneath the one before."""
    parent, names = os.dup(beneath), path.split("/")
    try:
        for name in names[:-1]:
            below = os.open(name, _FOLDER, dir_fd=parent)
            os.close(parent)
            parent = below
        descriptor = open_regular(names[-1], beneath=parent)
    finally:
        os.close(parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def remove_known(path: Path, names: Iterable[str]) -> bool:
    """Remove a folder whose files are known, without reading it. False: something else is in it, or it stays."""
    try:
        for name in names:
            (path / name).unlink(missing_ok=True)
        path.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def remove_tree(path: Path) -> None:
    """Remove a folder and everything in it; links are removed, not followed. What is missing is no error."""
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except PermissionError:
        # Folders without write permission, which a script may leave: without root only a change of mode mends that.
        path.chmod(0o700)
        for parent, names, _ in os.walk(path):
            for name in names:
                below = Path(parent, name)
                if not below.is_symlink():
                    below.chmod(0o700)
        shutil.rmtree(path)
