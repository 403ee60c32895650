"""Jobs as people see them: lists, one job with its attempts and outputs, logs, removal."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from statuette.core import following
from statuette.core.commits import target_of
from statuette.core.dispatch import output_rules
from statuette.core.remains import Remains
from statuette.core.sight import Sight
from statuette.events.homes import home_of
from statuette.events.jobs import FINAL, RUNNING, Attempt, Job, JobState, Outcome
from statuette.events.leases import Commit
from statuette.events.objects import ObjectRef
from statuette.events.principals import Principal
from statuette.ports.clock import Clock
from statuette.ports.errors import Conflict, NotFound
from statuette.ports.interventions import Interventions
from statuette.ports.jobs import JobLedger, JobPage
from statuette.ports.logs import Logs
from statuette.ports.services import ServiceRecord

PAGE = 70
"""Jobs per page (the contract's `JOB_LISTING_LIMIT`)."""
LARGEST_PAGE = 1000
CANCELLED = "cancelled on request"
"""The reason of a job that somebody had ended."""


@dataclass(frozen=True, slots=True)
class JobDetails:
    """One job with all its attempts, and where its outputs went with their sizes in bytes."""

    job: Job
    attempts: tuple[Attempt, ...]
    outputs: tuple[tuple[ObjectRef, int], ...]


class Jobs:
    """The core's side of `/system/logs` and `/system/jobs`."""

    def __init__(
        self,
        *,
        ledger: JobLedger,
        interventions: Interventions,
        sight: Sight,
        logs: Logs,
        remains: Remains,
        clock: Clock,
        withdraw: Callable[[str], None],
        home: str = "",
    ) -> None:
        """`withdraw` has the run of a job in this process ended; `home` is this manager's name among several."""
        self._home = home
        self._clock = clock
        self._ledger = ledger
        self._interventions = interventions
        self._sight = sight
        self._logs = logs
        self._remains = remains
        self._withdraw = withdraw

    async def page(
        self,
        caller: Principal,
        service: str,
        *,
        object: str = "",  # noqa: A002 - the query's name in the contract
        states: frozenset[JobState] = frozenset(),
        after: str = "",
        limit: int | None = None,
    ) -> JobPage:
        """A page of the service's jobs, newest first; `states` empty means any. Raises `NotFound`, `Forbidden`."""
        view = await self._sight.read(caller, service)
        size = min(max(limit or PAGE, 1), LARGEST_PAGE)
        return await self._ledger.page(view.query(states, object=object), after=after, limit=size)

    async def describe(self, caller: Principal, service: str, job: str) -> JobDetails:
        """One job. Raises `NotFound`, `Forbidden`."""
        view = await self._sight.read(caller, service)
        found = await self._sight.job(view, job)
        attempts, commit = await self._ledger.history(job)
        return JobDetails(found, tuple(attempts), _outputs(view.record, found, commit))

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
        found = await self._sight.job(await self._sight.read(caller, service), job)
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

    async def cancel(self, caller: Principal, service: str, job: str) -> None:
        """Have a job ended: at once when nobody has begun it, else as soon as its run is killed.

        A job that was cancelled already stays so. Raises `NotFound`, `Forbidden`, and `Conflict` when it has ended, or
        its outputs count already.
        """
        view = await self._sight.change(caller, service)
        await self._sight.job(view, job)
        fitted = await self._interventions.cancel(service, [job], reason=CANCELLED)
        if not fitted:
            _check_cancelled(await self._sight.job(view, job))
        elif fitted[0].state not in FINAL:
            self._withdraw(job)

    async def remove(self, caller: Principal, service: str, job: str) -> None:
        """Delete a job's record and log. Raises `Conflict` while it runs, `NotFound`, `Forbidden`."""
        view = await self._sight.change(caller, service)
        found = await self._sight.job(view, job)
        if not await self._delete(service, [found]):
            raise Conflict(f"{job} is running; it can be deleted when it has ended")

    async def clear(self, caller: Principal, service: str, *, everything: bool = False) -> None:
        """Delete the records of jobs that succeeded, or of all that are not running."""
        view = await self._sight.change(caller, service)
        states = frozenset[JobState]() if everything else frozenset({JobState.PUBLISHED, JobState.SUPERSEDED})
        after = ""
        while True:
            page = await self._ledger.page(view.query(states), after=after, limit=LARGEST_PAGE)
            await self._delete(service, page.jobs)
            if not page.next:
                return
            after = page.next

    async def _delete(self, service: str, jobs: Sequence[Job]) -> set[str]:
        removed = set(await self._ledger.remove(service, [job.id for job in jobs]))
        await self._remains.clear(job for job in jobs if job.id in removed)
        return removed


def _check_cancelled(job: Job) -> None:
    """Raises `Conflict` for a job that it was too late to cancel."""
    if job.state in FINAL and job.state is not JobState.CANCELLED:
        raise Conflict(f"{job.id} has ended already: it is {job.state}")
    if job.state in RUNNING:
        raise Conflict(f"{job.id} is {job.state}: its outputs count already and are being stored")


def _outputs(record: ServiceRecord | None, job: Job, commit: Commit | None) -> tuple[tuple[ObjectRef, int], ...]:
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
