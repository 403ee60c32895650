"""Jobs: hand one in, see how it is, read its log."""

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager

from statuette.client.errors import BadAnswer, NotFound
from statuette.client.http import Http, parsed, segment
from statuette.client.models import Job, JobPage, JobSummary
from statuette.client.services import no_service


class Jobs:
    """The jobs of one platform's services."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def submit(self, service: str, data: bytes, *, idempotency_key: str | None = None) -> str:
        """Hand in one job with `data` as its input and return its id.

        With an `idempotency_key` the same job handed in again is the same job. Raises `NotFound`.
        """
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        try:
            answer = await self._http.ask(
                "POST", f"/job/{segment(service)}", body=base64.b64encode(data), headers=headers
            )
        except NotFound as error:
            raise no_service(service) from error
        job: str = answer.headers.get("X-Job-Id", "")
        if not job:
            raise BadAnswer("the platform took the job but gave no X-Job-Id")
        return job

    async def page(
        self, service: str, *, page: str = "", place: str | None = None, states: Sequence[str] = ()
    ) -> JobPage:
        """One page of a service's jobs, newest first; with `place` (`bucket/key`) only those of that object, with
        `states` only those that stand so.
        """
        query = {"page": page} | ({} if place is None else {"object": place})
        query |= {"state": ",".join(states)} if states else {}
        try:
            return await self._http.model(JobPage, f"/system/logs/{segment(service)}", query=query)
        except NotFound as error:
            raise no_service(service) from error

    async def all(
        self, service: str, *, place: str | None = None, states: Sequence[str] = ()
    ) -> AsyncIterator[tuple[str, JobSummary]]:
        """Every job of a service, newest first, page after page."""
        page: str | None = ""
        while page is not None:
            found = await self.page(service, page=page, place=place, states=states)
            for name, job in found.jobs.items():
                yield name, job
            page = found.next_page or None

    async def latest(self, service: str) -> str:
        """The name of the newest job. Raises `NotFound` when there was none yet."""
        async for name, _job in self.all(service):
            return name
        raise NotFound(status=404, text=f"the service {service!r} has no jobs yet")

    async def get(self, service: str, job: str) -> Job:
        """One job with its attempts and outputs. Raises `NotFound`."""
        try:
            return await self._http.model(Job, job_path(service, job))
        except NotFound as error:
            raise no_job(service, job) from error

    async def cancel(self, service: str, job: str) -> Job:
        """Have a job ended; one under way is told back with `cancelling`. Raises `NotFound`, `Conflict`."""
        return await self._act(service, job, "cancel")

    async def retry(self, service: str, job: str) -> Job:
        """Run a job that failed, died or was cancelled again. Raises `NotFound`, `Conflict`."""
        return await self._act(service, job, "retry")

    async def _act(self, service: str, job: str, verb: str) -> Job:
        try:
            return parsed(Job, await self._http.ask("POST", f"{job_path(service, job)}/{verb}"))
        except NotFound as error:
            raise no_job(service, job) from error

    async def log(self, service: str, job: str, *, timestamps: bool = False, attempt: int | None = None) -> str:
        """The whole log of a job (of its last attempt, or the one asked for). Raises `NotFound`."""
        query = log_query(timestamps=timestamps, attempt=attempt)
        try:
            return (await self._http.ask("GET", log_path(service, job), query=query)).text
        except NotFound as error:
            raise no_job(service, job) from error

    def follow(
        self, service: str, job: str, *, timestamps: bool = False, attempt: int | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """The log as it grows, until the job ends."""
        query = log_query(timestamps=timestamps, attempt=attempt) | {"follow": "true"}
        return self._http.stream(log_path(service, job), query=query)


def job_path(service: str, job: str) -> str:
    """Where a job is described."""
    return f"/system/jobs/{segment(service)}/{segment(job)}"


def log_path(service: str, job: str) -> str:
    """Where a job's log is."""
    return f"/system/logs/{segment(service)}/{segment(job)}"


def log_query(*, timestamps: bool, attempt: int | None) -> dict[str, str]:
    """The query of a log request; what is not asked for is left out."""
    return ({"timestamps": "true"} if timestamps else {}) | ({} if attempt is None else {"attempt": str(attempt)})


def no_job(service: str, job: str) -> NotFound:
    """The error for a job that is not there, with words."""
    return NotFound(status=404, text=f"there is no job {job!r} of service {service!r} (statuette service logs list)")
