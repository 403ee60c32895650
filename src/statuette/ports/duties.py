"""What only one of several managers does at a time, such as following the store and sweeping."""

from typing import Protocol


class Duties(Protocol):
    """Raises `LedgerUnavailable`: then nobody may think that he has the duty."""

    async def take(self, duty: str, *, holder: str, ttl: float) -> bool:
        """Have the duty for the next `ttl` seconds, or go on having it; False while somebody else has it."""

    async def leave(self, duty: str, *, holder: str) -> None:
        """Give the duty back, if this holder has it, so that another need not wait."""
