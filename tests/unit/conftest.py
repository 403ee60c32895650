"""A small HTTP server whose answers are a function: what is spoken to it goes over a real socket, byte by byte."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest


@dataclass(frozen=True)
class Asked:
    """One request as it came; header names are lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


def reply(status: int = 200, body: bytes | str = b"", **headers: str) -> bytes:
    """The bytes of an answer; `content_length` may be given wrong."""
    raw = body.encode() if isinstance(body, str) else body
    lines = {"content-length": str(len(raw)), "connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + raw


@dataclass
class Wire:
    """Set `answer`; read what was asked in `asked`. An empty answer closes the connection without a word."""

    url: str = ""
    answer: Callable[[Asked], bytes] = lambda _: reply()
    asked: list[Asked] = field(default_factory=list)
    reply = staticmethod(reply)

    def always(self, status: int = 200, body: bytes | str = b"", **headers: str) -> None:
        """Answer every request so."""
        raw = reply(status, body, **headers)
        self.answer = lambda _: raw

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection with one request."""
        try:
            asked = await _request(reader)
            self.asked.append(asked)
            writer.write(self.answer(asked))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _request(reader: asyncio.StreamReader) -> Asked:
    head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
    method, target, _ = head.split(" ")
    headers = {name.lower(): value for name, value in (re.split(r":\s*", line, maxsplit=1) for line in lines)}
    return Asked(method, target, headers, await reader.readexactly(int(headers.get("content-length", 0))))


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    """The server, on a free port of this machine."""
    found = Wire()
    server = await asyncio.start_server(found.talk, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield found
    await asyncio.sleep(0)  # the last connections see their end


@pytest.fixture
def free_port() -> int:
    """A port at which nobody listens (just now)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
