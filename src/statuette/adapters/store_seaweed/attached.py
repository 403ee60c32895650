"""A store that somebody else runs: looked at, never started or stopped."""

import asyncio
import logging
import time
from collections.abc import Mapping

import httpx

from statuette.adapters.store_seaweed.doors import FilerDoor, S3Door
from statuette.adapters.store_seaweed.signing import SignedDoor
from statuette.ports.errors import Forbidden, StoreUnavailable

_log = logging.getLogger(__name__)

_PAUSE = 0.5


class AttachedStore:
    """An S3 store by its endpoint and keys; for a SeaweedFS with its filer's address, an event stream too."""

    def __init__(self, s3: S3Door, *, filer: FilerDoor | None = None) -> None:
        self.s3 = s3
        self.filer = filer
        self._software = ""

    @property
    def folders(self) -> bool:
        """Whether it keeps keys as files in folders (see `store_s3.Endpoint`); known once `check` has been awaited."""
        return self._software.startswith("SeaweedFS")

    def facts(self) -> Mapping[str, str]:
        """Name → words, for `status` and `doctor`."""
        hints = "the filer's event stream" if self.filer else "none: new objects are found by the sweep alone"
        return {"store": self._software or "unknown", "store events": hints}

    async def check(self, *, patience: float = 0.0) -> None:
        """Ask the store whether it is there and takes the key, again for `patience` seconds while it is away: it may
        just be started. Raises `StoreUnavailable`, `Forbidden`.
        """
        deadline = time.monotonic() + patience
        while True:
            try:
                return await self._check()
            except StoreUnavailable as fault:
                if time.monotonic() >= deadline:
                    raise
                _log.warning("waiting for the store: %s", fault, extra={"action": "store.wait"})
            await asyncio.sleep(_PAUSE)

    async def _check(self) -> None:
        door = SignedDoor(self.s3)
        try:
            response = await door.buckets()
        except httpx.HTTPError as error:
            raise StoreUnavailable(f"the attached store does not answer ({type(error).__name__})") from error
        finally:
            await door.close()
        if response.status_code in (401, 403):
            raise Forbidden("the attached store does not take the key")
        if not response.is_success:
            raise StoreUnavailable(f"the attached store answered {response.status_code}")
        self._software = response.headers.get("server", "")
