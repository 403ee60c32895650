"""Time, as the core asks for it; tests turn the hands."""

from typing import Protocol


class Clock(Protocol):
    """A wall clock and a monotonic one."""

    def wall(self) -> float:
        """Seconds since the epoch."""

    def monotonic(self) -> float:
        """Seconds since an unknown moment, never going back."""

    async def sleep(self, seconds: float) -> None: ...
