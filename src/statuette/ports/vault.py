"""Small secrets of the platform's own and who owns which bucket: durable, encrypted where secret."""

from typing import Protocol


class Vault(Protocol):
    """Values are encrypted at rest with a key only the platform's user can read."""

    async def read(self, name: str) -> str | None: ...

    async def write(self, name: str, value: str) -> None: ...

    async def names(self, prefix: str) -> list[str]: ...

    async def erase(self, name: str) -> None: ...
