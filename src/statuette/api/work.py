"""`/system/work/…`: supervisors in processes of their own. Not part of the public contract; messages: `ports.wire`.

Who speaks is proved by the runner's credential; nobody's body is read before. A fault is told by the name of its class,
so that the other side can raise it again.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse
from fastapi.routing import APIRoute
from pydantic import ValidationError

from statuette.api.answers import JSON
from statuette.api.deps import CoreDep, DoorsDep, number, text
from statuette.core.remote import Remote
from statuette.events.leases import Lease
from statuette.ports import errors
from statuette.ports.wire import (
    PATH,
    CancelledAsk,
    CommitAsk,
    Done,
    LeaseAsk,
    Message,
    Refusal,
    RenewAsk,
    ReportAsk,
    WordsAsk,
)
from statuette.web import PageNotFound, Unauthorized, Upload

_LARGEST = 64 * 2**20
"""Bytes of one message: a manifest of ten thousand long names."""
_LARGEST_ANSWER = 65 * 2**30
"""Bytes of a call's files; the core's own limits are below."""
_SCHEME = "Bearer "

# First match wins, so a class stands above its parents.
_STATUS: tuple[tuple[type[errors.Fault], int], ...] = (
    (errors.BadInput, 400),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.LeaseLost, 409),
    (errors.TooLarge, 413),
    (errors.UnsafeOutput, 422),
    (errors.DiskFull, 507),
    (errors.Unavailable, 503),
    (errors.Fault, 500),
)


class FaultRoute(APIRoute):
    """A route that tells a fault's class and words. What is no fault is the guard's business."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler with that around it."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await inner(request)
            except (PageNotFound, Unauthorized):
                raise
            except errors.Fault as fault:
                return _refusal(fault)

        return handler


router = APIRouter(prefix=PATH, route_class=FaultRoute, include_in_schema=False)


async def the_remote(core: CoreDep) -> Remote:
    """The core's side. Raises `PageNotFound` where no supervisor has a process of its own."""
    if core.remote is None:
        raise PageNotFound
    return core.remote


RemoteDep = Annotated[Remote, Depends(the_remote)]


async def the_runner(request: Request, remote: RemoteDep, _: DoorsDep) -> str:
    """Whose supervisor speaks. Raises `Unauthorized`."""
    given = request.headers.getlist("authorization")
    runner = None
    if len(given) == 1 and given[0].startswith(_SCHEME):
        runner = remote.admission.runner_of(given[0].removeprefix(_SCHEME))
    if runner is None:
        raise Unauthorized(challenge=False)
    return runner


RunnerDep = Annotated[str, Depends(the_runner)]


async def the_lease(runner: RunnerDep, job: str = "", attempt: str = "") -> Lease:
    """The lease that the query names. Raises `BadInput`."""
    if not job or not attempt:
        raise errors.BadInput("job, attempt: both are needed")
    return Lease(job=text("job", job), attempt=number("attempt", attempt), runner=runner)


LeaseDep = Annotated[Lease, Depends(the_lease)]
M = TypeVar("M", bound=Message)


@router.post("/lease")
async def lease(request: Request, remote: RemoteDep, runner: RunnerDep) -> Response:
    """Wait for work, for a bounded time."""
    return _said(await remote.lease(runner, await _read(request, LeaseAsk)))


@router.post("/cancelled")
async def cancelled(request: Request, remote: RemoteDep, runner: RunnerDep) -> Response:
    """Wait for withdrawals, for a bounded time."""
    return _said(await remote.cancelled(runner, await _read(request, CancelledAsk)))


@router.post("/renew")
async def renew(request: Request, remote: RemoteDep, runner: RunnerDep) -> Response:
    """Prolong leases."""
    return _said(await remote.renew(runner, await _read(request, RenewAsk)))


@router.post("/commit")
async def commit(request: Request, remote: RemoteDep, runner: RunnerDep) -> Response:
    """Make a manifest the one that counts; a page of where it goes."""
    return _said(await remote.commit(runner, await _read(request, CommitAsk)))


@router.post("/report")
async def report(request: Request, remote: RemoteDep, runner: RunnerDep) -> Response:
    """The last word."""
    await remote.report(runner, await _read(request, ReportAsk))
    return _said(Done())


@router.post("/words")
async def words(request: Request, remote: RemoteDep, runner: RunnerDep) -> Response:
    """A piece of a log."""
    await remote.words(runner, await _read(request, WordsAsk))
    return _said(Done())


@router.get("/body")
async def body(remote: RemoteDep, runner: RunnerDep, named: LeaseDep) -> Response:
    """The payload that lies in a file."""
    return FileResponse(remote.body(runner, named), media_type="application/octet-stream")


@router.put("/answer")
async def answer(request: Request, remote: RemoteDep, runner: RunnerDep, named: LeaseDep) -> Response:
    """A call's files as one stream."""
    upload = Upload(request.scope, request.receive, limit=_LARGEST_ANSWER)
    await remote.answer(runner, named, upload.chunks())
    return _said(Done())


async def _read(request: Request, kind: type[M]) -> M:
    data = await Upload(request.scope, request.receive, limit=_LARGEST).whole()
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}" for one in error.errors()]
        raise errors.BadInput("the message is not valid", problems=problems[:20]) from error


def _said(message: Message) -> Response:
    return Response(message.model_dump_json(), headers={"content-type": JSON})


def _refusal(fault: errors.Fault) -> Response:
    status = next(status for kind, status in _STATUS if isinstance(fault, kind))
    problems = fault.problems if isinstance(fault, errors.BadInput) else ()
    told = Refusal(fault=type(fault).__name__, message=str(fault), problems=problems)
    return Response(told.model_dump_json(), status_code=status, headers={"content-type": JSON})
