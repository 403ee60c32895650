"""`POST /job/<service>`: asynchronous work.

This route is plain ASGI: a client may hand in thousands of jobs, and the framework's routing and dependencies took
three fifths of the time of each. Its description stands here as well.
"""

from contextlib import aclosing
from typing import Any
from urllib.parse import quote

from starlette.types import Receive, Scope, Send

from statuette.core import Submissions
from statuette.ports.errors import BadInput, NotFound
from statuette.ports.identity import Identity
from statuette.web import SERVICE_NAME, Limits, Upload, service_caller
from statuette.web.bodies import header

_LONGEST_KEY = 255


class SubmissionDoor:
    """Takes submissions and names their jobs."""

    def __init__(self, submissions: Submissions, *, identity: Identity, limits: Limits) -> None:
        self._submissions = submissions
        self._identity = identity
        self._limits = limits

    async def submit(self, scope: Scope, receive: Receive, send: Send, *, service: str) -> None:
        """Accept work; it is kept when this answers."""
        caller = await service_caller(self._identity, scope, service=service)
        if not SERVICE_NAME.fullmatch(service):
            raise NotFound
        upload = Upload(scope, receive, limit=self._limits.job)
        client = scope.get("client")
        async with aclosing(upload.chunks()) as body:
            submitted = await self._submissions.submit(
                caller,
                service,
                body,
                idempotency_key=checked_key(header(scope, b"idempotency-key")),
                source_ip=client[0] if client else "",
            )
        headers = [(b"content-length", b"0"), *_names(service, submitted.jobs)]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def checked_key(key: str) -> str:
    """An `Idempotency-Key` that can be kept. Raises `BadInput`."""
    if len(key) > _LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise BadInput(f"Idempotency-Key: at most {_LONGEST_KEY} printable ASCII characters")
    return key.strip()


def _names(service: str, jobs: tuple[str, ...]) -> list[tuple[bytes, bytes]]:
    if not jobs:
        return []
    location = f"/system/jobs/{quote(service)}/{quote(jobs[0])}"
    return [(b"location", location.encode()), (b"x-job-id", ", ".join(jobs).encode())]


_KEY = "The same key again is the same job."
SUBMISSION: dict[str, Any] = {
    "tags": ["jobs"],
    "summary": "Submit Job",
    "description": "Accept work; it is kept when this answers.\n\n"
    "`X-Job-Id` names the job (an event of several objects: all of them, separated by \", \"); "
    "`Location` is the first's.",
    "operationId": "submit_job_job__service__post",
    "parameters": [
        {
            "name": "service", "in": "path", "required": True,
            "schema": {"type": "string", "title": "Service"},
        },
        {
            "name": "idempotency-key", "in": "header", "required": False, "description": _KEY,
            "schema": {"type": "string", "description": _KEY, "default": "", "title": "Idempotency-Key"},
        },
    ],
    "requestBody": {
        "description": "An event, a JSON text, or bytes in base64; kept as it comes, whatever its content type.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    },
    "responses": {"201": {"description": "Successful Response"}},
}  # fmt: skip
"""The operation as OpenAPI describes it."""
