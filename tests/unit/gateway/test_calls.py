"""One call from the header to the last byte."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from statuette.core import Answer
from statuette.events.jobs import Outcome
from statuette.events.principals import ADMIN
from statuette.gateway import create_app
from statuette.web import Limits


class Everybody:
    async def authenticate(self, authorization: str):
        return ADMIN


class SlowToClose:
    """Calls whose context takes a moment to end, as a run being tidied up does."""

    def __init__(self) -> None:
        self.asked: list[tuple] = []
        self.closed = False

    @asynccontextmanager
    async def call(self, caller, service, body, *, source_ip=""):
        data = b"".join([chunk async for chunk in body])
        self.asked.append((caller, service, data, source_ip))
        yield Answer(
            outcome=Outcome.PUBLISHED, exit_code=0, reason="", storage_event=False, files=(), stdout=b"", stderr=b""
        )
        await asyncio.sleep(0.02)
        self.closed = True


class Server:
    """Speaks ASGI as servers do: after the answer, `receive` tells of a disconnect."""

    def __init__(self, path: str) -> None:
        headers = [(b"authorization", b"x"), (b"content-type", b"a/b")]
        self.scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "client": ("10.0.0.9", 1)}
        self.sent: list[dict] = []
        self._answered = asyncio.Event()
        self._body = [{"type": "http.request", "body": b"in"}]

    async def receive(self):
        if self._body:
            return self._body.pop()
        await self._answered.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._answered.set()


@pytest.fixture
def calls():
    return SlowToClose()


async def served(calls, path: str) -> Server:
    server = Server(path)
    app = create_app(SimpleNamespace(calls=calls), identity=Everybody(), limits=Limits())
    await app(server.scope, server.receive, server.send)
    return server


async def test_core_is_asked_with_caller_body_and_address(calls):
    server = await served(calls, "/run/hello")
    assert calls.asked == [(ADMIN, "hello", b"in", "10.0.0.9")]
    assert server.sent[0]["status"] == 200
    assert dict(server.sent[0]["headers"])[b"content-type"] == b"a/b"


async def test_end_of_an_answer_is_not_taken_for_leaving(calls):
    await served(calls, "/run/hello")
    assert calls.closed


@pytest.mark.parametrize("path", ["/run/-x", "/run/a b", "/run/é"])
async def test_core_is_not_asked_for_impossible_names(calls, path):
    assert (await served(calls, path)).sent[0]["status"] == 404
    assert calls.asked == []
