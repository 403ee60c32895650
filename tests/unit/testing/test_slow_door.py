"""The slow door, before a server that answers each line in capitals."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from statuette.testing.slow_door import SlowDoor, slow_door


@pytest.fixture
async def server() -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line.upper())
        writer.close()
        await writer.wait_closed()

    opened = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield opened.sockets[0].getsockname()[1]
    opened.close()


@pytest.fixture
async def door(server: int) -> AsyncIterator[SlowDoor]:
    async with SlowDoor("127.0.0.1", server).open() as made:
        yield made


async def said(door: SlowDoor, *lines: bytes) -> tuple[list[bytes], float]:
    """The answers, and the seconds they took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    began = time.monotonic()
    answers = []
    for line in lines:
        writer.write(line)
        answers.append(await reader.readline())
    writer.close()
    await writer.wait_closed()
    return answers, time.monotonic() - began


async def test_every_request_waits(door: SlowDoor) -> None:
    door.latency = 0.05
    answers, took = await said(door, b"a\n", b"b\n", b"c\n")
    assert answers == [b"A\n", b"B\n", b"C\n"]
    assert door.requests == 3
    assert took >= 0.15


async def test_bytes_come_slowly(door: SlowDoor) -> None:
    door.rate = 100_000
    _, took = await said(door, b"x" * 9_999 + b"\n", b"y\n")
    assert took >= 0.1


async def test_both_directions_can_be_changed(door: SlowDoor) -> None:
    door.up = lambda data: data.replace(b"a", b"b")
    door.down = lambda data: data.replace(b"X", b"z")
    assert (await said(door, b"abx\n"))[0] == [b"BBz\n"]


async def test_a_server_that_is_away_ends_the_connection() -> None:
    door = SlowDoor("127.0.0.1", 1)  # a port at which nobody listens here
    async with door.open():
        assert (await said(door, b"a\n"))[0] == [b""]


async def test_in_a_thread_of_its_own(server: int) -> None:
    with slow_door("127.0.0.1", server, latency=0.01) as door:
        assert (await said(door, b"a\n"))[0] == [b"A\n"]
