"""Dead letters: jobs that gave up, run again or dropped, one by one or all."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

from statuette.core.intake import Wake
from statuette.core.remains import Remains
from statuette.core.sight import Sight, View
from statuette.events.jobs import DEAD_LETTERS, FINAL, Job
from statuette.events.principals import Principal
from statuette.ports.errors import BadInput, Conflict, NotFound
from statuette.ports.interventions import Interventions
from statuette.ports.jobs import JobLedger, JobQuery

STEP = 500
"""Jobs changed in one step."""
MOST = 1000
"""Jobs that one request may name."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a wish for several jobs: how many it was done to, and which named ones it did not fit."""

    done: int
    left: tuple[str, ...] = ()


class Letters:
    """The core's side of running dead letters again and of dropping them. `jobs` None means: all dead letters."""

    def __init__(
        self, *, ledger: JobLedger, interventions: Interventions, sight: Sight, remains: Remains, wake: Wake
    ) -> None:
        self._ledger = ledger
        self._interventions = interventions
        self._sight = sight
        self._remains = remains
        self._wake = wake

    async def retry_one(self, caller: Principal, service: str, job: str) -> None:
        """Run a dead letter, or a job that was cancelled, again with all its retries.

        Raises `NotFound`, `Forbidden`, and `Conflict` when it is neither, or its service is gone.
        """
        view = await self._deployed(caller, service)
        found = await self._sight.job(view, job)
        if not await self._revive(service, [job]):
            raise Conflict(f"{job} is {found.state}; only failed, dead and cancelled jobs can be run again")

    async def retry(self, caller: Principal, service: str, jobs: Sequence[str] | None) -> Settled:
        """Run dead letters again; all of them means those of the present service, not of earlier ones of its name.

        Raises `NotFound`, `Forbidden`, `BadInput`, and `Conflict` when the service is gone.
        """
        view = await self._deployed(caller, service)
        done = 0
        if jobs is not None:
            named = [job.id for job in await self._named(view, jobs)]
            revived = await self._revive(service, named)
            return Settled(len(revived), _without(jobs, revived))
        record = view.record
        query = JobQuery(service=service, states=DEAD_LETTERS, incarnation=record.incarnation if record else "")
        async for some in self._steps(query):
            done += len(await self._revive(service, [job.id for job in some]))
        return Settled(done)

    async def drop(self, caller: Principal, service: str, jobs: Sequence[str] | None) -> Settled:
        """Forget dead letters, with their logs; what was seen stays seen.

        Raises `NotFound`, `Forbidden`, `BadInput`.
        """
        view = await self._sight.change(caller, service)
        if jobs is not None:
            letters = [job for job in await self._named(view, jobs) if job.state in DEAD_LETTERS]
            dropped = await self._drop(service, letters)
            return Settled(len(dropped), _without(jobs, dropped))
        done = 0
        async for some in self._steps(view.query(DEAD_LETTERS)):
            done += len(await self._drop(service, some))
        return Settled(done)

    async def _deployed(self, caller: Principal, service: str) -> View:
        view = await self._sight.change(caller, service)
        if view.record is None:
            raise Conflict(f"{service} was deleted; deploy it again, then its jobs can run")
        return view

    async def _named(self, view: View, jobs: Sequence[str]) -> list[Job]:
        """Those of the named jobs that there are."""
        if len(jobs) > MOST:
            raise BadInput(f"jobs: at most {MOST} in one request, these are {len(jobs)}")
        found = []
        for name in dict.fromkeys(jobs):
            try:
                found.append(await self._sight.job(view, name))
            except NotFound:
                continue  # told with those that were left
        return found

    async def _steps(self, query: JobQuery) -> AsyncIterator[Sequence[Job]]:
        after = ""
        while True:
            page = await self._ledger.page(query, after=after, limit=STEP)
            if page.jobs:
                yield page.jobs
            if not page.next:
                return
            after = page.next

    async def _revive(self, service: str, jobs: Sequence[str]) -> list[str]:
        revived = [job for job in await self._interventions.revive(service, jobs) if job.state not in FINAL]
        if revived:
            self._wake({service: len(revived)})
        return [job.id for job in revived]

    async def _drop(self, service: str, letters: Sequence[Job]) -> set[str]:
        removed = set(await self._ledger.remove(service, [job.id for job in letters]))
        await self._remains.clear(job for job in letters if job.id in removed)
        return removed


def _without(jobs: Sequence[str], done: Iterable[str]) -> tuple[str, ...]:
    fitted = set(done)
    return tuple(job for job in dict.fromkeys(jobs) if job not in fitted)
