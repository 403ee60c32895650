"""What a platform may have left behind: processes, control groups, mounts, folders, sockets."""

import json
import os
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from statuette.adapters.store_seaweed.home import unix_sockets
from statuette.backends.local import limits
from statuette.torture import tree
from statuette.torture.disk import mounts_beneath

FOLDERS = ("runners/open/runners", "sealed", "bodies", "answers")
"""Where something lies only while work goes on."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a manager held when it was killed: none of it may be there a while after the next one's start."""

    processes: frozenset[tree.Process] = frozenset()
    groups: frozenset[Path] = frozenset()
    runners: frozenset[Path] = frozenset()

    def and_(self, other: "Holdings") -> "Holdings":
        return Holdings(self.processes | other.processes, self.groups | other.groups, self.runners | other.runners)

    def still_there(self) -> list[str]:
        """A line for each."""
        return [
            *(f"process {pid}: {tree.command(pid)[:120]}" for pid, _ in sorted(tree.living(self.processes))),
            *(f"control group {group}" for group in sorted(self.groups) if group.exists()),
            *(f"folder {folder}" for folder in sorted(self.runners) if folder.exists()),
        ]


@dataclass(slots=True)
class Places:
    """Where one platform's things lie."""

    state: Path
    own: set[int] = field(default_factory=set)
    """Processes that are the torture's, not the platform's."""

    def groups(self) -> list[Path]:
        """The platform's parents of control groups that exist."""
        tag = f"statuette-{zlib.crc32(os.fsencode(self.state / 'runners')):08x}"
        mounts, own = Path("/proc/self/mounts").read_text(), Path("/proc/self/cgroup").read_text()
        found = limits.find_limits(tag, mounts=mounts, own=own, look_only=True)
        return [parent for parent in dict.fromkeys(found.parents.values()) if parent.exists()]

    def holdings(self, manager: int) -> Holdings:
        """What a living manager holds now."""
        groups = [entry for parent in self.groups() for entry in _entries(parent) if entry.is_dir()]
        runners = _entries(self.state / FOLDERS[0])
        return Holdings(frozenset(tree.known(tree.beneath(manager))), frozenset(groups), frozenset(runners))

    def after_the_end(self) -> list[str]:
        """What is there although no manager is."""
        processes = [pid for pid in tree.beneath(os.getpid()) if pid not in self.own]
        return [
            *(f"process {pid}: {tree.command(pid)[:120]}" for pid in processes),
            *(f"control group {group}" for group in self.groups()),
            *(f"mount {place}" for place in mounts_beneath(self.state)),
            *(f"{entry.relative_to(self.state)}" for name in FOLDERS for entry in _entries(self.state / name)),
            *(f"socket {path}" for path in self._sockets() if path.exists()),
        ]

    def _sockets(self) -> Iterable[Path]:
        try:
            ports = json.loads((self.state / "store" / "ports.json").read_text())
        except FileNotFoundError:
            return []
        return [path for port in ports.values() for path in unix_sockets(port)]


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []
