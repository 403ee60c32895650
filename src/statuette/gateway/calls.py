"""`POST /run/<service>`: one synchronous call."""

import time
from collections.abc import AsyncIterator
from contextlib import aclosing

from starlette.types import Receive, Scope, Send

from statuette.core import Answer, Calls
from statuette.events.jobs import Outcome
from statuette.gateway.encoding import Reply, reply_of
from statuette.gateway.failures import failure_of
from statuette.gateway.leaving import EndsWithCaller
from statuette.ports.errors import NotFound
from statuette.ports.identity import Identity
from statuette.web import SERVICE_NAME, Limits, Upload, service_caller
from statuette.web.bodies import header

_TEXT = "text/plain; charset=utf-8"


class CallDoor:
    """Takes calls and brings their answers."""

    def __init__(self, calls: Calls, *, identity: Identity, limits: Limits) -> None:
        self._calls = calls
        self._identity = identity
        self._limits = limits

    async def run(self, scope: Scope, receive: Receive, send: Send, *, service: str) -> None:
        """Serve one request; everything that goes wrong before the answer begins is raised for the guard."""
        began = time.perf_counter()
        caller = await service_caller(self._identity, scope, service=service)
        if not SERVICE_NAME.fullmatch(service):
            raise NotFound
        upload = Upload(scope, receive, limit=self._limits.call)
        client = scope.get("client")
        source = client[0] if client else ""
        async with (
            EndsWithCaller(upload) as watch,
            aclosing(upload.chunks()) as body,
            self._calls.call(caller, service, body, source_ip=source) as answer,
        ):
            reply = await self._reply(answer, scope)
            watch.stay()
            await _send_reply(reply, send, seconds=time.perf_counter() - began)

    async def _reply(self, answer: Answer, scope: Scope) -> Reply:
        if answer.outcome is not Outcome.PUBLISHED:
            return await failure_of(answer)
        return await reply_of(answer, content_type=_content_type(scope), spool=self._limits.spool)


def _content_type(scope: Scope) -> str:
    """The request's, as the contract has it, unless it is missing or no header we would write."""
    given = header(scope, b"content-type").strip()
    return given if given.isascii() and given.isprintable() and 0 < len(given) <= 256 else _TEXT


async def _send_reply(reply: Reply, send: Send, *, seconds: float) -> None:
    headers = [
        (b"content-type", reply.content_type.encode("ascii")),
        (b"content-length", str(reply.length).encode()),
        (b"x-duration-seconds", f"{seconds:.6f}".encode()),
        (b"x-content-type-options", b"nosniff"),
        *reply.headers,
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if isinstance(reply.body, bytes):
        await send({"type": "http.response.body", "body": reply.body})
        return
    await _send_stream(reply.body, send)


async def _send_stream(chunks: AsyncIterator[bytes], send: Send) -> None:
    async for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
