"""The gateway as one ASGI application."""

from starlette.types import ASGIApp

from statuette.core import Core
from statuette.gateway.calls import CallDoor
from statuette.ports.identity import Identity
from statuette.web import Limits, posting


def create_app(core: Core, *, identity: Identity, limits: Limits) -> ASGIApp:
    """The services' door, ready to be served alone or beside the API (`web.split`)."""
    return posting("/run", CallDoor(core.calls, identity=identity, limits=limits).run)
