"""The API as one application: the nouns' routes, the guard around them, the OpenAPI description."""

from collections.abc import Mapping

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from statuette import __version__
from statuette.api import describe, interventions, jobs, services, system, work
from statuette.api.deps import Doors
from statuette.api.submissions import SubmissionDoor
from statuette.core import Core
from statuette.ports.identity import Identity
from statuette.web import Guard, Limits, PageNotFound, posting, refusal_of, split

_DESCRIPTION = "The manager of a statuette: services, their jobs and logs. It speaks the public contract of OSCAR v4."


class Api(FastAPI):
    """FastAPI with the definition of a service, and the credentials, in its description."""

    def openapi(self) -> dict[str, object]:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = describe.completed(super().openapi())
        return self.openapi_schema


def create_app(core: Core, *, identity: Identity, limits: Limits) -> ASGIApp:
    """The manager's door over a core. Submissions go past the framework, which takes longer over one than the core."""
    door = SubmissionDoor(core.submissions, identity=identity, limits=limits)
    return split({"/job": posting("/job", door.submit)}, _routed(core, identity=identity, limits=limits))


def _routed(core: Core, *, identity: Identity, limits: Limits) -> FastAPI:
    app = Api(
        title="statuette",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.doors = Doors(core=core, identity=identity, limits=limits)
    app.add_middleware(Guard)
    app.add_exception_handler(HTTPException, _no_page)
    for noun in (system, services, jobs, interventions, work):
        app.include_router(noun.router)
    return app


async def _no_page(_: Request, error: Exception) -> Response:
    """The router's own refusals, unknown route and wrong method, are one and the same in the contract."""
    if not isinstance(error, HTTPException) or error.status_code not in (404, 405):
        raise error
    refusal = refusal_of(PageNotFound())
    headers: Mapping[str, str] = {"content-type": "text/plain; charset=utf-8"}
    return Response(refusal.text, status_code=refusal.status, headers=headers)
