"""Back ends for tests: real `sh`, no sandbox, no limits. Only for scripts that a test itself wrote."""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from statuette.events.jobs import Usage
from statuette.ports.backend import (
    Capacity,
    End,
    Environment,
    Output,
    Preparation,
    Progress,
    Runner,
    RunnerOrder,
    RunOrder,
    RunResult,
    Workspace,
)
from statuette.ports.errors import BackendUnavailable, BadInput


@dataclass(slots=True)
class _Current:
    process: asyncio.subprocess.Process
    ending: End | None = None

    def end(self, why: End) -> None:
        """Kill the script's process group, once, for this reason."""
        self.ending = self.ending or why
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


class PlainRunner:
    """Runs `script.sh` as a plain child in a process group of its own; `TMPDIR`, `HOME` and the working directory are
    its own.

    `/oscar/config` is not there: the files lie where `$OSCAR_CONFIG` says.
    """

    def __init__(self, order: RunnerOrder, folder: Path) -> None:
        self._order = order
        self._folder = folder
        self._current: _Current | None = None
        self._gone = False
        self._workspace = Workspace(host=folder / "io", guest=str(folder / "io"), owner=(os.geteuid(), os.getegid()))
        (folder / "config").mkdir(parents=True)
        for name, content in order.files.items():
            (folder / "config" / name).write_bytes(content)
        self._make_folders()

    @property
    def id(self) -> str:
        return self._order.id

    @property
    def workspace(self) -> Workspace:
        return self._workspace

    async def run(self, order: RunOrder, output: Output) -> RunResult:
        started = time.time()
        if self._gone:
            return RunResult(end=End.DIED, exit_code=None, started=started, ended=started, reason="the runner is gone")
        current = self._current = _Current(await self._spawn(order))
        timer = None
        if order.timeout > 0:
            timer = asyncio.get_running_loop().call_later(order.timeout, current.end, End.TIMED_OUT)
        try:
            code = await self._follow(current, output)
        finally:
            current.end(End.KILLED)
            await current.process.wait()
            self._current = None
            if timer:
                timer.cancel()
        ended = time.time()
        if current.ending is not None and code is None:
            return RunResult(end=current.ending, exit_code=None, started=started, ended=ended)
        return RunResult(end=End.EXITED, exit_code=code, started=started, ended=ended, usage=Usage())

    async def kill(self) -> None:
        if self._current:
            self._current.end(End.KILLED)

    async def reset(self) -> bool:
        if self._gone or self._current:
            return False
        for name in ("io", "work", "tmp"):
            shutil.rmtree(self._folder / name)
        self._make_folders()
        return True

    async def end(self) -> None:
        """Kill what runs and remove the folder."""
        self._gone = True
        if self._current:
            self._current.end(End.DIED)
            await self._current.process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _make_folders(self) -> None:
        for name in ("io/in", "io/out", "work", "tmp"):
            (self._folder / name).mkdir(parents=True)

    async def _spawn(self, order: RunOrder) -> asyncio.subprocess.Process:
        folders = {"HOME": "work", "TMPDIR": "tmp", "OSCAR_CONFIG": "config"}
        own = {name: str(self._folder / folder) for name, folder in folders.items()}
        return await asyncio.create_subprocess_exec(
            "/bin/sh",
            str(self._folder / "config" / "script.sh"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=self._folder / "work",
            env={"PATH": os.defpath, **own, **self._order.variables, **order.variables},
            start_new_session=True,
        )

    async def _follow(self, current: _Current, output: Output) -> int | None:
        """Hand the output over until the script ends and its group is killed; the exit code, None when we killed it."""
        process = current.process
        pumps = [
            asyncio.ensure_future(_pump(name, stream=stream, output=output))
            for name, stream in (("stdout", process.stdout), ("stderr", process.stderr))
            if stream
        ]
        try:
            code = await process.wait()
            killed = current.ending is not None
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await asyncio.gather(*pumps)
        finally:
            for pump in pumps:
                pump.cancel()
        if killed:
            return None
        return code if code >= 0 else 128 - code


async def _pump(name: str, *, stream: asyncio.StreamReader, output: Output) -> None:
    while data := await stream.read(65536):
        output(name, data)


@dataclass(slots=True)
class PlainBackend:
    """A `Backend` of `PlainRunner`s under temporary folders. Holds at most `runners`; only the image `host`."""

    runners: int = 8
    cpu: int = 4000
    memory: int = 4 << 30
    started: dict[str, PlainRunner] = field(default_factory=dict)
    prepared: set[Environment] = field(default_factory=set)

    async def prepare(self, environment: Environment) -> AsyncIterator[Progress]:
        if environment.image != "host":
            raise BadInput(f"image {environment.image!r} cannot be run here: install a container engine")
        self.prepared.add(environment)
        yield Progress(step=Preparation.READY, text="ready")

    async def start(self, order: RunnerOrder) -> Runner:
        if order.environment.image != "host":
            raise BadInput(f"image {order.environment.image!r} cannot be run here: install a container engine")
        if order.id in self.started:
            raise BadInput(f"there is a runner {order.id} already")
        if len(self.started) >= self.runners:
            raise BackendUnavailable("no room for another runner")
        folder = Path(tempfile.mkdtemp(prefix="statuette-plain-"))
        runner = self.started[order.id] = self._runner(order, folder)
        return runner

    async def stop(self, runner: str) -> None:
        found = self.started.pop(runner, None)
        if found:
            await found.end()

    async def recover(self) -> Sequence[Runner]:
        return []

    def capacity(self) -> Capacity:
        facts = {"back end": "plain processes, for tests"}
        return Capacity(cpu=self.cpu, memory=self.memory, runners=self.runners, facts=facts)

    def _runner(self, order: RunnerOrder, folder: Path) -> PlainRunner:
        return PlainRunner(order, folder)


class FailsDuringStart(PlainBackend):
    """Has made half a runner when its start fails."""

    async def start(self, order: RunnerOrder) -> Runner:
        await super().start(order)
        raise BackendUnavailable("this back end fails during start")


class DiesWhileRunning(PlainBackend):
    """Its runners die as soon as a script runs, and stay dead."""

    def _runner(self, order: RunnerOrder, folder: Path) -> PlainRunner:
        return _Dying(order, folder)


class _Dying(PlainRunner):
    async def run(self, order: RunOrder, output: Output) -> RunResult:
        running = asyncio.ensure_future(super().run(order, output))
        while not (self._current or running.done()):  # noqa: ASYNC110 - a few turns of the loop, in a test
            await asyncio.sleep(0)
        self._gone = True
        if self._current:
            self._current.end(End.DIED)
        return await running
