"""The supervisor over HTTP, without a ledger and a key, on connections that lose what they like."""

import asyncio
import io
import random

import httpx
import pytest
from tests.unit.supervisor.conftest import FolderRunner, copy_input

from statuette.adapters.clock_system import SystemClock
from statuette.adapters.work_http import objects as objects_module
from statuette.events.event import Event, EventKind
from statuette.events.jobs import JobState, Outcome
from statuette.events.objects import ObjectRef
from statuette.supervisor import Limits, Supervisor
from statuette.testing.clock import VirtualClock
from statuette.testing.work_suite import RUNNER


class Lossy(httpx.AsyncBaseTransport):
    """Loses some requests before and some answers after the manager did what they asked, by a seed."""

    def __init__(self, inner, seed, *, rate):
        self.inner, self.random, self.rate, self.lost = inner, random.Random(seed), rate, 0

    async def handle_async_request(self, request):
        fate = self.random.random()
        if fate < self.rate / 2:
            self.lost += 1
            raise httpx.ConnectError("lost on its way", request=request)
        response = await self.inner.handle_async_request(request)
        content = await response.aread()
        if fate < self.rate:
            self.lost += 1
            raise httpx.ReadError("its answer was lost", request=request)
        return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(content))


@pytest.fixture
async def box(far):
    """Jobs for objects in the bucket `box`."""
    await far.store.buckets.create("box")

    async def put(key, data):
        ref = ObjectRef(bucket="box", key=key)
        await far.store.objects.put(ref, io.BytesIO(data), size=len(data), metadata={})
        info = await far.store.objects.head(ref)
        where = ObjectRef(bucket="box", key=key, version=info.version)
        return await far.job(Event(kind=EventKind.STORAGE, object=where, principal="alice"))

    return put


async def read(far, key):
    sink = io.BytesIO()
    await far.store.objects.fetch(ObjectRef(bucket="box", key=key), sink)
    return sink.getvalue()


def supervisor(far, side, *, clock, objects=None):
    return Supervisor(
        work=side.work if objects is None else far.dispatch,
        objects=objects or side.objects,
        logs=side.logs,
        clock=clock,
        sealed_root=far.folder / "sealed",
        limits=Limits(reserve=0),
    )


async def served(far, side, runner, jobs):
    """Serve until all these jobs are settled or unpublished."""
    serving = asyncio.create_task(supervisor(far, side, clock=SystemClock()).serve(runner))
    over = (JobState.PUBLISHED, JobState.UNPUBLISHED, JobState.FAILED, JobState.DEAD)
    async with asyncio.timeout(60):
        while not all([await far.state(job) in over for job in jobs]):  # noqa: ASYNC110 - a ledger gives no sign
            await asyncio.sleep(0.02)
    far.dismiss()
    return await asyncio.wait_for(serving, 20)


def talkative(host, order, output):
    output("stdout", b"copying\n")
    copy_input(host, order, output)


async def test_a_job_is_done_without_a_key(far, box):
    job = await box("in/a.txt", b"hello")
    runner = FolderRunner(far.folder / "workspace", talkative, name=RUNNER)
    assert await served(far, far.side, runner, [job]) is True
    assert await read(far, "out/a.txt") == b"hello"
    info = await far.store.objects.head(ObjectRef(bucket="box", key="out/a.txt"))
    assert info.metadata["statuette-commit"]
    assert (
        b"".join([part async for part in far.logs.read("cat", job, 1, timestamps=False, follow=False)]) == b"copying\n"
    )
    assert list((far.folder / "sealed").iterdir()) == []


@pytest.mark.parametrize("seed", range(3))
async def test_nothing_is_lost_or_done_twice_when_one_message_in_five_is_lost(far, box, seed):
    lossy = Lossy(far.transport, seed, rate=0.2)
    jobs = [await box(f"in/{number}.txt", b"%d" % number) for number in range(25)]
    runner = FolderRunner(far.folder / "workspace", talkative, name=RUNNER)
    await served(far, far.join(lossy, clock=SystemClock()), runner, jobs)
    assert lossy.lost > 5
    assert {await far.state(job) for job in jobs} == {JobState.PUBLISHED}
    for number, job in enumerate(jobs):
        assert await read(far, f"out/{number}.txt") == b"%d" % number
        attempts, commit = await far.ledger.jobs.history(job)
        assert ([one.outcome for one in attempts], commit.generation) == ([Outcome.PUBLISHED], 1)
        log = b"".join([part async for part in far.logs.read("cat", job, 1, timestamps=False, follow=False)])
        assert log == b"copying\n"
    assert len(runner.orders) == 25


async def test_what_is_too_large_for_one_request_is_stored_by_the_manager(far, box, monkeypatch):
    monkeypatch.setattr(objects_module, "LARGEST", 4)
    job = await box("in/big.txt", b"hello")
    runner = FolderRunner(far.folder / "workspace", copy_input, name=RUNNER)
    await served(far, far.side, runner, [job])
    assert await far.state(job) is JobState.UNPUBLISHED
    publisher = supervisor(far, far.side, clock=VirtualClock(), objects=far.store.objects)
    publishing = asyncio.create_task(publisher.publish_leftovers())
    async with asyncio.timeout(20):
        while await far.state(job) is not JobState.PUBLISHED:
            await far.clock.advance(5)
            await asyncio.sleep(0.01)
    publishing.cancel()
    assert await read(far, "out/big.txt") == b"hello"
    assert len(runner.orders) == 1, "the script is not run again"
