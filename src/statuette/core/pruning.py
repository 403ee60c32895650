"""Pruning: records of jobs that ended long ago are deleted, with their logs and bodies.

What was seen is a table of its own and stays, so nothing runs again for it.
"""

import logging
from dataclasses import dataclass

from statuette.core.remains import Remains
from statuette.ports.clock import Clock
from statuette.ports.errors import Unavailable
from statuette.ports.interventions import Interventions

log = logging.getLogger(__name__)

LOOK = 3600.0
"""Seconds from one look for old records to the next."""
STEP = 500
"""Records deleted in one step."""
DAY = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """For how many seconds records are kept after their jobs ended; dead letters have a time of their own (0: for
    ever).
    """

    jobs: float = 30 * DAY
    dead: float = 90 * DAY


class Pruning:
    """Runs for the manager's life."""

    def __init__(self, *, interventions: Interventions, remains: Remains, clock: Clock, keep: Keep) -> None:
        self._interventions = interventions
        self._remains = remains
        self._clock = clock
        self._keep = keep

    async def run(self) -> None:
        """Prune at once and then every hour, until cancelled."""
        while True:
            try:
                await self.once()
            except Unavailable as fault:
                log.warning("old jobs cannot be pruned now: %s", fault, extra={"action": "prune"})
            await self._clock.sleep(LOOK)

    async def once(self) -> int:
        """Delete all that is old; returns how many records. Raises `LedgerUnavailable`."""
        now, pruned = self._clock.wall(), 0
        if not (self._keep.jobs or self._keep.dead):
            return 0
        while True:
            gone = await self._interventions.prune(
                ended_before=_before(now, self._keep.jobs), dead_before=_before(now, self._keep.dead), limit=STEP
            )
            await self._remains.clear(gone)
            pruned += len(gone)
            if len(gone) < STEP:
                break
        if pruned:
            log.info("%d records of old jobs were pruned", pruned, extra={"action": "prune"})
        return pruned


def _before(now: float, keep: float) -> float:
    """Nothing ended before the epoch, so 0 keeps for ever."""
    return now - keep if keep else 0.0
