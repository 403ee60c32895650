"""`/system/logs` and `/system/jobs`: jobs of a service, their logs, their story."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from statuette.api import wishes
from statuette.api.answers import TEXT, empty, shaped
from statuette.api.deps import CallerDep, CoreDep, JobDep, NameDep, flag, number, text
from statuette.api.shapes import JobDescription, JobList, job_description, job_list

router = APIRouter(prefix="/system", tags=["jobs"])

_LOG: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


class LogQuery:
    """Which words of a job are asked for, as the query has it."""

    def __init__(self, *, attempt: str = "", timestamps: str = "", follow: str = "") -> None:
        self.attempt = attempt
        self.timestamps = timestamps
        self.follow = follow


@router.get("/logs/{service}", response_model=JobList)
async def list_jobs(
    *,
    caller: CallerDep,
    core: CoreDep,
    service: NameDep,
    page: str = "",
    bucket_and_key: Annotated[str, Query(alias="object")] = "",
    state: Annotated[str, Query(description="Only jobs in these states, e.g. `failed,dead`.")] = "",
) -> Response:
    """A page of a service's jobs, newest first: after `page`, an answer's `next_page`, and for the input `object`."""
    found = await core.jobs.page(
        caller,
        service,
        object=text("object", bucket_and_key),
        states=wishes.states(text("state", state)),
        after=text("page", page),
    )
    return shaped(job_list(found))


@router.delete("/logs/{service}", status_code=204, response_class=Response)
async def clear_jobs(
    *, caller: CallerDep, core: CoreDep, service: NameDep, everything: Annotated[str, Query(alias="all")] = ""
) -> Response:
    """Forget the jobs that succeeded, with `all=true` every job that has ended or not begun."""
    await core.jobs.clear(caller, service, everything=flag(everything))
    return empty(204)


@router.get("/logs/{service}/{job}", response_class=Response, responses=_LOG)
async def read_log(
    *, caller: CallerDep, core: CoreDep, service: NameDep, job: JobDep, query: Annotated[LogQuery, Depends()]
) -> Response:
    """The words of one attempt, the last unless `attempt` says which; `follow` goes on until it ends."""
    words = await core.jobs.log(
        caller,
        service,
        job,
        attempt=number("attempt", query.attempt),
        timestamps=flag(query.timestamps),
        follow=flag(query.follow),
    )
    return StreamingResponse(words, headers={"content-type": TEXT, "x-content-type-options": "nosniff"})


@router.delete("/logs/{service}/{job}", status_code=204, response_class=Response)
async def remove_job(*, caller: CallerDep, core: CoreDep, service: NameDep, job: JobDep) -> Response:
    """Forget one job."""
    await core.jobs.remove(caller, service, job)
    return empty(204)


@router.get("/jobs/{service}/{job}", response_model=JobDescription)
async def describe_job(*, caller: CallerDep, core: CoreDep, service: NameDep, job: JobDep) -> Response:
    """Everything about one job: state, attempts, outputs, and when each stage was reached."""
    return shaped(job_description(await core.jobs.describe(caller, service, job)))
