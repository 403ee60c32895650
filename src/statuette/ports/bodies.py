"""Bodies of submitted jobs that are too large for the ledger, kept until their job is gone."""

from collections.abc import AsyncIterator
from typing import Protocol


class Bodies(Protocol):
    """Files of submitted bodies. One that was not shared is this manager's alone."""

    async def keep(self, job: str, chunks: AsyncIterator[bytes], *, limit: int) -> tuple[str, str]:
        """Write a body to a file and sync it; returns its name and hex SHA-256. Raises `TooLarge` (nothing is left),
        `DiskFull`.
        """

    def path(self, name: str) -> str:
        """The file's path on this machine."""

    async def share(self, name: str) -> None:
        """Have it where every manager finds it, durable when this returns. Raises `StoreUnavailable`."""

    async def fetch(self, name: str) -> None:
        """Have a shared body's file on this machine. Raises `StoreUnavailable`; `NotFound`, `ObjectGone` when it is
        lost.
        """

    async def drop(self, name: str) -> None: ...
