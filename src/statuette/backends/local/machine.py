"""What this machine has to give."""

import os
from pathlib import Path

_SHARE = 0.8
"""The part of the memory that runners may have together; the rest is the platform's and the page cache's."""

_CAP_SYS_ADMIN = 21


def cpu_millicores() -> int:
    """The CPUs we may run on, in millicores."""
    return len(os.sched_getaffinity(0)) * 1000


def memory_bytes() -> int:
    """Bytes for all runners together."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            return int(int(line.split()[1]) * 1024 * _SHARE)
    raise RuntimeError("/proc/meminfo has no MemTotal")


def owns_users(first: int, count: int) -> bool:
    """Whether we are root over these user and group ids and may mount: root of the machine is, root of a container
    may not be."""
    if os.geteuid() != 0 or not has_capability(Path("/proc/self/status").read_text(), _CAP_SYS_ADMIN):
        return False
    return all(maps(Path(f"/proc/self/{kind}_map").read_text(), first=first, count=count) for kind in ("uid", "gid"))


def has_capability(status: str, number: int) -> bool:
    """Whether /proc/PID/status tells of an effective capability. Pure."""
    line = next((line for line in status.splitlines() if line.startswith("CapEff:")), "CapEff: 0")
    return bool(int(line.split()[1], 16) >> number & 1)


def maps(text: str, *, first: int, count: int) -> bool:
    """Whether one line of an id map covers the range. Pure."""
    for line in text.splitlines():
        inside, _, length = map(int, line.split())
        if inside <= first and first + count <= inside + length:
            return True
    return False
