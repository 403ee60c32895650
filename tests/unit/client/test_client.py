"""The client: one connection behind all its nouns, closed when it is left."""

import httpx
import pytest

from statuette.client import Client, Connection, Unreachable


class Counted(httpx.AsyncBaseTransport):
    """Answers everything with nothing; knows whether it was closed and what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.method, request.url.path))
        if request.url.path == "/away/system/info":
            raise httpx.ConnectError("refused")
        return httpx.Response(200, json=[])

    async def aclose(self) -> None:
        self.closed = True


async def test_all_nouns_speak_over_the_one_connection() -> None:
    transport = Counted()
    async with Client(Connection("http://platform.test", "oscar", "s3cret"), transport=transport) as platform:
        assert platform.endpoint == "http://platform.test"
        await platform.services.all()
        await platform.calls.run("ocr", b"x")
        assert not transport.closed
    assert transport.asked == [("GET", "/system/services"), ("POST", "/run/ocr")]
    assert transport.closed


async def test_it_is_closed_after_a_fault_too() -> None:
    transport = Counted()
    with pytest.raises(Unreachable):
        async with Client(Connection("http://platform.test/away", "oscar", "s3cret"), transport=transport) as platform:
            await platform.system.info()
    assert transport.closed
