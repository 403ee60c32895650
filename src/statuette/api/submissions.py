"""`POST /job/<service>`: asynchronous work."""

from contextlib import aclosing
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, Request, Response

from statuette.api.answers import empty
from statuette.api.deps import DoorsDep
from statuette.ports.errors import BadInput, NotFound
from statuette.web import SERVICE_NAME, Upload, service_caller

router = APIRouter(tags=["jobs"])

_LONGEST_KEY = 255
_BODY = {
    "requestBody": {
        "description": "An event, a JSON text, or bytes in base64; kept as it comes, whatever its content type.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/job/{service}", status_code=201, response_class=Response, openapi_extra=_BODY)
async def submit_job(
    *,
    request: Request,
    given: DoorsDep,
    service: str,
    idempotency_key: Annotated[str, Header(description="The same key again is the same job.")] = "",
) -> Response:
    """Accept work; it is kept when this answers.

    `X-Job-Id` names the job (an event of several objects: all of them, separated by ", "); `Location` is the first's.
    """
    caller = await service_caller(given.identity, request.scope, service=service)
    if not SERVICE_NAME.fullmatch(service):
        raise NotFound
    upload = Upload(request.scope, request.receive, limit=given.limits.job)
    async with aclosing(upload.chunks()) as body:
        submitted = await given.core.submissions.submit(
            caller,
            service,
            body,
            idempotency_key=checked_key(idempotency_key),
            source_ip=request.client.host if request.client else "",
        )
    return empty(201, headers=_names(service, submitted.jobs))


def checked_key(key: str) -> str:
    """An `Idempotency-Key` that can be kept. Raises `BadInput`."""
    if len(key) > _LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise BadInput(f"Idempotency-Key: at most {_LONGEST_KEY} printable ASCII characters")
    return key.strip()


def _names(service: str, jobs: tuple[str, ...]) -> dict[str, str]:
    if not jobs:
        return {}
    return {"location": f"/system/jobs/{quote(service)}/{quote(jobs[0])}", "x-job-id": ", ".join(jobs)}
