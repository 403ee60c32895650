"""Memory, CPU and process limits by control groups: version 1 (as on hybrid machines), version 2 where it was
delegated to us, a systemd scope for a plain user; where there is none of these, `watchdog` looks at resident memory
instead.
"""

import contextlib
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

CONTROLLERS = ("memory", "pids", "cpu")
_KILL_SECONDS = 5.0


class Group(Protocol):
    """The limits of one runner."""

    @property
    def entries(self) -> Sequence[Path]:
        """The files into which a process writes its number to be limited."""

    def mark(self) -> None:
        """A run begins: peaks are counted from here."""

    def cpu_seconds(self) -> float: ...

    def memory_peak(self) -> int:
        """Bytes since `mark`, page cache included as the kernel counts it."""

    def out_of_memory(self) -> int:
        """How many processes were ever killed for want of memory."""

    def end(self) -> None:
        """Kill whoever is in it and remove it. Idempotent. Raises OSError when it cannot be removed."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a runner may use: millicores, bytes, processes. `hard_cpu` makes `cpu` a ceiling and not only a share."""

    cpu: int
    memory: int
    processes: int
    hard_cpu: bool = False


@dataclass(slots=True)
class GroupV1:
    """A group in each of the version 1 hierarchies; `folders` by controller (`memory`, `pids`, `cpu`, `cpuacct`)."""

    folders: Mapping[str, Path]
    _counters: dict[str, int] = field(default_factory=dict)
    """Descriptors of the files of figures, opened once."""

    @classmethod
    def make(cls, parents: Mapping[str, Path], *, name: str, need: Need) -> "GroupV1":
        """Make it with its limits set. Raises OSError; what was made by then is removed by `end`."""
        group = cls({controller: parent / name for controller, parent in parents.items()})
        for folder in set(group.folders.values()):
            folder.mkdir(parents=True, exist_ok=True)
        memory, cpu = group.folders["memory"], group.folders["cpu"]
        (memory / "memory.limit_in_bytes").write_text(str(need.memory))
        (group.folders["pids"] / "pids.max").write_text(str(need.processes))
        (cpu / "cpu.shares").write_text(str(max(2, need.cpu * 1024 // 1000)))
        if need.hard_cpu:
            (cpu / "cpu.cfs_quota_us").write_text(str(max(1000, need.cpu * 100)))
        return group

    @property
    def entries(self) -> Sequence[Path]:
        return [folder / "cgroup.procs" for folder in dict.fromkeys(self.folders.values())]

    def mark(self) -> None:
        os.write(self._counter("memory", "memory.max_usage_in_bytes", os.O_RDWR), b"0")

    def cpu_seconds(self) -> float:
        if "cpuacct" not in self.folders:
            return 0.0
        return int(os.pread(self._counter("cpuacct", "cpuacct.usage"), 64, 0)) / 1e9

    def memory_peak(self) -> int:
        return int(os.pread(self._counter("memory", "memory.max_usage_in_bytes", os.O_RDWR), 64, 0))

    def out_of_memory(self) -> int:
        text = os.pread(self._counter("memory", "memory.oom_control"), 4096, 0).decode()
        return _figure(text, "oom_kill")

    def _counter(self, controller: str, name: str, flags: int = os.O_RDONLY) -> int:
        if name not in self._counters:
            self._counters[name] = os.open(self.folders[controller] / name, flags | os.O_CLOEXEC)
        return self._counters[name]

    def end(self) -> None:
        while self._counters:
            os.close(self._counters.popitem()[1])
        for folder in dict.fromkeys(self.folders.values()):
            _end_folder(folder)


@dataclass(slots=True)
class GroupV2:
    """One group of the unified hierarchy."""

    folder: Path
    _peak: int = field(default=-1)

    @classmethod
    def make(cls, parent: Path, *, name: str, need: Need) -> "GroupV2":
        """Make it with its limits set. Raises OSError; what was made by then is removed by `end`."""
        group = cls(parent / name)
        group.folder.mkdir(exist_ok=True)
        (group.folder / "memory.max").write_text(str(need.memory))
        (group.folder / "pids.max").write_text(str(need.processes))
        (group.folder / "cpu.weight").write_text(str(min(10_000, max(1, need.cpu // 10))))
        if need.hard_cpu:
            (group.folder / "cpu.max").write_text(f"{max(1000, need.cpu * 100)} 100000")
        with contextlib.suppress(OSError):  # no swap accounting in this kernel
            (group.folder / "memory.swap.max").write_text("0")
        return group

    @property
    def entries(self) -> Sequence[Path]:
        return [self.folder / "cgroup.procs"]

    def mark(self) -> None:
        """Peaks are of the group's whole life on kernels before 6.12, which cannot set them back."""

    def cpu_seconds(self) -> float:
        return _counter(self.folder / "cpu.stat", "usage_usec") / 1e6

    def memory_peak(self) -> int:
        with contextlib.suppress(FileNotFoundError):
            return int((self.folder / "memory.peak").read_text())
        return int((self.folder / "memory.current").read_text())

    def out_of_memory(self) -> int:
        return _counter(self.folder / "memory.events", "oom_kill")

    def end(self) -> None:
        _end_folder(self.folder)


class NoGroup:
    """No control group: nothing is limited here and nothing counted."""

    entries: Sequence[Path] = ()

    def mark(self) -> None:
        """Nothing is counted."""

    def cpu_seconds(self) -> float:
        return 0.0

    def memory_peak(self) -> int:
        return 0

    def out_of_memory(self) -> int:
        return 0

    def end(self) -> None:
        """Nothing was made."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The machine's means of limiting. `kind` is for people; `parents` are our groups' parents by controller, empty
    for none."""

    kind: str
    version: int = 0
    parents: Mapping[str, Path] = field(default_factory=dict)

    def group(self, name: str, need: Need) -> Group:
        """Make the group of one runner. Raises OSError."""
        if self.version == 1:
            return GroupV1.make(self.parents, name=name, need=need)
        if self.version == 2:
            return GroupV2.make(self.parents["memory"], name=name, need=need)
        return NoGroup()

    def known(self, name: str) -> Group:
        """The group of one runner that somebody else made, to be ended."""
        if self.version == 2:
            return GroupV2(self.parents["memory"] / name)
        return GroupV1({key: parent / name for key, parent in self.parents.items()}) if self.version else NoGroup()

    def leftovers(self) -> list[Group]:
        """Groups that an earlier manager of the same state left."""
        if self.version == 2:
            return [GroupV2(folder) for folder in _folders(self.parents["memory"])]
        names = {folder.name for parent in self.parents.values() for folder in _folders(parent)}
        return [GroupV1({key: parent / name for key, parent in self.parents.items()}) for name in sorted(names)]

    def close(self) -> None:
        """Remove our own empty parents."""
        for parent in dict.fromkeys(self.parents.values()):
            _remove(parent)


def find_limits(tag: str, *, mounts: str, own: str, look_only: bool = False) -> Limits:
    """Choose the means; `mounts` and `own` are the texts of /proc/self/mounts and /proc/self/cgroup, `tag` names our
    parent group. With `look_only` nothing is changed.
    """
    one = parents_v1(mounts, own)
    if all(controller in one and os.access(one[controller], os.W_OK) for controller in CONTROLLERS):
        return Limits("cgroups, version 1", 1, {key: parent / tag for key, parent in one.items()})
    two = parent_v2(mounts, own)
    if two is not None and _has_controllers(two) and (look_only or _delegate(two, tag)):
        return Limits("cgroups, version 2", 2, {"memory": two / tag})
    return Limits("a watchdog on resident memory")


def parents_v1(mounts: str, own: str) -> dict[str, Path]:
    """Our own version 1 group by controller. Pure."""
    wanted = (*CONTROLLERS, "cpuacct")
    places = {}
    for line in own.splitlines():
        _, names, path = line.split(":", 2)
        for name in names.split(","):
            places[name] = path
    found: dict[str, Path] = {}
    for line in mounts.splitlines():
        _, target, kind, options = line.split()[:4]
        if kind == "cgroup":
            for name in set(options.split(",")) & set(wanted):
                found.setdefault(name, Path(target) / places.get(name, "/").lstrip("/"))
    return found


def parent_v2(mounts: str, own: str) -> Path | None:
    """Our own version 2 group. Pure."""
    path = next((line[3:] for line in own.splitlines() if line.startswith("0::")), None)
    for line in mounts.splitlines():
        _, target, kind = line.split()[:3]
        if kind == "cgroup2" and path is not None:
            return Path(target) / path.lstrip("/")
    return None


def _has_controllers(own: Path) -> bool:
    """Whether a version 2 group has the controllers and is ours to change."""
    try:
        controllers = (own / "cgroup.controllers").read_text().split()
    except OSError:
        return False
    return set(CONTROLLERS) <= set(controllers) and os.access(own / "cgroup.procs", os.W_OK)


def _delegate(own: Path, tag: str) -> bool:
    """Make our parent group hand its controllers down; False when that is not ours to do. We move into a leaf: groups
    with processes of their own cannot have limited children."""
    try:
        (own / "manager").mkdir(exist_ok=True)
        for pid in (own / "cgroup.procs").read_text().split():
            (own / "manager" / "cgroup.procs").write_text(pid)
        down = " ".join(f"+{controller}" for controller in CONTROLLERS)
        (own / "cgroup.subtree_control").write_text(down)
        (own / tag).mkdir(exist_ok=True)
        (own / tag / "cgroup.subtree_control").write_text(down)
    except OSError:
        return False
    return True


def _folders(parent: Path) -> list[Path]:
    return [entry for entry in parent.iterdir() if entry.is_dir()] if parent.is_dir() else []


def _counter(path: Path, name: str) -> int:
    with contextlib.suppress(FileNotFoundError):
        return _figure(path.read_text(), name)
    return 0


def _figure(text: str, name: str) -> int:
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0


def _end_folder(folder: Path) -> None:
    """Kill and remove a group: again and again, since a fork bomb makes new processes between two looks."""
    deadline = time.monotonic() + _KILL_SECONDS
    while folder.is_dir() and not _remove(folder):
        if time.monotonic() > deadline:
            raise OSError(f"{folder.name} still holds processes")
        for pid in (folder / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        time.sleep(0.002)


def _remove(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
