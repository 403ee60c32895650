"""A SeaweedFS that nobody of ours manages: started, killed and started again by the test, on the loopback."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from statuette.adapters.store_seaweed.command import command_line, find_weed, variables
from statuette.adapters.store_seaweed.home import GRPC_OFFSET, furnish, unix_sockets
from statuette.ports.errors import StoreUnavailable


def weed_is_here() -> bool:
    try:
        return find_weed().is_file()
    except StoreUnavailable:
        return False


class Weed:
    """One store in a folder. Its filer's stream is open without certificates, so that managers can attach it."""

    def __init__(self, folder: Path) -> None:
        self._home = furnish(folder)
        (folder / "security.toml").unlink()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> dict[str, str]:
        """What a manager is told."""
        return {
            "store_endpoint": f"http://127.0.0.1:{self._home.ports['s3']}",
            "store_access_key": self._home.access_key,
            "store_secret_key": self._home.secret_key,
            "store_filer": f"127.0.0.1:{self._home.ports['filer'] + GRPC_OFFSET}",
        }

    def up(self) -> None:
        """Start it and wait until its S3 door answers."""
        self._process = subprocess.Popen(
            command_line(find_weed(), self._home),
            env=variables(self._home, memory_limit=256 * 2**20),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._home.folder,
        )
        deadline = time.monotonic() + 30
        while not self._answers():
            assert time.monotonic() < deadline, "the store does not answer"
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def clean(self) -> None:
        """Remove the sockets that it puts into /tmp."""
        for port in self._home.ports.values():
            for path in unix_sockets(port):
                path.unlink(missing_ok=True)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.settings['store_endpoint']}/healthz", timeout=1).is_success
        except httpx.HTTPError:
            return False


@contextmanager
def weed(folder: Path) -> Iterator[Weed]:
    """A running store; at the end nothing of it is left but the folder."""
    store = Weed(folder)
    store.up()
    try:
        yield store
    finally:
        store.kill()
        store.clean()


__all__ = ["Weed", "weed", "weed_is_here"]
