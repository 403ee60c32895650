"""Bodies of requests: limits, reading piece by piece, and noticing that the caller left."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

from starlette.types import Receive, Scope

from statuette.ports.errors import BadInput, Fault, TooLarge

MIB = 1024 * 1024


class Disconnected(Fault):
    """The caller left before the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The largest bodies taken, in bytes. `spool` is the folder for large answers being packed (None: the system's)."""

    definition: int = 4 * MIB
    job: int = 1024 * MIB
    call: int = 256 * MIB
    spool: Path | None = None


def header(scope: Scope, name: bytes) -> str:
    """The value of a request's header, "" without it; `name` in lower case."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value).decode("latin-1")
    return ""


class Upload:
    """One request's body, to be read once. Raises `TooLarge` at once where more than `limit` bytes are announced."""

    def __init__(self, scope: Scope, receive: Receive, *, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._read = asyncio.Event()
        announced = header(scope, b"content-length").strip()
        if announced and not (announced.isascii() and announced.isdigit()):
            raise BadInput("Content-Length is not a number")
        # A number of very many digits is too large whatever it says, and int() would refuse it.
        if announced and (len(announced) > 18 or int(announced) > limit):
            raise TooLarge(f"the body is larger than {limit} bytes")

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes. Raises `TooLarge`, `Disconnected`."""
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            data: bytes = message.get("body", b"")
            size += len(data)
            if size > self._limit:
                raise TooLarge(f"the body is larger than {self._limit} bytes")
            if data:
                yield data
            if not message.get("more_body", False):
                self._read.set()
                return

    async def whole(self) -> bytes:
        """The body in one piece, for small ones. Raises `TooLarge`, `Disconnected`."""
        return b"".join([chunk async for chunk in self.chunks()])

    async def left(self) -> None:
        """Return when the caller is gone; waits until the body is read, since both come by the same way."""
        await self._read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
