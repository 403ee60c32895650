"""Processes by their ids: who is beneath whom, how much memory they hold, and how they are ended."""

import os
import signal
import subprocess
from pathlib import Path


def tree(root: int) -> list[int]:
    """A process and everything beneath it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def memory(root: int) -> dict[str, float]:
    """Proportional set sizes (MB of 10^6 bytes) of a tree, summed by what the processes are."""
    held: dict[str, float] = {}
    for pid in tree(root):
        try:
            name = "manager" if pid == root else Path(f"/proc/{pid}/comm").read_text().strip()
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        kib = sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        held[name] = held.get(name, 0.0) + kib * 1024 / 1e6
    return held


def peak(root: int) -> dict[str, float]:
    """The most memory (resident, MB of 10^6 bytes) that each process of a tree has held so far; of several of one name
    the largest.
    """
    held: dict[str, float] = {}
    for pid in tree(root):
        try:
            name = "manager" if pid == root else Path(f"/proc/{pid}/comm").read_text().strip()
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            continue
        kib = sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
        held[name] = max(held.get(name, 0.0), kib * 1024 / 1e6)
    return held


def cpu(root: int) -> dict[str, float]:
    """Processor seconds of a tree by what the processes are; those of ended children count for who waited for them."""
    used: dict[str, float] = {}
    for pid in tree(root):
        try:
            name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue
        label = "manager" if pid == root else name
        ticks = sum(int(word) for word in rest.split()[11:15])
        used[label] = used.get(label, 0.0) + ticks / os.sysconf("SC_CLK_TCK")
    return used


def end(process: subprocess.Popen[bytes], *, number: int = signal.SIGTERM, wait: float = 60.0) -> None:
    """End a process that we started; what does not listen is killed."""
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
