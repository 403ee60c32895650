"""Calls: base64 out, base64 or plain back."""

import base64

import httpx
import pytest

from statuette.client import NotFound
from statuette.client.calls import decoded


async def test_a_call_sends_base64_and_decodes_the_answer(connect) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=base64.b64encode(base64.b64decode(request.content)[::-1]))

    async with connect(handler) as platform:
        assert await platform.calls.run("mirror", b"abc") == b"cba"


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        (b"aGVsbG8=", b"hello"),
        (b"aGVs\nbG8=\n", b"hello"),
        (b"plain words!", b"plain words!"),
        (b"", b""),
        (b"\xff\xfe", b"\xff\xfe"),
    ],
)
def test_what_is_no_base64_stays_as_it_is(body: bytes, meant: bytes) -> None:
    assert decoded(body) == meant


async def test_a_call_of_nobody_is_told(connect) -> None:
    async with connect(lambda _: httpx.Response(404)) as platform:
        with pytest.raises(NotFound, match="no service 'nobody'"):
            await platform.calls.run("nobody", b"")
