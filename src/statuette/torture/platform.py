"""The platform under torture: its manager as a process, started again whenever it has ended."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from statuette import settings as reading
from statuette.client import Client, Connection
from statuette.torture import tree

_LOOK = 0.05
_START = 90.0
"""Seconds that a start may take when nothing disturbs it."""
_END = 60.0
_PAUSE = 0.2


class Stuck(Exception):
    """The platform does not come up, or does not end; the message says which."""


@dataclass(slots=True)
class Course:
    """What happened to the manager. `fell`: it ended by itself while it answered; `refused`: while it started."""

    starts: int = 0
    kills: int = 0
    took: list[float] = field(default_factory=list)
    """Seconds from each start to the first answer."""
    fell: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Platform:
    """A manager on a state folder. `settings` gives `STATUETTE_*` at each start; its log goes to `log`, outside of the
    state.
    """

    def __init__(self, state: Path, *, clock: Path, log: Path, settings: Callable[[], Mapping[str, str]]) -> None:
        self.state = state
        self.log = log
        self.course = Course()
        self.before_start: list[Callable[[], None]] = []
        self.ready_since = 0.0
        self._clock = clock
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._killed = self._answered = False
        self._url = ""
        self._died_young = False

    @property
    def spared(self) -> bool:
        """Whether this manager is to be left alone until it answers: the one before it died while it started. Else a
        machine that is slow to start it would see no progress at all.
        """
        return self._died_young and not self.ready

    @property
    def pid(self) -> int | None:
        """The manager's process, None between two."""
        return self._process.pid if self._process else None

    @property
    def ready(self) -> bool:
        """Whether this manager has answered."""
        return bool(self._url) and self._process is not None

    def connection(self) -> Connection:
        """Where it answers and as whom."""
        kept = json.loads((self.state / "admin.json").read_text())
        return Connection(self._url, kept["username"], kept["password"])

    def client(self) -> Client:
        return Client(self.connection(), timeout=10.0)

    async def up(self) -> None:
        """Start it and wait until it answers. Raises `Stuck`."""
        self._keeper = asyncio.create_task(self._keep(), name="manager")
        await self.answering(_START)

    async def answering(self, seconds: float) -> None:
        """Wait until it answers. Raises `Stuck`."""
        deadline = time.monotonic() + seconds
        while not self.ready:
            if time.monotonic() > deadline or (self._keeper and self._keeper.done()):
                raise Stuck(f"the manager does not answer within {seconds:.0f} s; its log is {self.log}")
            await asyncio.sleep(_LOOK)

    async def down(self) -> None:
        """End it in good order. Raises `Stuck`."""
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        process, self._process, self._url = self._process, None, ""
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, _END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Stuck(f"the manager did not end within {_END:.0f} s") from None

    async def abandon(self) -> None:
        """Kill it for good."""
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._process:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
            self._process = None

    def kill(self) -> bool:
        """End it as a power cut would; False when there is none."""
        if self.pid is None or not tree.signal_quietly(self.pid, signal.SIGKILL):
            return False
        self._killed, self._url = True, ""
        self.course.kills += 1
        return True

    async def _keep(self) -> None:
        while True:
            for act in self.before_start:
                await asyncio.to_thread(act)
            self.before_start.clear()
            self._launch()
            await self._watch()
            await asyncio.sleep(_PAUSE)

    def _launch(self) -> None:
        """Start a manager."""
        module = "statuette.torture.manager"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, str(self._clock), "--state", str(self.state), "--port", "0"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=reading.for_manager(**self._settings()),
                process_group=0,
            )
        self._killed = self._answered = False
        self.course.starts += 1

    async def _watch(self) -> None:
        """Wait until this manager has ended; note when it answers, and how it ended."""
        process, began = self._process, time.monotonic()
        while process is not None and process.poll() is None:
            if not self._url and (url := await self._answers(process.pid)):
                self._url, self._answered = url, True
                self.ready_since = time.monotonic()
                self.course.took.append(self.ready_since - began)
            await asyncio.sleep(_LOOK)
        self._died_young = not self._answered
        if process is not None and not self._killed:
            where = self.course.fell if self._answered else self.course.refused
            where.append(f"code {process.returncode}: {_last_line(self.log)}")
        self._process, self._url = None, ""

    async def _answers(self, pid: int) -> str:
        try:
            told = json.loads((self.state / "manager.json").read_text())
            if told["pid"] != pid:
                return ""
            async with httpx.AsyncClient(trust_env=False, timeout=2.0) as http:
                answer = await http.get(told["url"] + "/health")
        except (OSError, ValueError, httpx.HTTPError):
            return ""
        return str(told["url"]) if answer.is_success else ""


def _last_line(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 2000))
        lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else ""
