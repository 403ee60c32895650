"""A store of our own, for a platform that attaches it: SeaweedFS without its locks, behind two proxies."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import httpx

from statuette.adapters.store_seaweed.command import command_line, find_weed, variables
from statuette.adapters.store_seaweed.embedded import MEMORY_LIMIT
from statuette.adapters.store_seaweed.home import GRPC_OFFSET, Home, furnish, unix_sockets, write_private
from statuette.torture.proxies import Proxy

_LOOK = 0.05
_ANSWER = 30.0
_UNLOCKED = b"# no certificates: this store listens on the loopback only, and lives as long as a torture does\n"


class OwnStore:
    """Starts the store, and starts it again whenever it has died."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True)
        write_private(folder / "security.toml", _UNLOCKED)
        self._home: Home = furnish(folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self.s3 = Proxy(self._home.ports["s3"])
        self.filer = Proxy(self._home.ports["filer"] + GRPC_OFFSET)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start everything and return when the store answers. Raises `TimeoutError`."""
        await self.s3.start()
        await self.filer.start()
        self._launch()
        await self._answers()
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """End everything."""
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._process:
            self._process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(self._process.wait)
            self._process = None
        for port in self._home.ports.values():
            for path in unix_sockets(port):
                path.unlink(missing_ok=True)
        await self.s3.stop()
        await self.filer.stop()

    def settings(self) -> Mapping[str, str]:
        """How a manager attaches it: through the proxies."""
        return {
            "store_endpoint": f"http://127.0.0.1:{self.s3.port}",
            "store_access_key": self._home.access_key,
            "store_secret_key": self._home.secret_key,
            "store_filer": f"127.0.0.1:{self.filer.port}",
        }

    def _launch(self) -> None:
        errors = self._home.folder / "logs" / "errors.log"
        with errors.open("ab") as log:
            self._process = subprocess.Popen(
                list(command_line(find_weed(), self._home)),
                cwd=self._home.folder,
                env=variables(self._home, memory_limit=MEMORY_LIMIT),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    async def _answers(self) -> None:
        deadline = time.monotonic() + _ANSWER
        async with httpx.AsyncClient(trust_env=False, timeout=2.0) as http:
            while time.monotonic() < deadline:
                with suppress(httpx.HTTPError):
                    answer = await http.get(f"http://127.0.0.1:{self._home.ports['s3']}/")
                    if answer.status_code < 500:
                        return
                await asyncio.sleep(_LOOK)
        raise TimeoutError("the torture's own store does not answer")

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_LOOK)
            if self._process and self._process.poll() is not None:
                await asyncio.sleep(0.2)
                with suppress(OSError):  # the disk is full: once more
                    self._launch()
