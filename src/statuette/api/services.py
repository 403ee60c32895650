"""`/system/services`: deploying services and reading them back."""

from fastapi import APIRouter, Response

from statuette.api.answers import empty, json_answer
from statuette.api.deps import CallerDep, CoreDep, DefinitionDep, NameDep, ReadableNameDep, flag
from statuette.api.describe import DEFINITION_BODY, DEFINITION_LIST, ONE_DEFINITION

router = APIRouter(prefix="/system/services", tags=["services"])


@router.get("", responses=DEFINITION_LIST, response_class=Response)
async def list_services(caller: CallerDep, core: CoreDep) -> Response:
    """All services that the caller may see."""
    return json_answer([view.wire for view in core.services.all(caller)])


@router.post("", status_code=201, response_class=Response, openapi_extra=DEFINITION_BODY)
async def create_service(*, caller: CallerDep, core: CoreDep, definition: DefinitionDep) -> Response:
    """Deploy a service. 400 names every wrong field, one a line; 409 when the name is taken."""
    await core.services.create(caller, definition)
    return empty(201)


@router.put("", status_code=204, response_class=Response, openapi_extra=DEFINITION_BODY)
async def update_service(*, caller: CallerDep, core: CoreDep, definition: DefinitionDep) -> Response:
    """Replace a service's definition; `name` says which."""
    await core.services.update(caller, definition)
    return empty(204)


@router.get("/{service}", responses=ONE_DEFINITION, response_class=Response)
async def read_service(*, caller: CallerDep, core: CoreDep, service: ReadableNameDep) -> Response:
    """One service: its definition, and how it stands."""
    return json_answer(core.services.get(caller, service).wire)


@router.delete("/{service}", status_code=204, response_class=Response)
async def remove_service(*, caller: CallerDep, core: CoreDep, service: NameDep, purge: str = "") -> Response:
    """Remove a service. Its buckets stay; with `purge=true` those that no other service uses are emptied."""
    await core.services.remove(caller, service, purge=flag(purge))
    return empty(204)
