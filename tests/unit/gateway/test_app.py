"""The gateway alone: its lifespan, and what it does not speak."""

from types import SimpleNamespace

import pytest

from statuette.gateway import create_app
from statuette.web import Limits


@pytest.fixture
def app():
    return create_app(SimpleNamespace(calls=None), identity=None, limits=Limits())


async def exchanged(app, scope: dict, *received: dict) -> list[dict]:
    messages, sent = list(received), []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    return sent


async def test_lifespan_is_answered(app):
    sent = await exchanged(app, {"type": "lifespan"}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_websockets_are_closed(app):
    sent = await exchanged(app, {"type": "websocket", "path": "/run/a"})
    assert sent == [{"type": "websocket.close", "code": 1000}]
