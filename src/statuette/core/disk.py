"""The disk's watermark: work is no longer handed out when the room left gets scarce, so that what runs can still be
finished.
"""

import logging
from collections.abc import Callable

from statuette.ports.clock import Clock

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds for which one look at the disk counts."""


class DiskWatch:
    """Looks at the free bytes of the platform's disk, at most once a second. `free` must be quick."""

    def __init__(self, *, free: Callable[[], int], least: int, clock: Clock) -> None:
        self._free = free
        self._least = least
        self._clock = clock
        self._looked = float("-inf")
        self._last = 0
        self._was_low = False

    def may_lease(self) -> bool:
        """Whether there is room for more work."""
        low = self.free() < self._least
        if low != self._was_low:
            self._was_low = low
            log.warning(
                "the disk is %s",
                "almost full: work waits" if low else "free again: work goes on",
                extra={"action": "disk"},
            )
        return not low

    def free(self) -> int:
        """Free bytes as of the last look."""
        now = self._clock.monotonic()
        if now - self._looked >= LOOK:
            self._last = self._free()
            self._looked = now
        return self._last

    def facts(self) -> dict[str, object]:
        """For status."""
        return {"free_bytes": self.free(), "least_bytes": self._least, "leasing": self.may_lease()}
