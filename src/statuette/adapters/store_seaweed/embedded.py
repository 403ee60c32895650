"""The embedded store's life: started, watched, started again when it dies, ended."""

import asyncio
import logging
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import httpx

from statuette.adapters.store_seaweed.child import Spawner, end_orphan, ended, remember
from statuette.adapters.store_seaweed.command import LOOPBACK, command_line, find_weed, variables
from statuette.adapters.store_seaweed.doors import FilerDoor, S3Door
from statuette.adapters.store_seaweed.home import GRPC_OFFSET, Home, furnish, unix_sockets
from statuette.adapters.store_seaweed.signing import SignedDoor
from statuette.ports.errors import StoreUnavailable

_log = logging.getLogger(__name__)

MEMORY_LIMIT = 768 * 1024 * 1024
"""Bytes that Go aims at, as a ceiling only: Go counts address space that the store never touches, so a limit near what
is resident (160 to 256 MiB were tried) has it collect without a pause, and a GET costs six times the processor time.
"""
_READY = 30.0
"""Seconds a start may take; it takes about one."""
_POLL = 0.02
_TRIES = 3
_FIRST_DELAY, _LAST_DELAY = 0.2, 30.0
_STEADY = 60.0
"""Seconds of readiness after which the next death is a first one again."""


class StoreState(StrEnum):
    """What the store's process is doing."""

    STARTING = "starting"
    READY = "ready"
    DOWN = "down"
    """It died and is about to be started again."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreHealth:
    """How the store's process is, for `status`. `error` is the last reason for a death or failed start."""

    state: StoreState = StoreState.STOPPED
    restarts: int = 0
    error: str = ""


class EmbeddedStore:
    """One `weed mini` in one folder. `start` once, `stop` once.

    `on_change` hears of every change of state, on the event loop; it must not block. Memory limit in bytes.
    """

    def __init__(
        self,
        folder: Path,
        *,
        s3_port: int = 0,
        memory_limit: int = MEMORY_LIMIT,
        on_change: Callable[[StoreHealth], None] | None = None,
    ) -> None:
        self._folder = folder.absolute()
        self._s3_port = s3_port
        self._memory_limit = memory_limit
        self._on_change = on_change or (lambda _health: None)
        self._spawner = Spawner()
        self._health = StoreHealth()
        self._home: Home | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    @property
    def health(self) -> StoreHealth:
        return self._health

    @property
    def pid(self) -> int | None:
        """The store's process, None while there is none."""
        return self._process.pid if self._process else None

    @property
    def s3(self) -> S3Door:
        """Where its S3 door is; kept from start to start as far as the ports are free."""
        home = self._furnished()
        url = f"http://{LOOPBACK}:{home.ports['s3']}"
        return S3Door(url=url, access_key=home.access_key, secret_key=home.secret_key)

    @property
    def filer(self) -> FilerDoor:
        home = self._furnished()
        return FilerDoor(target=f"{LOOPBACK}:{home.ports['filer'] + GRPC_OFFSET}", folder=home.certificates)

    async def start(self) -> None:
        """End what an earlier manager left behind, start the store and return when it answers.

        One that ends as it starts (killed, a port taken in between) is started again, `_TRIES` times in all. Raises
        `StoreUnavailable` when it does not come up; nothing is left running then.
        """
        weed = find_weed()
        if await asyncio.to_thread(end_orphan, self._folder / "weed.json"):
            _log.warning("ended a store left behind", extra={"action": "store.orphan"})
        try:
            self._home = await asyncio.to_thread(furnish, self._folder, s3_port=self._s3_port)
            await self._first_launch(weed, self._home)
        except OSError as error:
            raise StoreUnavailable(f"the store's folder cannot be used: {error.strerror}") from error
        except BaseException:
            await self._kill()
            raise
        self._keeper = asyncio.create_task(self._keep(weed, self._home), name="embedded-store")

    async def ready(self) -> None:
        """Wait until the store answers."""
        await self._ready.wait()

    async def stop(self) -> None:
        """End the store at once: the kernel has what it acknowledged, and what its stream forgets the sweep finds."""
        if self._keeper:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        await self._kill()
        self._change(StoreHealth(state=StoreState.STOPPED, restarts=self._health.restarts, error=self._health.error))
        self._spawner.close()

    async def _first_launch(self, weed: Path, home: Home) -> None:
        for _ in range(_TRIES - 1):
            try:
                return await self._launch(weed, home)
            except StoreUnavailable as fault:
                if self._process is None or self._process.poll() is None:
                    raise
                _log.warning("the store is started again: %s", fault, extra={"action": "store.again"})
        return await self._launch(weed, home)

    async def _launch(self, weed: Path, home: Home) -> None:
        self._change(replace(self._health, state=StoreState.STARTING))
        self._process = await self._spawner.spawn(
            command_line(weed, home),
            folder=home.folder,
            environment=variables(home, memory_limit=self._memory_limit),
            errors=home.folder / "logs" / "errors.log",
        )
        remember(self._process, home.folder / "weed.json")
        await self._until_it_answers(self._process)
        self._change(replace(self._health, state=StoreState.READY))

    async def _until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        door = SignedDoor(self.s3)
        deadline = time.monotonic() + _READY
        try:
            while time.monotonic() < deadline:
                if process.poll() is not None:
                    raise StoreUnavailable(f"the store ended as it started, with code {process.returncode}")
                with suppress(httpx.HTTPError):
                    if (await door.buckets()).is_success:
                        return
                await asyncio.sleep(_POLL)
        finally:
            await door.close()
        raise StoreUnavailable(f"the store did not answer within {_READY:.0f} s")

    async def _keep(self, weed: Path, home: Home) -> None:
        """Start the store again whenever it dies, each time after a longer wait unless it had been steady."""
        delay = _FIRST_DELAY
        while True:
            since = time.monotonic()
            reason = await self._death()
            steady = time.monotonic() - since > _STEADY
            delay = _FIRST_DELAY if steady else min(delay * 2, _LAST_DELAY)
            restarts = self._health.restarts + 1
            self._change(StoreHealth(state=StoreState.DOWN, restarts=restarts, error=reason))
            _log.error("the store died: %s", reason, extra={"action": "store.died", "restarts": restarts})
            await asyncio.sleep(delay)
            try:
                await self._launch(weed, home)
            except (StoreUnavailable, OSError) as error:
                self._change(replace(self._health, state=StoreState.DOWN, error=str(error)))
                await self._kill()

    async def _death(self) -> str:
        if self._process is None:  # the last start failed and was cleaned up
            return self._health.error
        code = await ended(self._process)
        self._process = None
        return f"ended by signal {-code}" if code < 0 else f"ended with code {code}"

    async def _kill(self) -> None:
        if self._process:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
            self._process = None
        if self._home:
            (self._home.folder / "weed.json").unlink(missing_ok=True)
            for port in self._home.ports.values():
                for path in unix_sockets(port):
                    with suppress(
                        FileNotFoundError, PermissionError
                    ):  # another user's came between: the next start moves
                        path.unlink()

    def _change(self, health: StoreHealth) -> None:
        self._health = health
        if health.state is StoreState.READY:
            self._ready.set()
        else:
            self._ready.clear()
        self._on_change(health)

    def _furnished(self) -> Home:
        if self._home is None:
            raise StoreUnavailable("the store has not been started")
        return self._home
