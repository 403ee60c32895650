"""Who calls: an `Authorization` header becomes a principal, or the request ends with 401."""

from starlette.types import Scope

from statuette.events.principals import Principal, PrincipalKind
from statuette.ports.identity import Identity
from statuette.web.errors import Unauthorized

CALLER = "statuette.caller"
"""Where the principal stands in the request's scope, for the request log."""


async def manager_caller(identity: Identity, scope: Scope) -> Principal:
    """The caller of a `/system` path: a person, never a service's token. Raises `Unauthorized` with a challenge."""
    caller = await _proved(identity, scope)
    if caller is None or caller.kind is PrincipalKind.SERVICE:
        raise Unauthorized(challenge=True)
    return caller


async def service_caller(identity: Identity, scope: Scope, *, service: str) -> Principal:
    """The caller of `/job` or `/run`: a person, or the holder of this very service's token. Raises `Unauthorized`."""
    caller = await _proved(identity, scope)
    if caller is None or (caller.kind is PrincipalKind.SERVICE and caller.id != service):
        raise Unauthorized(challenge=False)
    return caller


async def _proved(identity: Identity, scope: Scope) -> Principal | None:
    values = [value for key, value in scope["headers"] if key == b"authorization"]
    # Two headers are one too many: a proxy in front may have looked at the other one.
    if len(values) != 1:
        return None
    caller = await identity.authenticate(bytes(values[0]).decode("latin-1"))
    if caller is not None:
        scope[CALLER] = caller
    return caller
