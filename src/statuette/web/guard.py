"""What surrounds every request at both doors: a clean path, errors become answers, a line for the request log."""

import logging
import time
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from statuette.web.bodies import Disconnected
from statuette.web.callers import CALLER
from statuette.web.errors import Refusal, refusal_of
from statuette.web.paths import clean_path

_log = logging.getLogger(__name__)
_requests = logging.getLogger("statuette.web.requests")

LEFT = 499
"""The status that the log shows when the caller left; nobody receives it."""


class Guard:
    """Middleware around a whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        answer = _Answer(send)
        inner = dict(scope)
        try:
            inner["path"] = clean_path(scope)
            await self._app(inner, receive, answer.send)
        except Disconnected:
            answer.status = LEFT
        except Exception as error:  # noqa: BLE001 - the last resort; what is not in the table is logged
            refusal = refusal_of(error)
            if not refusal.known or answer.status:
                _log.exception("a request failed", extra={"action": "request", "path": _shown(inner)})
            # With half an answer out nothing can be said any more: the server ends the connection, so the cut is seen.
            if not answer.status:
                await send_refusal(refusal, answer.send)
        finally:
            if _requests.isEnabledFor(logging.INFO):
                _write_line(inner, answer.status, seconds=time.perf_counter() - began)


class _Answer:
    """Passes an answer on and remembers how far it came."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)


async def send_refusal(refusal: Refusal, send: Send) -> None:
    """The whole answer for a refused request: a short plain text, or nothing."""
    body = refusal.text.encode("utf-8", "replace")
    headers = [(b"content-length", str(len(body)).encode()), *refusal.headers]
    if body:
        headers += [(b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff")]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _shown(scope: Scope) -> str:
    """The path as it may stand in a log: encoded, so without line breaks; without the query, which may hold a token."""
    return quote(scope["path"], errors="replace")[:512]


def _write_line(scope: Scope, status: int, *, seconds: float) -> None:
    caller = scope.get(CALLER)
    client = scope.get("client")
    shown = {
        "action": "request",
        "method": scope["method"],
        "path": _shown(scope),
        "status": status,
        "milliseconds": round(seconds * 1000, 3),
        "client": client[0] if client else "",
        "caller": caller.id if caller else "",
    }
    _requests.info("%s %s %d", shown["method"], shown["path"], status, extra=shown)
