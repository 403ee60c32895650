"""Reading bodies, within limits."""

import asyncio

import pytest

from statuette.ports.errors import BadInput, TooLarge
from statuette.web import Disconnected, Upload

GONE = {"type": "http.disconnect"}


def piece(data: bytes, *, more: bool = False) -> dict:
    return {"type": "http.request", "body": data, "more_body": more}


def upload(*messages: dict, limit: int = 10, announced: bytes | None = None) -> Upload:
    left = list(messages)

    async def receive():
        return left.pop(0)

    headers = [] if announced is None else [(b"content-length", announced)]
    return Upload({"headers": headers}, receive, limit=limit)


async def test_pieces_are_joined():
    assert await upload(piece(b"ab", more=True), piece(b"", more=True), piece(b"c")).whole() == b"abc"


async def test_limit_is_inclusive():
    assert await upload(piece(b"x" * 10), announced=b"10").whole() == b"x" * 10


@pytest.mark.parametrize("announced", [b"11", b"9" * 30])
def test_announced_bodies_are_refused_unread(announced):
    with pytest.raises(TooLarge):
        upload(announced=announced)


@pytest.mark.parametrize("announced", [b"-1", b"ten", b"1.0", b"\xb2", b"+5"])
def test_length_that_is_no_number(announced):
    with pytest.raises(BadInput):
        upload(announced=announced)


async def test_unannounced_bodies_are_counted():
    with pytest.raises(TooLarge):
        await upload(piece(b"x" * 6, more=True), piece(b"x" * 6)).whole()


async def test_caller_who_leaves_halfway():
    with pytest.raises(Disconnected):
        await upload(piece(b"x", more=True), GONE).whole()


async def test_leaving_is_noticed_after_the_body_only():
    one = upload(piece(b"x"), piece(b""), GONE)
    watch = asyncio.create_task(one.left())
    await asyncio.sleep(0)
    assert not watch.done()
    assert await one.whole() == b"x"
    await watch
