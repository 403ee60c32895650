"""One started sandbox as a `Runner`."""

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path

from statuette.backends.local import processes
from statuette.backends.local.channel import Answers, Channel, assignments
from statuette.backends.local.folders import RunnerFolders
from statuette.backends.local.limits import Group, NoGroup
from statuette.backends.local.spawn import Sandbox
from statuette.backends.local.watchdog import Watchdog
from statuette.events.jobs import Usage
from statuette.ports.backend import End, Output, RunOrder, RunResult, Workspace
from statuette.ports.errors import DiskFull

_log = logging.getLogger(__name__)

_CHUNK = 1 << 16
_OVERHEARD = 1000
_ASK_EVERY = 0.2
_ASK_TIMES = 10
_EMPTY_SECONDS = 2.0
_CHECK_SECONDS = 2.0


@dataclass(slots=True)
class _Current:
    """The run under way. `ending` is why we end it, None while it goes on by itself; `over` brings the exit code,
    None: it died."""

    output: Output
    over: asyncio.Future[int | None]
    settled: asyncio.Future[None]
    ending: End | None = None
    reason: str = ""


class ProcessRunner:
    """Speaks with `runner.sh` in a sandbox. Signals reach process 1 from outside; whether anybody is left is looked
    up outside."""

    def __init__(
        self,
        *,
        identifier: str,
        sandbox: Sandbox,
        channel: Channel,
        folders: RunnerFolders,
        group: Group,
        watchdog: Watchdog | None,
        workspace: Workspace,
        variables: bytes,
    ) -> None:
        self._id = identifier
        self._sandbox = sandbox
        self._channel = channel
        self._folders = folders
        self._group = group
        self._watchdog = watchdog
        self._workspace = workspace
        self._variables = variables
        self._answers = Answers()
        self._current: _Current | None = None
        self._dead = False
        self.overheard = b""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sandbox.stdout, self._pump, "stdout")
        self._loop.add_reader(sandbox.stderr, self._pump, "stderr")
        self._loop.add_reader(channel.answer, self._hear)
        self._loop.add_reader(sandbox.loop_handle, self._died)

    @property
    def id(self) -> str:
        return self._id

    @property
    def workspace(self) -> Workspace:
        return self._workspace

    async def run(self, order: RunOrder, output: Output) -> RunResult:
        if self._current is not None:
            raise RuntimeError("one run at a time")
        running = asyncio.ensure_future(self._run(order, output))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            self._end_run(End.KILLED)
            while not running.done():  # a second cancel must not let the script live on
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait({running})
            raise

    async def kill(self) -> None:
        self._end_run(End.KILLED)

    async def reset(self) -> bool:
        if self._dead or self._current is not None:
            return False
        try:
            self._sandbox.clear_flags()
            self._channel.drain()
            if not self._little():
                await asyncio.to_thread(self._folders.reset, self._workspace.owner)
        except OSError:
            _log.warning("a runner cannot be emptied", extra={"action": "reset", "runner": self._id}, exc_info=True)
            return False
        return await self.check()

    def _little(self) -> bool:
        """Whether the folders could be emptied in no time. What surprises here is the thorough way's to judge."""
        try:
            return self._folders.reset_little(self._workspace.owner)
        except OSError:
            return False

    @property
    def died(self) -> bool:
        """Whether process 1 is known to be gone."""
        return self._dead

    async def answers(self) -> bool:
        """Whether the loop of a runner that never ran anything is there: nothing can be left inside yet."""
        return not self._dead and await self._ask("hello", secrets.token_hex(16), timeout=_CHECK_SECONDS) == 0

    async def check(self) -> bool:
        """Whether the loop answers and nothing that outlives processes is left inside."""
        return not self._dead and await self._ask("check", secrets.token_hex(16), timeout=_CHECK_SECONDS) == 0

    async def end(self) -> None:
        """Kill everything inside, let a run under way come to its result, stop listening. Descriptors may be closed
        then."""
        self._sandbox.signal(signal.SIGKILL)
        current = self._current
        if current is not None:
            await asyncio.wait({current.settled})
        for descriptor in (self._sandbox.stdout, self._sandbox.stderr, self._channel.answer, self._sandbox.loop_handle):
            self._loop.remove_reader(descriptor)
        self._dead = True

    async def _run(self, order: RunOrder, output: Output) -> RunResult:
        started = time.time()
        if self._dead:
            return RunResult(end=End.DIED, exit_code=None, started=started, ended=started, reason="the runner is gone")
        current = self._take_up(output)
        try:
            return await self._conduct(order, current, started=started)
        finally:
            self._lay_down(current)

    async def _conduct(self, order: RunOrder, current: _Current, *, started: float) -> RunResult:
        request = secrets.token_hex(16)
        variables = self._put_variables(request, order)
        before = _Figures.take(self._group, self._sandbox.loop)
        self._group.mark()
        if self._watchdog:
            self._watchdog.peak = 0
        watching = asyncio.ensure_future(self._watchdog.watch(self._too_much)) if self._watchdog else None
        timer = self._loop.call_later(order.timeout, self._end_run, End.TIMED_OUT) if order.timeout > 0 else None
        try:
            self._answers.expect(request)
            if not self._channel.send("run", request):
                self._kill_all("its request pipe is stuffed")
            code = await current.over
            await self._wait_until_empty()
        finally:
            if timer:
                timer.cancel()
            if watching:
                watching.cancel()
            variables.unlink(missing_ok=True)
        self._pump("stdout", to_the_end=True)
        self._pump("stderr", to_the_end=True)
        ended = time.time()
        used = before.until_now(self._group, self._watchdog)
        return _result(current, code=None if self._dead else code, used=used, started=started, ended=ended)

    def _put_variables(self, request: str, order: RunOrder) -> Path:
        try:
            return self._channel.put_variables(request, self._variables + assignments(order.variables))
        except OSError as error:
            raise DiskFull("the variables of a run could not be written") from error

    async def _ask(self, word: str, request: str, *, timeout: float) -> int | None:
        """Send a request that is no run; its code, None when there is no answer in `timeout` seconds."""
        current = self._take_up(self._overhear)
        self._answers.expect(request)
        try:
            if not self._channel.send(word, request):
                return None
            return await asyncio.wait_for(current.over, timeout)
        except TimeoutError:
            return None
        finally:
            self._lay_down(current)

    def _take_up(self, output: Output) -> _Current:
        current = self._current = _Current(output, self._loop.create_future(), self._loop.create_future())
        return current

    def _lay_down(self, current: _Current) -> None:
        self._current = None
        current.settled.set_result(None)

    def _overhear(self, stream: str, data: bytes) -> None:  # noqa: ARG002 - an `Output`
        """Nobody speaks between runs but bubblewrap, when it cannot make the sandbox."""
        self.overheard = (self.overheard + data)[-_OVERHEARD:]

    def _too_much(self, reason: str) -> None:
        if self._current:
            self._current.reason = reason
        self._end_run(End.OUT_OF_MEMORY)

    def _end_run(self, why: End, asked: int = 0) -> None:
        """Ask process 1 to end the run; when it does not, end process 1 and with it everything."""
        current = self._current
        if current is None or current.over.done() or (current.ending is not None and not asked):
            return
        current.ending = current.ending or why
        if asked >= _ASK_TIMES:
            self._kill_all("its loop does not answer")
            return
        self._sandbox.signal(signal.SIGTERM)
        self._loop.call_later(_ASK_EVERY, self._ask_again, current, asked + 1)

    def _ask_again(self, current: _Current, asked: int) -> None:
        if self._current is current and current.ending is not None:
            self._end_run(current.ending, asked)

    def _kill_all(self, reason: str) -> None:
        _log.warning("a runner is ended: %s", reason, extra={"action": "kill", "runner": self._id})
        if self._current:
            self._current.reason = self._current.reason or reason
        self._sandbox.signal(signal.SIGKILL)

    def _died(self) -> None:
        self._loop.remove_reader(self._sandbox.loop_handle)
        self._dead = True
        if self._current and not self._current.over.done():
            self._current.over.set_result(None)

    def _hear(self) -> None:
        try:
            data = os.read(self._channel.answer, _CHUNK)
        except BlockingIOError:
            return
        code = self._answers.code(data)
        if code is not None and self._current and not self._current.over.done():
            self._current.over.set_result(code)

    def _pump(self, stream: str, *, to_the_end: bool = False) -> None:
        descriptor = self._sandbox.stdout if stream == "stdout" else self._sandbox.stderr
        while True:
            try:
                data = os.read(descriptor, _CHUNK)
            except BlockingIOError:
                return
            if data and self._current:
                self._current.output(stream, data)
            if not data or not to_the_end:
                return

    async def _wait_until_empty(self) -> None:
        """Wait until process 1 is alone: what it killed takes a moment to die. Ends the sandbox when something does
        not."""
        deadline = time.monotonic() + _EMPTY_SECONDS
        pause = 0.0002
        while not self._dead and processes.descendants(self._sandbox.loop):
            if time.monotonic() > deadline:
                self._kill_all("a process of its script does not die")
                deadline += _EMPTY_SECONDS
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.05)
        # When process 1 has died, the kernel has killed everything in its PID namespace before it let it go.


