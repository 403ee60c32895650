"""Small secrets of the platform's own and who owns which bucket: durable, encrypted where secret."""

from typing import Protocol


class Vault(Protocol):
    """Values are encrypted at rest with a key only the platform's user can read."""

    async def read(self, name: str) -> str | None: ...

    async def write(self, name: str, value: str) -> None: ...

    async def add(self, name: str, value: str) -> bool:
        """Write the value unless the name has one already; whether it was written. Of several managers one succeeds."""

    async def names(self, prefix: str) -> list[str]: ...

    async def erase(self, name: str) -> None: ...
