"""What /proc says about processes, as far as it can be believed from outside a sandbox."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Stat:
    """From /proc/PID/stat: state letter, parent, CPU seconds of ended and awaited children, start in clock ticks
    since boot."""

    state: str
    parent: int
    children_cpu: float
    started: int


def stat(pid: int) -> Stat | None:
    """The process's figures; None when there is none."""
    try:
        text = _read(f"/proc/{pid}/stat").decode("latin-1")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(")") + 2 :].split()
    return Stat(fields[0], int(fields[1]), (int(fields[13]) + int(fields[14])) / _TICKS, int(fields[19]))


def alive(pid: int, started: int) -> bool:
    """Whether the very process is still there: a number is given again, number and start time are not."""
    now = stat(pid)
    return now is not None and now.started == started and now.state not in "ZX"


def descendants(pid: int) -> list[int]:
    """All living processes below `pid`. Process 1 of a PID namespace inherits every orphan in it, so none escapes
    this list."""
    found: list[int] = []
    queue = [pid]
    while queue:
        for child in _children(queue.pop()):
            now = stat(child)
            if now is None:
                continue
            queue.append(child)
            if now.state not in "ZX":
                found.append(child)
    return found


def resident(pid: int) -> int:
    """Bytes of a process's own resident memory (anonymous and shared memory, without file pages that others map
    too)."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="latin-1").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("RssAnon:", "RssShmem:")))


def _read(path: str) -> bytes:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = b""
        while data := os.read(file, 65536):
            text += data
        return text
    finally:
        os.close(file)


def _children(pid: int) -> list[int]:
    children: list[int] = []
    try:
        with os.scandir(f"/proc/{pid}/task") as tasks:
            for task in tasks:
                children += map(int, _read(f"{task.path}/children").split())
    except (FileNotFoundError, ProcessLookupError):
        return children
    return children