@dataclass(frozen=True, slots=True)
class _Figures:
    """What the group had counted when a run began."""

    cpu_seconds: float
    out_of_memory: int
    loop: int
    children_cpu: float

    @classmethod
    def take(cls, group: Group, loop: int) -> "_Figures":
        children = _children_cpu(loop) if isinstance(group, NoGroup) else 0.0
        return cls(group.cpu_seconds(), group.out_of_memory(), loop, children)

    def until_now(self, group: Group, watchdog: Watchdog | None) -> "_Used":
        cpu = group.cpu_seconds() - self.cpu_seconds
        peak = group.memory_peak()
        if watchdog:
            cpu, peak = max(0.0, _children_cpu(self.loop) - self.children_cpu), watchdog.peak
        return _Used(Usage(cpu_seconds=cpu, memory_peak=peak), group.out_of_memory() - self.out_of_memory)


@dataclass(frozen=True, slots=True)
class _Used:
    usage: Usage
    out_of_memory: int


def _children_cpu(loop: int) -> float:
    now = processes.stat(loop)
    return now.children_cpu if now else 0.0


def _result(current: _Current, *, code: int | None, used: _Used, started: float, ended: float) -> RunResult:
    result = RunResult(
        end=End.EXITED, exit_code=code, started=started, ended=ended, usage=used.usage, reason=current.reason
    )
    if current.ending is not None:
        return replace(result, end=current.ending, exit_code=None)
    if used.out_of_memory and code != 0:
        return replace(result, end=End.OUT_OF_MEMORY, exit_code=None, reason="the memory limit was reached")
    if code is None:
        return replace(result, end=End.DIED, exit_code=None, reason=current.reason or "the sandbox ended")
    if used.out_of_memory:
        return replace(result, reason="a process of the script was ended at the memory limit")
    return result
