"""Jobs as people see them: lists, one job with its attempts and outputs, logs, removal."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from statuette.core import following
from statuette.core.access import check_change, may_see
from statuette.core.catalog import Catalog
from statuette.core.commits import target_of
from statuette.core.dispatch import output_rules
from statuette.events.homes import home_of
from statuette.events.jobs import FINAL, Attempt, Job, JobState, Outcome
from statuette.events.leases import Commit
from statuette.events.objects import ObjectRef
from statuette.events.principals import Principal, PrincipalKind
from statuette.ports.bodies import Bodies
from statuette.ports.clock import Clock
from statuette.ports.errors import Conflict, Forbidden, NotFound
from statuette.ports.jobs import JobLedger, JobPage, JobQuery
from statuette.ports.logs import Logs
from statuette.ports.services import ServiceRecord

PAGE = 70
"""Jobs per page (the contract's `JOB_LISTING_LIMIT`)."""
LARGEST_PAGE = 1000


@dataclass(frozen=True, slots=True)
class JobDetails:
    """One job with all its attempts, and where its outputs went with their sizes in bytes."""

    job: Job
    attempts: tuple[Attempt, ...]
    outputs: tuple[tuple[ObjectRef, int], ...]


class Jobs:
    """The core's side of `/system/logs` and `/system/jobs`."""

    def __init__(
        self, *, ledger: JobLedger, catalog: Catalog, logs: Logs, bodies: Bodies, clock: Clock, home: str = ""
    ) -> None:
        self._home = home
        self._clock = clock
        self._ledger = ledger
        self._catalog = catalog
        self._logs = logs
        self._bodies = bodies

    async def page(
        self,
        caller: Principal,
        service: str,
        *,
        object: str = "",  # noqa: A002 - the query's name in the contract
        after: str = "",
        limit: int | None = None,
    ) -> JobPage:
        """A page of the service's jobs, newest first. Raises `NotFound`, `Forbidden`."""
        record = self._record(caller, service)
        size = min(max(limit or PAGE, 1), LARGEST_PAGE)
        query = JobQuery(service=service, object=object, incarnation=_life(caller, record))
        return await self._ledger.page(query, after=after, limit=size)

    async def describe(self, caller: Principal, service: str, job: str) -> JobDetails:
        """One job. Raises `NotFound`, `Forbidden`."""
        record = self._record(caller, service)
        found = await self._job(caller, record, job)
        attempts, commit = await self._ledger.history(job)
        return JobDetails(found, tuple(attempts), _outputs(record, found, commit))

    async def log(
        self,
        caller: Principal,
        service: str,
        job: str,
        *,
        attempt: int = 0,
        timestamps: bool = False,
        follow: bool = False,
    ) -> AsyncIterator[bytes]:
        """The log of an attempt (0: the last). Raises `NotFound`, `Forbidden` before the first byte."""
        record = self._record(caller, service)
        found = await self._job(caller, record, job)
        if follow and not attempt and found.state not in FINAL:
            return following.follow(
                self._ledger, self._logs, self._clock, service=service, job=job, timestamps=timestamps
            )
        number = attempt or await following.last_run(self._ledger, job)
        if not number:
            raise NotFound(f"{job} has not run yet, so it has no log")
        try:
            return await _begun(self._logs.read(service, job, number, timestamps=timestamps, follow=False))
        except NotFound:
            words = await self._elsewhere(job, number)
            if attempt and not words:
                raise
            return _said(words)

    async def _elsewhere(self, job: str, number: int) -> str:
        """Where the log of an attempt lies that is not to be read here; "" when it simply said nothing."""
        attempts, _ = await self._ledger.history(job)
        runner, outcome = next(((one.runner, one.outcome) for one in attempts if one.number == number), ("", None))
        home = home_of(runner)
        if home == self._home:
            return ""
        if outcome is None:
            return f"[statuette: attempt {number} runs with manager {home}; its log can be read when it has ended]\n"
        if outcome in (Outcome.PLATFORM_FAULT, Outcome.UNPUBLISHED):
            return f"[statuette: what attempt {number} said lies with manager {home}, which shows it when it is back]\n"
        return ""

    async def remove(self, caller: Principal, service: str, job: str) -> None:
        """Delete a job's record and log. Raises `Conflict` while it runs, `NotFound`, `Forbidden`."""
        record = self._record(caller, service)
        check_change(caller, record)
        found = await self._job(caller, record, job)
        if not await self._delete(service, [found]):
            raise Conflict(f"{job} is running; it can be deleted when it has ended")

    async def clear(self, caller: Principal, service: str, *, everything: bool = False) -> None:
        """Delete the records of jobs that succeeded, or of all that are not running."""
        record = self._record(caller, service)
        check_change(caller, record)
        states = frozenset[JobState]() if everything else frozenset({JobState.PUBLISHED, JobState.SUPERSEDED})
        query = JobQuery(service=service, states=states, incarnation=_life(caller, record))
        after = ""
        while True:
            page = await self._ledger.page(query, after=after, limit=LARGEST_PAGE)
            await self._delete(service, list(page.jobs))
            if not page.next:
                return
            after = page.next

    async def _delete(self, service: str, jobs: list[Job]) -> list[str]:
        removed = await self._ledger.remove(service, [job.id for job in jobs])
        files = {job.id: job.event.payload_file for job in jobs}
        for job in removed:
            await self._logs.remove(service, job)
            if files[job]:
                await self._bodies.drop(files[job])
        return removed

    def _record(self, caller: Principal, service: str) -> ServiceRecord:
        record = self._catalog.get(service)
        if not may_see(caller, record):
            raise Forbidden(f"the jobs of {service} are not yours to see")
        return record

    async def _job(self, caller: Principal, record: ServiceRecord, job: str) -> Job:
        found = await self._ledger.get(job)
        if found is None or found.service != record.name or _life(caller, record) not in ("", found.incarnation):
            raise NotFound(f"{record.name} has no job {job!r}")
        return found


def _life(caller: Principal, record: ServiceRecord) -> str:
    """Whose jobs are shown: the administrator sees also those of earlier services of the same name ("")."""
    return "" if caller.kind is PrincipalKind.ADMIN else record.incarnation


def _outputs(record: ServiceRecord, job: Job, commit: Commit | None) -> tuple[tuple[ObjectRef, int], ...]:
    """Where the outputs lie, by the service's present rules; empty until they are published."""
    if commit is None or job.state is not JobState.PUBLISHED:
        return ()
    return tuple(
        (target, entry.size)
        for entry in commit.manifest.entries
        for rule in output_rules(record)
        if (target := target_of(rule, entry.name)) is not None
    )


async def _said(words: str) -> AsyncIterator[bytes]:
    yield words.encode()


async def _begun(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same chunks, with the first already fetched so that its errors come before any answer."""
    try:
        first = await anext(chunks)
    except StopAsyncIteration:
        first = b""

    async def rest() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    return rest()
