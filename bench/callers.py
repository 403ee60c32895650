"""Callers that cost little: HTTP/1.1 over kept connections, written out by hand, so that the server is measured."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import uvloop


@dataclass(frozen=True, slots=True)
class Burst:
    """What some callers saw: each call's milliseconds, and calls per second of all together."""

    milliseconds: list[float]
    per_second: float


def burst(url: str, *, calls: int, callers: int = 1, headers: Sequence[str] = (), body: bytes = b"{}") -> Burst:
    """Call `url` that many times in all, each caller one call after another. Raises on any answer but 200 and 201."""
    return uvloop.run(_burst(url, calls=calls, callers=callers, headers=headers, body=body))


async def _burst(url: str, *, calls: int, callers: int, headers: Sequence[str], body: bytes) -> Burst:
    parts = urlsplit(url)
    head = [
        f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}", "Content-Type: application/json",
        f"Content-Length: {len(body)}", *headers,
    ]  # fmt: skip
    request = "\r\n".join(head).encode() + b"\r\n\r\n" + body
    left = iter(range(calls))
    began = time.perf_counter()
    times = await asyncio.gather(*(_caller(parts.hostname, parts.port, request, left) for _ in range(callers)))
    took = time.perf_counter() - began
    return Burst([one for caller in times for one in caller], calls / took)


async def _caller(host: str | None, port: int | None, request: bytes, left: Iterator[int]) -> list[float]:
    reader, writer = await asyncio.open_connection(host, port)
    times: list[float] = []
    try:
        for _ in left:
            began = time.perf_counter()
            writer.write(request)
            await _answer(reader)
            times.append((time.perf_counter() - began) * 1000)
    finally:
        writer.close()
    return times


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next((int(line[15:]) for line in head.split("\r\n") if line.startswith("content-length:")), 0)
    body = await reader.readexactly(length)
    if head.split(" ", 2)[1] not in ("200", "201"):
        raise RuntimeError(f"a call failed: {head.splitlines()[0]} {body[:300]!r}")
    return body
