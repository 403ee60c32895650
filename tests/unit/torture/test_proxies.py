"""The proxy: passes bytes on until it is told not to."""

import asyncio
import time
from contextlib import suppress

import httpx
import pytest

from statuette.torture.proxies import Proxy


@pytest.fixture
async def proxy():
    async def answer(reader, writer):
        with suppress(asyncio.IncompleteReadError, ConnectionError):  # who was cut off asks nothing
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    made = Proxy(server.sockets[0].getsockname()[1])
    await made.start()
    yield made
    await made.stop()
    server.close()
    await server.wait_closed()


async def ask(proxy, **options):
    async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
        return await http.put(f"http://127.0.0.1:{proxy.port}/x", **options)


async def test_it_passes_on(proxy):
    answer = await ask(proxy)
    assert (answer.status_code, answer.text) == (200, "ok")


async def test_it_answers_503_and_is_well_again(proxy):
    proxy.failing = True
    answer = await ask(proxy, content=b"x" * 100_000)
    assert answer.status_code == 503
    assert len(answer.content) == int(answer.headers["content-length"])
    assert "SlowDown" in answer.text
    proxy.failing = False
    assert (await ask(proxy)).status_code == 200


async def test_it_is_slow_when_told(proxy):
    proxy.slow = 0.2
    began = time.monotonic()
    assert (await ask(proxy)).status_code == 200
    assert time.monotonic() - began >= 0.4


async def test_it_lets_nobody_in_and_cuts_who_is_there(proxy):
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    await asyncio.sleep(0.05)
    proxy.closed = True
    proxy.cut()
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()
    with pytest.raises(httpx.HTTPError):
        await ask(proxy)
