"""The gateway as one ASGI application, without a framework: one prefix needs no router, and here microseconds count."""

from starlette.types import ASGIApp, Receive, Scope, Send

from statuette.core import Core
from statuette.gateway.calls import CallDoor
from statuette.ports.identity import Identity
from statuette.web import Guard, Limits, PageNotFound

_PREFIX = "/run/"


def create_app(core: Core, *, identity: Identity, limits: Limits) -> ASGIApp:
    """The services' door, ready to be served alone or beside the API (`web.split`)."""
    door = CallDoor(core.calls, identity=identity, limits=limits)

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            service = str(scope["path"]).removeprefix(_PREFIX)
            if scope["method"] != "POST" or service == scope["path"] or "/" in service:
                raise PageNotFound
            await door.run(scope, receive, send, service=service)

    return Guard(route)


async def _lifespan(receive: Receive, send: Send) -> None:
    """Nothing to start or stop: whoever joined the core owns it."""
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
