"""`/health`, and what `/system` tells about the platform itself."""

from typing import Any

from fastapi import APIRouter, Response

from statuette.api.answers import TEXT, json_answer
from statuette.api.deps import CallerDep, CoreDep

router = APIRouter(tags=["system"])


@router.get("/health", response_class=Response, responses={200: {"content": {"text/plain": {"example": "Ok"}}}})
async def health() -> Response:
    """Whether the manager answers; asks for no credentials."""
    return Response("Ok", headers={"content-type": TEXT})


@router.get("/system/info", response_model=dict[str, Any])
async def info(_: CallerDep, core: CoreDep) -> Response:
    """Version and architecture."""
    return json_answer(core.platform.info())


@router.get("/system/config", response_model=dict[str, Any])
async def config(caller: CallerDep, core: CoreDep) -> Response:
    """What the cluster offers, and the caller's own keys to its object store."""
    return json_answer(await core.platform.config(caller))


@router.get("/system/status", response_model=dict[str, Any])
async def status(caller: CallerDep, core: CoreDep) -> Response:
    """Nodes, what is free on them, and how the platform's parts stand."""
    return json_answer(await core.platform.status(caller))
