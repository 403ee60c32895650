"""A plain ASGI application that keeps each request's body before it answers: what `POST /job` is measured against.

`python -m bench.keeping PORT FILE`. Bodies become lines of a file; whatever has gathered while the last sync went on is
written and synced together, in a thread, and only then is each answered 201. No identity, no events, no index, no log.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from bench.forking import Message, Receive, Send, serving


class Keeping:
    """Appends to one file."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def __call__(self, _scope: Message, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        await self._kept(body)
        await send({"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def _kept(self, line: bytes) -> None:
        kept = asyncio.get_running_loop().create_future()
        self._waiting.append((line, kept))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await kept

    async def _write(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting, []
            await asyncio.to_thread(self._sync, b"".join(line + b"\n" for line, _ in some))
            for _, kept in some:
                kept.set_result(None)

    def _sync(self, lines: bytes) -> None:
        os.write(self._file, lines)
        os.fdatasync(self._file)


@contextmanager
def keeping(file: Path) -> Iterator[str]:
    """The application as a process of its own; its address."""
    with serving("bench.keeping", file) as url:
        yield url


if __name__ == "__main__":
    uvicorn.run(
        Keeping(Path(sys.argv[2])),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
    )
