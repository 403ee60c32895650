"""Bodies of submitted jobs that are too large for the ledger, kept until their job is gone."""

from collections.abc import AsyncIterator
from typing import Protocol


class Bodies(Protocol):
    """Files of submitted bodies."""

    async def keep(self, job: str, chunks: AsyncIterator[bytes], *, limit: int) -> tuple[str, str]:
        """Write a body to a file and sync it; returns its name and hex SHA-256. Raises `TooLarge` (nothing is left),
        `DiskFull`.
        """

    def path(self, name: str) -> str:
        """The file's path on this machine."""

    async def drop(self, name: str) -> None: ...
