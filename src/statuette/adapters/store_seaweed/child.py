"""A child process that dies with the manager, and the end of one that a dead manager left behind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from statuette.adapters.store_seaweed.home import write_private

_LAUNCHER = Path(__file__).with_name("launch.py")
_DEATH = 5.0
"""Seconds in which a killed process has to be gone."""


class Spawner:
    """Starts children from one lasting thread: the kernel's signal at a parent's death follows the thread."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-spawner")

    async def spawn(
        self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str], errors: Path
    ) -> subprocess.Popen[bytes]:
        """Start a program in its own process group; its standard error goes to the file `errors`, emptied first."""

        def start() -> subprocess.Popen[bytes]:
            descriptor = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                return subprocess.Popen(
                    [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), *command],
                    cwd=folder,
                    env=dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=descriptor,
                    start_new_session=True,
                )
            finally:
                os.close(descriptor)

        return await asyncio.get_running_loop().run_in_executor(self._thread, start)

    def close(self) -> None:
        """Let the thread go; the children it started die with it."""
        self._thread.shutdown(wait=False)


async def ended(process: subprocess.Popen[bytes]) -> int:
    """Wait for the child's end; returns its exit code (negative: the signal)."""
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    descriptor = os.pidfd_open(process.pid)
    loop.add_reader(descriptor, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    return process.wait()


def remember(process: subprocess.Popen[bytes], file: Path) -> None:
    """Write down the child's pid and start time, by which a later manager knows it again."""
    write_private(file, json.dumps({"pid": process.pid, "started": _started(process.pid)}).encode())


def end_orphan(file: Path) -> bool:
    """Kill the child that an earlier manager wrote down and wait until it is gone; False when there is none."""
    try:
        noted = json.loads(file.read_text())
        pid, started = int(noted["pid"]), int(noted["started"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return False
    if started == 0 or _started(pid) != started:
        return False
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + _DEATH
    while _started(pid) == started and time.monotonic() < deadline:
        time.sleep(0.01)
    return True


def _started(pid: int) -> int:
    """When the process started, in the kernel's ticks since boot; 0 when there is none or only its exit code."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 0 if fields[0] in ("Z", "X") else int(fields[19])
