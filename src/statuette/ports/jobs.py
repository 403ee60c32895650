"""The ledger as people read it: jobs, attempts, counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from statuette.events.jobs import Attempt, Job, JobState
from statuette.events.leases import Commit
from statuette.ports.queue import Backlog


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQuery:
    """Which jobs of a service. Empty means any. `object` is `bucket/key` of the input, `incarnation` one life of the
    service.
    """

    service: str
    principal: str = ""
    states: frozenset[JobState] = frozenset()
    object: str = ""
    incarnation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """Jobs, newest first. `next` is the token for the following page, "" on the last."""

    jobs: tuple[Job, ...]
    next: str = ""


class JobLedger(Protocol):
    """Raises `LedgerUnavailable`."""

    async def get(self, job: str) -> Job | None: ...

    async def page(self, query: JobQuery, *, after: str = "", limit: int = 70) -> JobPage: ...

    async def history(self, job: str) -> tuple[list[Attempt], Commit | None]:
        """All attempts in order, and the commit that counts."""

    async def remove(self, service: str, jobs: Sequence[str]) -> list[str]:
        """Delete records of ended jobs, and withdraw and delete those not yet leased. Returns the ids deleted;
        running ones are left.

        What was seen stays seen: nothing runs again for it.
        """

    async def backlog(self) -> Mapping[str, Backlog]:
        """Per service, from counters kept with every write, never by counting rows. Services of which nothing is left
        but ended jobs that are no dead letters are left out."""
