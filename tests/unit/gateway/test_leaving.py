"""A caller who leaves takes his call with him; nobody else's cancellation is swallowed."""

import asyncio

import pytest

from statuette.gateway.leaving import EndsWithCaller
from statuette.web import Disconnected, Upload


class Caller:
    """Sends his body at once and leaves when told to."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self._body = [{"type": "http.request", "body": b"x"}]
        self.upload = Upload({"headers": []}, self._receive, limit=10)

    async def _receive(self):
        if self._body:
            return self._body.pop()
        await self.gone.wait()
        return {"type": "http.disconnect"}


async def call(caller: Caller, work: float = 60) -> str:
    async with EndsWithCaller(caller.upload) as watch:
        await caller.upload.whole()
        await asyncio.sleep(work)
        watch.stay()
        await asyncio.sleep(0.02)
        return "answered"


async def test_leaving_ends_the_work():
    caller = Caller()
    task = asyncio.create_task(call(caller))
    await asyncio.sleep(0.01)
    caller.gone.set()
    with pytest.raises(Disconnected):
        await task
    assert not task.cancelled()


async def test_staying_gets_the_answer():
    assert await call(Caller(), 0) == "answered"


async def test_leaving_while_the_answer_is_sent_changes_nothing():
    caller = Caller()
    task = asyncio.create_task(call(caller, 0.01))
    await asyncio.sleep(0.02)
    caller.gone.set()
    assert await task == "answered"


async def test_cancellation_from_outside_stays_one():
    task = asyncio.create_task(call(Caller()))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_both_at_once_is_a_cancellation():
    caller = Caller()
    task = asyncio.create_task(call(caller))
    await asyncio.sleep(0.01)
    caller.gone.set()
    await asyncio.sleep(0)  # the watch has seen it and cancelled, the work has not been told yet
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_errors_of_the_work_pass():
    with pytest.raises(ValueError, match="mine"):
        async with EndsWithCaller(Caller().upload):
            raise ValueError("mine")
