"""An application for `POST <prefix>/<service>` alone, without a framework: one prefix needs no router, and on these
paths microseconds count.
"""

from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from statuette.web.errors import PageNotFound
from statuette.web.guard import Guard


class Door(Protocol):
    """Serves one request to a service; what goes wrong before the answer begins is raised for the guard."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send, *, service: str) -> None: ...


def posting(prefix: str, door: Door) -> ASGIApp:
    """The door behind a guard. `prefix` is a folder such as `/run`; another method or depth is an unknown page."""

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            service = str(scope["path"]).removeprefix(f"{prefix}/")
            if scope["method"] != "POST" or service == scope["path"] or "/" in service:
                raise PageNotFound
            await door(scope, receive, send, service=service)

    return Guard(route)


async def _lifespan(receive: Receive, send: Send) -> None:
    """Nothing to start or stop: whoever joined the core owns it."""
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
