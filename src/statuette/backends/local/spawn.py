"""Starting children: from one lasting thread, since a child's parent-death signal follows the thread that made it."""

import asyncio
import contextlib
import json
import logging
import os
import resource
import select
import signal
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from statuette.backends.local import processes
from statuette.backends.local.view import View
from statuette.ports.errors import BackendUnavailable

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

_DEATH = 5.0
"""Seconds in which what was killed has to be gone."""
_ENTER = 'while [ "$1" != -- ]; do echo $$ >"$1" || exit 126; shift; done; shift; exec "$@"'
"""A shell that puts itself into cgroups and then becomes the command: the sandbox is in its limits before it is
made."""


class Spawner:
    """The lasting thread. What it runs is queued, so a clean-up handed to it comes after the start it cleans up."""

    def __init__(self, view: View) -> None:
        self.view = view
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner", initializer=view.enter)

    async def call(self, function: Callable[[], _T]) -> _T:
        """Run a function on the thread. Cancelling the caller does not cancel it."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    def close(self) -> None:
        """End the thread, and with it whatever it has started."""
        self._thread.shutdown(wait=False)


@dataclass(slots=True, kw_only=True)
class Sandbox:
    """A started sandbox: bubblewrap's own process, process 1 inside (`loop`, as a number and start time out here),
    our pipe ends.

    `gate` lets process 1 begin when closed; -1 once it was.
    """

    monitor: subprocess.Popen[bytes]
    loop: int
    loop_started: int
    loop_handle: int
    stdout: int
    stderr: int
    script_ends: tuple[int, int]
    gate: int

    def open_gate(self) -> None:
        """Let process 1 begin."""
        if self.gate >= 0:
            os.close(self.gate)
            self.gate = -1

    def limit_processes(self, most: int) -> None:
        """Set RLIMIT_NPROC for all that comes inside: it stops a fork bomb also where there are no control groups.

        Since Linux 5.14 this counts per user namespace; before, it would count all processes of the same user, so it
        is not set.
        """
        if counts_per_namespace(os.uname().release):
            try:
                resource.prlimit(self.loop, resource.RLIMIT_NPROC, (most, most))
            except ProcessLookupError:
                return
            except PermissionError:
                _log.warning("the number of processes cannot be limited", extra={"action": "limit", "pid": self.loop})

    def signal(self, number: signal.Signals) -> None:
        """Signal process 1; nothing happens when it is gone."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.loop_handle, number)

    def clear_flags(self) -> None:
        """Undo what a script did to the pipes it shares with its successors (O_NONBLOCK, O_APPEND…)."""
        for descriptor in self.script_ends:
            os.set_blocking(descriptor, True)

    def end(self) -> None:
        """Kill everything inside and wait until it is gone; close all descriptors. Blocks for some milliseconds."""
        self.signal(signal.SIGKILL)
        self._await_death()
        with contextlib.suppress(ProcessLookupError):
            self.monitor.kill()
        self.monitor.wait()
        self.open_gate()
        for descriptor in (self.loop_handle, self.stdout, self.stderr, *self.script_ends):
            os.close(descriptor)

    def _await_death(self) -> None:
        """Process 1 of a PID namespace has ended when all others in it have; bubblewrap's end says nothing of them."""
        watched = select.poll()
        watched.register(self.loop_handle, select.POLLIN)
        if not watched.poll(_DEATH * 1000):
            _log.warning("a sandbox outlives its end", extra={"action": "sandbox_end", "pid": self.loop})


def start_sandbox(
    *, program: Path, options: Sequence[str], command: Sequence[str], prefix: Sequence[str], groups: Sequence[Path]
) -> Sandbox:
    """Start bubblewrap (`prefix` before it) inside `groups` (files to write the process number into).

    Raises BackendUnavailable with bubblewrap's own words when the sandbox cannot be made.
    """
    info_read, info_write = os.pipe2(os.O_CLOEXEC)
    gate_read, gate_write = os.pipe2(os.O_CLOEXEC)
    out_read, out_write = os.pipe2(os.O_CLOEXEC)
    err_read, err_write = os.pipe2(os.O_CLOEXEC)
    listed = os.memfd_create("options", os.MFD_CLOEXEC)
    keep = {out_read, out_write, err_read, err_write, gate_write}
    try:
        everything = [*options, "--info-fd", str(info_write), "--block-fd", str(gate_read)]
        os.write(listed, b"".join(option.encode() + b"\0" for option in everything))
        os.lseek(listed, 0, os.SEEK_SET)
        line = [*prefix, str(program), "--args", str(listed), "--", *command]
        if groups:
            line = ["/bin/sh", "-c", _ENTER, "sh", *map(str, groups), "--", *line]
        monitor = subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=out_write,
            stderr=err_write,
            pass_fds=(listed, info_write, gate_read),
            env={},
        )
        os.close(info_write)
        info_write = -1
        loop = _read_info(info_read)
        handle = _open_handle(loop)
        found = processes.stat(loop) if handle >= 0 else None
        if found is None:
            raise _failure(monitor, err_read)  # noqa: TRY301 - what was opened is closed below
    except BaseException:
        _close(keep)
        raise
    finally:
        _close({info_read, info_write, gate_read, listed})
    for descriptor in (out_read, err_read):
        os.set_blocking(descriptor, False)
    return Sandbox(
        monitor=monitor,
        loop=loop,
        loop_started=found.started,
        loop_handle=handle,
        stdout=out_read,
        stderr=err_read,
        script_ends=(out_write, err_write),
        gate=gate_write,
    )


def counts_per_namespace(release: str) -> bool:
    """Whether a kernel of this release counts processes per user namespace. Pure."""
    major, minor = release.split("-", 1)[0].split(".")[:2]
    return (int(major), int(minor)) >= (5, 14)


def _close(descriptors: set[int]) -> None:
    for descriptor in descriptors - {-1}:
        os.close(descriptor)


def _failure(monitor: subprocess.Popen[bytes], stderr: int) -> BackendUnavailable:
    """What bubblewrap said before it ended."""
    monitor.kill()
    monitor.wait()
    os.set_blocking(stderr, False)
    try:
        said = os.read(stderr, 2000).decode(errors="replace").strip()
    except BlockingIOError:
        said = "without a word"
    return BackendUnavailable(f"the sandbox could not be made: {said}")


def _read_info(descriptor: int) -> int:
    """The number of process 1 from bubblewrap's report, 0 when it ended without one."""
    text = b""
    while b"}" not in text:
        data = os.read(descriptor, 4096)
        if not data:
            return 0
        text += data
    return int(json.loads(text)["child-pid"])


def _open_handle(pid: int) -> int:
    if not pid:
        return -1
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return -1
