"""What only shows over a real connection: streams, callers who hang up, refusals before the body is sent."""

import asyncio
import contextlib

import httpx
import pytest
import uvicorn


@pytest.fixture
async def served(app, inside):
    """The applications behind a real HTTP server on a free port of the loopback."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    # The test runner owns the signals, so the server must not take them.
    server.capture_signals = contextlib.nullcontext
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", auth=inside.client.auth) as client:
        yield client
    server.should_exit = True
    await task


async def until(condition) -> None:
    for _ in range(100):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen within five seconds")


async def test_caller_who_hangs_up_kills_the_run(served, runs):
    definition = {"name": "slow", "image": "host", "script": "exec sleep 60"}
    assert (await served.post("/system/services", json=definition)).status_code == 201
    with pytest.raises(httpx.ReadTimeout):
        await served.post("/run/slow", content=b"{}", timeout=0.3)
    await until(lambda: runs.killed == 1)


async def test_calls_on_one_connection_one_after_another(served, inside):
    await inside.deploy("hello")
    for number in range(5):
        answer = await served.post("/run/hello", content=b'{"n": %d}' % number)
        assert answer.content == b'out {"n": %d}err\n' % number


async def test_followed_log_arrives_line_by_line(served, inside, core):
    await inside.deploy("hello")
    more = asyncio.Event()

    async def words():
        yield b"first\n"
        await more.wait()
        yield b"second\n"

    async def log(*_, **__):
        return words()

    core.jobs.log = log
    async with served.stream("GET", "/system/logs/hello/hello-1?follow=true") as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == "first"
        more.set()
        assert await anext(lines) == "second"


async def test_reader_who_leaves_ends_the_stream(served, inside, core):
    await inside.deploy("hello")
    ended = asyncio.Event()

    async def words():
        try:
            while True:
                yield b"again\n"
                await asyncio.sleep(0.05)
        finally:
            ended.set()

    async def log(*_, **__):
        return words()

    core.jobs.log = log
    async with served.stream("GET", "/system/logs/hello/hello-1?follow=true") as answer:
        await anext(answer.aiter_lines())
    await asyncio.wait_for(ended.wait(), 5)


async def test_refused_before_the_body_is_sent(served, inside):
    """A caller who asks first (`Expect`) is told 413 or 401 and sends nothing."""
    await inside.deploy("hello")
    host, port = served.base_url.host, served.base_url.port
    for headers, status in (("Content-Length: 999999999999", b"401"), (f"Authorization: {auth(served)}", b"413")):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(f"POST /run/hello HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n{headers}\r\n".encode())
        writer.write(b"Content-Length: 999999999999\r\n\r\n" if status == b"413" else b"\r\n")
        line = await asyncio.wait_for(reader.readline(), 5)
        assert line.split()[1] == status
        writer.close()
        await writer.wait_closed()


def auth(client: httpx.AsyncClient) -> str:
    return client.auth._auth_header
