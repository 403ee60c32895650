"""Runners on this machine, each with its supervisor in a process of their own; the manager only sees to their lives.

A process gets its configuration as one line on standard input, which stays open as long as the manager lives: its end
is the process's. It answers with one line: `{}` when its runner has started, else a fault's class and words.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import subprocess
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from statuette.backends.local.process import ProcessBackend, Share
from statuette.ports.backend import (
    Backend,
    Capacity,
    Environment,
    Output,
    Progress,
    Runner,
    RunnerOrder,
    RunOrder,
    RunResult,
    Workspace,
)
from statuette.ports.errors import BackendUnavailable, BadInput, RunnerLost
from statuette.ports.supervision import Supervision

_log = logging.getLogger(__name__)

_START = 60.0
"""Seconds in which a process has to have its runner ready."""
_GRACE = 8.0
"""Seconds in which a process that is told to end hands its work back."""
_LONGEST = 1 << 16

Configure = Callable[[RunnerOrder, Share], bytes]
"""Makes the one line that tells a process all it needs."""


class Sidecar(Runner):
    """A runner and its supervisor in their process. Nobody but that supervisor runs anything here."""

    def __init__(self, runner: str, slot: int) -> None:
        self.slot = slot
        self.process: subprocess.Popen[bytes] | None = None
        self.ending = asyncio.Lock()
        self._id = runner

    @property
    def id(self) -> str:
        return self._id

    @property
    def workspace(self) -> Workspace:
        """Raises `RunnerLost`: it is the other process's."""
        raise RunnerLost("the runner's workspace belongs to its own supervisor")

    async def run(self, order: RunOrder, output: Output) -> RunResult:  # noqa: ARG002 - nobody's
        """Raises `RunnerLost`: its own supervisor runs it."""
        raise RunnerLost("the runner is served by its own supervisor")

    async def kill(self) -> None:
        """End the whole process, and with it the run."""
        self.signal(signal.SIGKILL)

    async def reset(self) -> bool:
        """Never used again: the process ends with its work."""
        return False

    def signal(self, number: signal.Signals) -> None:
        """Signal the process, if it lives."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    async def ended(self) -> int:
        """Wait for the process's end; its exit code (negative: the signal)."""
        if self.process is None:
            return 0
        if (code := self.process.poll()) is not None:
            return code
        loop, gone = asyncio.get_running_loop(), asyncio.Event()
        descriptor = os.pidfd_open(self.process.pid)
        loop.add_reader(descriptor, gone.set)
        try:
            await gone.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
        return self.process.wait()


class SidecarBackend(Backend):
    """Starts `command` for each runner. `keeper` makes environments, knows the machine and clears up after who died;
    `environment` is all that the processes see of ours.
    """

    def __init__(
        self, keeper: ProcessBackend, *, command: Sequence[str], environment: Mapping[str, str], configure: Configure
    ) -> None:
        self._keeper = keeper
        self._command = command
        self._environment = environment
        self._configure = configure
        self._sidecars: dict[str, Sidecar] = {}
        self._free = list(range(keeper.capacity().runners - 1, -1, -1))
        # One lasting thread: the kernel's signal at a parent's death follows the thread that made the child.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sidecars")

    async def prepare(self, environment: Environment) -> AsyncGenerator[Progress, None]:
        async for step in self._keeper.prepare(environment):
            yield step

    async def start(self, order: RunnerOrder) -> Runner:
        if order.id in self._sidecars:
            raise BadInput(f"there is a runner {order.id} already")
        if not self._free:
            raise BackendUnavailable("no room for another runner")
        sidecar = self._sidecars[order.id] = Sidecar(order.id, self._free.pop())
        line = self._configure(order, self._keeper.shared(sidecar.slot))
        await asyncio.get_running_loop().run_in_executor(self._thread, self._spawn, sidecar)
        try:
            async with asyncio.timeout(_START):
                await asyncio.to_thread(_tell, sidecar, line)
                _heed(await _first_line(sidecar))
        except TimeoutError as error:
            raise BackendUnavailable("the runner's process does not answer") from error
        return sidecar

    async def stop(self, runner: str) -> None:
        sidecar = self._sidecars.get(runner)
        if sidecar is None:
            return
        async with sidecar.ending:
            if self._sidecars.get(runner) is not sidecar:
                return
            if sidecar.process is None:  # a start that was cancelled may still be making it
                await asyncio.get_running_loop().run_in_executor(self._thread, lambda: None)
            await _end(sidecar)
            try:
                await self._keeper.end_leftover(runner)
            except OSError as error:
                raise BackendUnavailable(f"a runner's leftovers cannot be ended: {error.strerror}") from error
            del self._sidecars[runner]
            self._free.append(sidecar.slot)

    async def recover(self) -> Sequence[Runner]:
        return await self._keeper.recover()

    def capacity(self) -> Capacity:
        return self._keeper.capacity()

    async def close(self) -> None:
        """End all processes, and the keeper."""
        await asyncio.gather(*(self.stop(runner) for runner in list(self._sidecars)))
        self._thread.shutdown(wait=False)
        await self._keeper.close()

    def _spawn(self, sidecar: Sidecar) -> None:
        sidecar.process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(self._environment),
            start_new_session=True,
        )


class SidecarSupervision(Supervision):
    """The work is done in the runner's own process; here its end is awaited."""

    async def serve(self, runner: Runner) -> bool:
        """Raises `BackendUnavailable` when the process did not end by itself. Cancelled, it hands the work back."""
        if not isinstance(runner, Sidecar):
            raise BadInput("this runner has no process of its own")
        try:
            code = await runner.ended()
        except asyncio.CancelledError:
            await _end(runner)
            return False
        if code:
            words = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise BackendUnavailable(f"the process of a runner ended with {words}")
        return False


async def _end(sidecar: Sidecar) -> None:
    """Have a process hand its work back and end; after a while, by force."""
    sidecar.signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_GRACE):
            await sidecar.ended()
    except TimeoutError:
        _log.warning("a runner's process is killed", extra={"action": "sidecar_killed", "runner": sidecar.id})
        sidecar.signal(signal.SIGKILL)
        await sidecar.ended()
    if sidecar.process is not None:
        for pipe in (sidecar.process.stdin, sidecar.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def _tell(sidecar: Sidecar, line: bytes) -> None:
    """Write what the process has to know; blocks until it has read what a pipe does not hold."""
    if sidecar.process is not None and sidecar.process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):  # it died at once; its silence tells
            sidecar.process.stdin.write(line + b"\n")
            sidecar.process.stdin.flush()


async def _first_line(sidecar: Sidecar) -> bytes:
    """The process's answer; "" when it ended without one."""
    if sidecar.process is None or sidecar.process.stdout is None:
        return b""
    loop, news = asyncio.get_running_loop(), asyncio.Event()
    descriptor = sidecar.process.stdout.fileno()
    line = b""
    loop.add_reader(descriptor, news.set)
    try:
        while not line.endswith(b"\n") and len(line) < _LONGEST:
            await news.wait()
            news.clear()
            data = os.read(descriptor, _LONGEST)
            if not data:
                return b""
            line += data
    finally:
        loop.remove_reader(descriptor)
    return line


def _heed(line: bytes) -> None:
    """Raises what the process said instead of being ready."""
    if not line:
        raise BackendUnavailable("the runner's process ended before its runner was ready")
    told = json.loads(line)
    if "fault" in told:
        kind = BadInput if told["fault"] == "BadInput" else BackendUnavailable
        raise kind(str(told.get("message", "")))
