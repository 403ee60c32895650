"""The gates of an attempt that shares its runner with others: it may fetch ahead, it has the runner, it needs it no
longer.
"""

import asyncio
from collections.abc import Callable

from statuette.ports.errors import Fault


class PutBack(Fault):
    """The attempt's turn will not come here: the job goes back to the platform untouched."""


class Turn:
    """One attempt's. `put_back` is why its turn will not come, "" while it may."""

    def __init__(self) -> None:
        self.put_back = ""
        self._ahead = asyncio.Event()
        self._come = asyncio.Event()
        self._released = asyncio.Event()
        self._abort: Callable[[], object] | None = None

    @property
    def come(self) -> bool:
        """Whether the runner is this attempt's."""
        return self._come.is_set()

    def look_ahead(self) -> None:
        """Let it fetch its input before its turn."""
        self._ahead.set()

    def give(self) -> None:
        """The runner is its own now."""
        self._ahead.set()
        self._come.set()

    def call_off(self, reason: str) -> None:
        """Have it put its job back; only before its turn."""
        self.put_back = reason
        if self._abort is not None:
            self._abort()
        self.give()

    def aborting(self, abort: Callable[[], object] | None) -> None:
        """What ends the download that is under way, None for none."""
        self._abort = abort

    async def may_fetch(self) -> None:
        """Wait until looking ahead is allowed, or the turn has come. Raises `PutBack`."""
        await self._ahead.wait()
        self.check()

    async def comes(self) -> None:
        """Wait for the runner. Raises `PutBack`."""
        await self._come.wait()
        self.check()

    def check(self) -> None:
        if self.put_back:
            raise PutBack(self.put_back)

    def release(self) -> None:
        """The runner is needed no longer."""
        self._released.set()

    async def released(self) -> None:
        await self._released.wait()
