"""What every benchmark is given: how much to do, where, and how to say what goes on."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class Skipped(Exception):
    """A benchmark cannot be run here; the message says why. No failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """`folder` is empty at the start and removed at the end."""

    long: bool
    folder: Path

    def count(self, normal: int, long: int) -> int:
        """How often, by the length of the run."""
        return long if self.long else normal

    def say(self, text: str) -> None:
        print(f"    {text}", file=sys.stderr, flush=True)


@contextmanager
def fresh_context(*, long: bool) -> Iterator[Context]:
    """A context in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="statuette-bench-"))
    try:
        yield Context(long=long, folder=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def cache() -> Path:
    """Where what was fetched for a benchmark is kept (the XDG base directories)."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "statuette-bench"


def idle_share(seconds: float = 1.0) -> float:
    """How much of all cores nobody uses, watched for so long: below 0.9 somebody else is at work."""
    before = _cpu_times()
    time.sleep(seconds)
    after = _cpu_times()
    total = sum(after) - sum(before)
    return (after[3] + after[4] - before[3] - before[4]) / total if total else 0.0


def _cpu_times() -> list[int]:
    with Path("/proc/stat").open() as stat:
        return [int(word) for word in stat.readline().split()[1:9]]
