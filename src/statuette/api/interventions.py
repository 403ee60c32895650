"""`/system/jobs` and `/system/sweep` as people act on them: cancel, run again, drop, replay, sweep."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from statuette.api import wishes
from statuette.api.answers import shaped
from statuette.api.deps import CallerDep, CoreDep, DefinitionDep, JobDep, NameDep
from statuette.api.describe import json_body
from statuette.api.shapes import (
    JobDescription,
    ReplayAnswer,
    SettledAnswer,
    SweepAnswer,
    job_description,
    replay_answer,
    settled_answer,
    sweep_answer,
)
from statuette.api.submissions import checked_key

router = APIRouter(prefix="/system", tags=["interventions"])

_TEXTS = {"type": "array", "items": {"type": "string"}}
_MOMENT = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "number"}]}
_JOBS = json_body({"jobs": _TEXTS, "all": {"type": "boolean"}})
_REPLAY = json_body(
    {
        "prefix": {"type": "string", "description": "What `bucket/key` begins with."},
        "since": _MOMENT,
        "until": _MOMENT,
        "keys": _TEXTS | {"description": "Objects as `bucket/key`."},
        "dry_run": {"type": "boolean"},
        "limit": {"type": "integer", "description": "Answer after about so many objects; `after` goes on."},
        "after": {"type": "string", "description": "`next` of the answer before, under the same Idempotency-Key."},
    }
)


@router.post("/jobs/{service}/{job}/cancel", response_model=JobDescription)
async def cancel_job(*, caller: CallerDep, core: CoreDep, service: NameDep, job: JobDep) -> Response:
    """Have a job ended. Not begun, it is cancelled in the answer; under way, `cancelling` says why its run is killed.

    409 when it has ended, or its outputs are being stored.
    """
    await core.jobs.cancel(caller, service, job)
    return shaped(job_description(await core.jobs.describe(caller, service, job)))


@router.post("/jobs/{service}/{job}/retry", response_model=JobDescription)
async def retry_job(*, caller: CallerDep, core: CoreDep, service: NameDep, job: JobDep) -> Response:
    """Run a job that failed, died or was cancelled again, with all its retries; 409 for any other."""
    await core.letters.retry_one(caller, service, job)
    return shaped(job_description(await core.jobs.describe(caller, service, job)))


@router.post("/jobs/{service}/retry", response_model=SettledAnswer, openapi_extra=_JOBS)
async def retry_jobs(*, caller: CallerDep, core: CoreDep, service: NameDep, body: DefinitionDep) -> Response:
    """Run several dead letters again, or all of the present service; tells which named jobs it did not fit."""
    return shaped(settled_answer(await core.letters.retry(caller, service, wishes.job_list(body))))


@router.delete("/jobs/{service}", response_model=SettledAnswer, openapi_extra=_JOBS)
async def drop_jobs(*, caller: CallerDep, core: CoreDep, service: NameDep, body: DefinitionDep) -> Response:
    """Forget several dead letters with their logs, or all; tells which named jobs are none."""
    return shaped(settled_answer(await core.letters.drop(caller, service, wishes.job_list(body))))


@router.post("/jobs/{service}/replay", response_model=ReplayAnswer, openapi_extra=_REPLAY)
async def replay(
    *,
    caller: CallerDep,
    core: CoreDep,
    service: NameDep,
    body: DefinitionDep,
    idempotency_key: Annotated[str, Header(description="The same key again makes no second set of jobs.")] = "",
) -> Response:
    """Process objects that lie in the service's inputs once more; `{}` means all of them."""
    count = await core.replay.run(
        caller,
        service,
        wishes.selection(body),
        idempotency_key=checked_key(idempotency_key),
        after=wishes.text(body, "after"),
        limit=wishes.whole(body, "limit"),
        dry_run=wishes.truth(body, "dry_run"),
    )
    return shaped(replay_answer(count))


@router.post("/sweep", response_model=SweepAnswer)
async def sweep_everything(*, caller: CallerDep, core: CoreDep) -> Response:
    """Compare the listing of every input with what was seen, now; for the administrator."""
    return shaped(sweep_answer(await core.sweeping.everything(caller)))


@router.post("/sweep/{service}", response_model=SweepAnswer)
async def sweep_service(*, caller: CallerDep, core: CoreDep, service: NameDep) -> Response:
    """The same for the inputs of one service."""
    return shaped(sweep_answer(await core.sweeping.service(caller, service)))
