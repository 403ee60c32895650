"""The processes beneath the torture: who they are, who is left."""

import ctypes
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from statuette.backends.local import processes

_SET_CHILD_SUBREAPER = 36

Process = tuple[int, int]
"""A number and the moment its process started: the number alone may be given again."""


def adopt_orphans() -> None:
    """From now on children of processes that die become ours, so that none escapes the look beneath us."""
    ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def beneath(pid: int) -> list[int]:
    """All living processes beneath one."""
    return processes.descendants(pid)


def command(pid: int) -> str:
    """A process's command line, "" where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def runners(pid: int) -> list[int]:
    """The first process of each sandbox beneath a manager."""
    return [
        one for one in beneath(pid) if "/oscar/control/runner.sh" in (words := command(one)) and "bwrap" not in words
    ]


def store(pid: int) -> int | None:
    """The embedded store of a manager."""
    return next((one for one in beneath(pid) if command(one).split(" ")[0].endswith("/weed")), None)


def known(pids: Iterable[int]) -> set[Process]:
    """The same processes, each with its start."""
    return {(pid, now.started) for pid in pids if (now := processes.stat(pid)) is not None}


def living(those: Iterable[Process]) -> set[Process]:
    """Which of them are still there."""
    return {(pid, started) for pid, started in those if processes.alive(pid, started)}


def bury(pids: Iterable[int]) -> None:
    """Take the exit codes of adopted processes that have ended."""
    for pid in pids:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def adopted(own: set[int]) -> list[int]:
    """Children of ours, dead or alive, that we did not start."""
    children = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            children += [int(pid) for pid in (task / "children").read_text().split()]
    return [pid for pid in children if pid not in own]


def signal_quietly(pid: int, number: int) -> bool:
    """Send a signal; False when the process is gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
