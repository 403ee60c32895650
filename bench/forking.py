"""A plain ASGI application that forks a script for each request: what calls are measured against.

`python -m bench.forking PORT SCRIPT`. No sandbox, no limits, no queue, no identity, no log.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from bench import processes
from bench.platform import until
from bench.weed import free_port

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Forking:
    """Answers with what the script says."""

    def __init__(self, script: str) -> None:
        self._script = script

    async def __call__(self, _scope: Message, receive: Receive, send: Send) -> None:
        more = True
        while more:
            more = (await receive()).get("more_body", False)
        child = await asyncio.create_subprocess_exec(
            "/bin/sh", self._script, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await child.communicate()
        length = str(len(said)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": said})


@contextmanager
def forking(script: Path) -> Iterator[str]:
    """The application as a process of its own; its address."""
    with serving("bench.forking", script) as url:
        yield url


@contextmanager
def serving(module: str, file: Path) -> Iterator[str]:
    """An application of ours (`python -m MODULE PORT FILE`) as a process of its own; its address."""
    port = free_port()
    child = subprocess.Popen([sys.executable, "-m", module, str(port), file])
    url = f"http://127.0.0.1:{port}/"

    def answers() -> bool:
        try:
            return httpx.post(url).is_success
        except httpx.HTTPError:
            return False

    try:
        until(answers, 30)
        yield url
    finally:
        processes.end(child, wait=10)


def fork(script: Path) -> float:
    """Milliseconds of one bare fork of a script, its output read."""
    began = time.perf_counter()
    subprocess.run(["/bin/sh", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    uvicorn.run(
        Forking(sys.argv[2]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
    )
