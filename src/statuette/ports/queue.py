"""The ledger as those see it who hand out work: leases, commits, last words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from statuette.events.jobs import Job
from statuette.events.leases import Commit, Lease, Manifest, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How much of one service's work stands where. `oldest` is when the longest waiting job was accepted (0: none).

    `failed` and `dead` are the dead letters: kept until they are run again, dropped or pruned.
    """

    queued: int = 0
    waiting: int = 0
    running: int = 0
    unpublished: int = 0
    failed: int = 0
    dead: int = 0
    oldest: float = 0.0


class QueueLedger(Protocol):
    """Every write checks the fencing token and raises `LeaseLost` when it is an older one."""

    async def lease(
        self, service: str, *, runner: str, limit: int, ttl: float, revision: int, script_hash: str
    ) -> list[Job]:
        """Take up to `limit` jobs that are due, highest priority first, then in the order they were accepted.

        Opens an `Attempt` for each. Jobs whose deadline has passed are given up instead (`transitions.missed`).
        `service` "" takes up unpublished uploads of any service instead (state stays committed): those whose sealed
        folder lies with the manager that the runner's name tells (`events.homes`).
        """

    async def renew(self, leases: Sequence[Lease], *, ttl: float, started: Mapping[str, float]) -> list[Lease]:
        """Prolong leases; `started` gives for a job's id when its script started. Returns those that are lost
        or whose job is to be cancelled (`Job.cancelling`; these are prolonged all the same)."""

    async def commit(self, lease: Lease, manifest: Manifest) -> Commit:
        """Make this attempt's outputs the ones that count, durable when it returns. Said again by the same lease, the
        same answer.
        """

    async def report(self, lease: Lease, report: Report) -> Job:
        """The attempt's last word; the job as it now stands. What waited in its lane moves up in the same
        transaction.
        """

    async def expire(self, *, everything: bool = False, home: str = "") -> list[Job]:
        """Take back what has run out, or at a manager's start `everything` that is leased, or all that is leased to
        the runners of one manager (`home`). Returns the jobs as they now stand.
        """
