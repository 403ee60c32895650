"""The guard: answers for errors, half answers, the request log."""

import logging

import pytest

from statuette.events.principals import ADMIN
from statuette.ports.errors import Conflict
from statuette.web import Disconnected, Guard
from statuette.web.callers import CALLER

LOGGER = "statuette.web.requests"


def scope(path: str = "/a") -> dict:
    return {"type": "http", "method": "GET", "path": path, "raw_path": b"", "headers": [], "client": ("10.0.0.1", 5)}


async def answered(app, asked: dict | None = None) -> list[dict]:
    sent: list[dict] = []

    async def send(message):
        sent.append(message)

    await Guard(app)(asked or scope(), None, send)
    return sent


async def test_half_an_answer_gets_no_second_status(caplog):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise Conflict("too late")

    sent = await answered(app)
    assert [message["type"] for message in sent] == ["http.response.start"]
    assert "a request failed" in caplog.text


async def test_refusals_leave_no_traceback(caplog):
    async def app(scope, receive, send):
        raise Conflict("taken")

    sent = await answered(app)
    assert (sent[0]["status"], sent[1]["body"]) == (409, b"taken")
    assert "Traceback" not in caplog.text


async def test_log_line_has_who_what_and_how_but_no_query(caplog):
    async def app(scope, receive, send):
        scope[CALLER] = ADMIN
        await send({"type": "http.response.start", "status": 204, "headers": []})

    with caplog.at_level(logging.INFO, LOGGER):
        await answered(app, scope("/a b/") | {"query_string": b"token=hidden"})
    line = caplog.records[0]
    assert (line.action, line.method, line.path, line.status) == ("request", "GET", "/a%20b", 204)
    assert (line.client, line.caller) == ("10.0.0.1", "cluster_admin")
    assert line.milliseconds >= 0
    assert "hidden" not in repr(vars(line))


@pytest.mark.parametrize("path", ["/a\nGET /forged 200", "/a\x1b[2J"])
async def test_log_line_cannot_be_forged(caplog, path):
    async def app(scope, receive, send):
        raise AssertionError("never asked")

    with caplog.at_level(logging.INFO, LOGGER):
        sent = await answered(app, scope(path))
    assert sent[0]["status"] == 404
    assert caplog.messages[0].isprintable()


async def test_caller_who_left_gets_nothing(caplog):
    async def app(scope, receive, send):
        raise Disconnected

    with caplog.at_level(logging.INFO, LOGGER):
        assert await answered(app) == []
    assert caplog.records[0].status == 499
    assert len(caplog.records) == 1
