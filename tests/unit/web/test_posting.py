"""An application for one prefix: what it hands to its door, and what it says to everything else."""

import pytest

from statuette.web import posting


class Remembering:
    """Answers 200 and keeps the services it was asked for."""

    def __init__(self):
        self.services = []

    async def __call__(self, scope, receive, send, *, service):
        self.services.append(service)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def door():
    return Remembering()


async def exchanged(door, scope: dict, *received: dict) -> list[dict]:
    messages, sent = list(received), []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    await posting("/job", door)(scope, receive, send)
    return sent


async def asked(door, method: str, path: str) -> int:
    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "headers": []}
    return (await exchanged(door, scope))[0]["status"]


@pytest.mark.parametrize("path", ["/job/a", "/job/a/"])
async def test_a_post_to_one_service_goes_to_the_door(door, path):
    assert await asked(door, "POST", path) == 200
    assert door.services == ["a"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/job/a"), ("HEAD", "/job/a"), ("POST", "/job"), ("POST", "/job/"), ("POST", "/job/a/b"), ("POST", "/a")],
)
async def test_anything_else_is_no_page(door, method, path):
    assert await asked(door, method, path) == 404
    assert door.services == []


async def test_lifespan_is_answered(door):
    sent = await exchanged(door, {"type": "lifespan"}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_websockets_are_closed(door):
    sent = await exchanged(door, {"type": "websocket", "path": "/job/a"})
    assert sent == [{"type": "websocket.close", "code": 1000}]
