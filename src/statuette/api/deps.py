"""What the routes are given: the core, the caller, the limits, and queries read as the contract reads them."""

import json
import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.types import Receive

from statuette.core import Core
from statuette.events.principals import Principal
from statuette.ports.errors import BadInput, NotFound
from statuette.ports.identity import Identity
from statuette.web import SERVICE_NAME, Limits, Upload, load_object, manager_caller

_LONGEST = 4096
_JOB = re.compile(r"[A-Za-z0-9._-]{1,128}")
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What was handed to the application when it was made."""

    core: Core
    identity: Identity
    limits: Limits


async def doors(request: Request) -> Doors:
    """The application's core, identity and limits."""
    given: Doors = request.app.state.doors
    return given


async def the_core(given: Annotated[Doors, Depends(doors)]) -> Core:
    """The core."""
    return given.core


async def caller(request: Request, given: Annotated[Doors, Depends(doors)]) -> Principal:
    """Who calls a `/system` path. Raises `Unauthorized`."""
    return await manager_caller(given.identity, request.scope)


CallerDep = Annotated[Principal, Depends(caller)]


async def known_name(service: str) -> str:
    """A service's name from the path. Raises `NotFound` for what cannot be one."""
    if not SERVICE_NAME.fullmatch(service):
        raise NotFound
    return service


async def readable_name(service: str) -> str:
    """The same where the contract answers 400 instead. Raises `BadInput`."""
    if not SERVICE_NAME.fullmatch(service):
        raise BadInput(f"name: {json.dumps(service[:80])} cannot be the name of a service")
    return service


def flag(value: str) -> bool:
    """A boolean of the query; what is not one counts as false."""
    return value in _TRUE


def number(name: str, value: str) -> int:
    """A number of the query of at most nine digits, "" counts as 0. Raises `BadInput`."""
    if value and not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise BadInput(f"{name}: {json.dumps(value[:80])} is not a number")
    return int(value or 0)


def text(name: str, value: str) -> str:
    """A text of the query that a ledger can be asked for. Raises `BadInput`."""
    if "\0" in value or len(value) > _LONGEST:
        raise BadInput(f"{name}: at most {_LONGEST} characters, no NUL")
    return value


async def known_job(job: str) -> str:
    """A job's id from the path. Raises `NotFound` for what cannot be one."""
    if not _JOB.fullmatch(job):
        raise NotFound
    return job


async def definition(*, request: Request, given: Annotated[Doors, Depends(doors)], _: CallerDep) -> dict[str, object]:
    """A JSON object from the body, read only after the caller is known. Raises `BadInput`, `TooLarge`."""
    receive: Receive = request.receive
    upload = Upload(request.scope, receive, limit=given.limits.definition)
    return load_object(await upload.whole())


CoreDep = Annotated[Core, Depends(the_core)]
DoorsDep = Annotated[Doors, Depends(doors)]
NameDep = Annotated[str, Depends(known_name)]
ReadableNameDep = Annotated[str, Depends(readable_name)]
JobDep = Annotated[str, Depends(known_job)]
DefinitionDep = Annotated[dict[str, object], Depends(definition)]
