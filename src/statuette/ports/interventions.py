"""The ledger as people act on it: jobs cancelled, run again, and pruned."""

from collections.abc import Sequence
from typing import Protocol

from statuette.events.jobs import Job


class Interventions(Protocol):
    """Raises `LedgerUnavailable`. Jobs of other services, and such as the step does not fit, are left as they are."""

    async def cancel(self, service: str, jobs: Sequence[str], *, reason: str) -> list[Job]:
        """Withdraw jobs that nobody runs; of those under way note that their run is to be ended.

        Returns those that it fitted, as they now stand: cancelled, or still under way with `cancelling` set. Their
        leases come back as lost from the next renewal. Committed ones are left: their outputs count.
        """

    async def revive(self, service: str, jobs: Sequence[str]) -> list[Job]:
        """Have dead letters and cancelled jobs run again with all their retries. Returns them as they now stand."""

    async def prune(self, *, ended_before: float, dead_before: float, limit: int) -> list[Job]:
        """Delete up to `limit` records of jobs that ended before a time (seconds since the epoch; dead letters have a
        time of their own), the oldest first. Returns what was deleted; fewer than `limit`: there is no more.

        What was seen stays seen: nothing runs again for it.
        """
