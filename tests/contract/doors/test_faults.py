"""What goes wrong behind the doors, and what the caller sees of it: the error table, at each door."""

import asyncio
import errno
import logging

import pytest

from statuette.core import Answer
from statuette.events.jobs import Outcome
from statuette.ports import errors

TABLE = [
    (errors.BadInput("the first\nthe second"), 400, "the first\nthe second"),
    (errors.Forbidden("not yours"), 403, "not yours"),
    (errors.NotFound("no such thing"), 404, ""),
    (errors.Conflict("in use"), 409, "in use"),
    (errors.TooLarge("too much"), 413, "too much"),
    (errors.Busy("full", retry_after=2.2), 503, "full"),
    (errors.Unavailable("away"), 503, "away"),
    (errors.StoreUnavailable(), 503, "The object store does not answer."),
    (errors.LedgerUnavailable(), 503, "The ledger cannot be written."),
    (errors.DiskFull(), 503, "There is no room left on the platform's disk."),
    (OSError(errno.ENOSPC, "/secret/path"), 503, "There is no room left on the platform's disk."),
    (errors.ObjectGone(), 404, ""),
    (errors.RunnerLost(), 502, "The runner died while it worked."),
    (RuntimeError("a secret detail"), 500, ""),
]
OUTCOMES = [
    (Outcome.SCRIPT_FAILED, 500),
    (Outcome.BAD_OUTPUT, 500),
    (Outcome.OUT_OF_MEMORY, 500),
    (Outcome.TIMED_OUT, 504),
    (Outcome.RUNNER_DIED, 502),
    (Outcome.SUPERSEDED, 404),
    (Outcome.PLATFORM_FAULT, 503),
    (Outcome.UNPUBLISHED, 503),
    (Outcome.RETURNED, 503),
    (Outcome.CANCELLED, 503),
]


@pytest.mark.parametrize("path", ["/job/hello", "/run/hello"])
@pytest.mark.parametrize(("error", "status", "text"), TABLE, ids=lambda value: type(value).__name__)
async def test_error_becomes_a_status(inside, runs, path, error, status, text):
    runs.raises = error
    answer = await inside.client.post(path, content=b"{}")
    assert (answer.status_code, answer.text) == (status, text)
    assert ("retry-after" in answer.headers) == (status == 503)
    if isinstance(error, errors.Busy):
        assert answer.headers["retry-after"] == "3"
    if text:
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_unexpected_errors_are_told_to_the_log_only(inside, runs, caplog):
    runs.raises = RuntimeError("a detail")
    with caplog.at_level(logging.ERROR):
        answer = await inside.client.post("/run/hello", content=b"{}")
    assert (answer.status_code, answer.content) == (500, b"")
    assert "a detail" in caplog.text


@pytest.mark.parametrize(("outcome", "status"), OUTCOMES)
async def test_every_outcome_of_a_call_has_a_status(inside, runs, tmp_path, outcome, status):
    await inside.deploy("hello")
    (tmp_path / "err").write_bytes(b"x" * 20000 + b"\nthe end \xff\n")
    runs.answer = Answer(
        outcome=outcome, exit_code=None, reason="because", storage_event=False, files=(), stdout=b"",
        stderr=tmp_path / "err",
    )  # fmt: skip
    answer = await inside.client.post("/run/hello", content=b"{}")
    assert answer.status_code == status
    assert "because" in answer.text.splitlines()[0]
    assert answer.content.endswith(b"the end \xff\n")
    assert len(answer.content) < 10000
    assert ("retry-after" in answer.headers) == (status == 503)


async def test_s33_denied_logs_are_403(inside, core):
    await inside.deploy("hello")

    async def denied(*_, **__):
        raise errors.Forbidden("not yours to see")

    core.jobs.page = core.jobs.log = denied
    for path in ("/system/logs/hello", "/system/logs/hello/hello-1"):
        answer = await inside.client.get(path)
        assert (answer.status_code, answer.text) == (403, "not yours to see")


class Leaver:
    """A caller, spoken to in ASGI's words, who leaves when told to."""

    def __init__(self, authorization: str) -> None:
        headers = [(b"authorization", authorization.encode())]
        self.scope = {
            "type": "http", "method": "POST", "path": "/run/slow", "raw_path": b"/run/slow", "query_string": b"",
            "headers": headers, "client": ("127.0.0.1", 1),
        }  # fmt: skip
        self.left = asyncio.Event()
        self.sent: list[dict[str, object]] = []
        self._messages = [{"type": "http.request", "body": b"{}", "more_body": False}]

    async def receive(self):
        if self._messages:
            return self._messages.pop()
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.sent.append(message)


@pytest.fixture
async def slow(inside):
    definition = {"name": "slow", "image": "host", "script": "exec sleep 60"}
    await inside.client.post("/system/services", json=definition)
    return Leaver(inside.client.auth._auth_header)


async def test_caller_who_leaves_ends_his_call(app, runs, slow):
    task = asyncio.create_task(app(slow.scope, slow.receive, slow.send))
    await asyncio.sleep(0.1)
    assert not task.done()
    slow.left.set()
    await asyncio.wait_for(task, 5)
    assert runs.killed == 1
    assert slow.sent == []


async def test_cancelled_by_the_server_stays_cancelled(app, runs, slow):
    task = asyncio.create_task(app(slow.scope, slow.receive, slow.send))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert runs.killed == 1
