"""Work over connections that break: every answer may be lost on its way, and nothing is lost or done twice for it."""

import asyncio
from functools import partial
from pathlib import Path

import httpx
import pytest

from statuette.core.dispatch import LEASE_TTL
from statuette.events.jobs import JobState, Outcome
from statuette.events.leases import Report
from statuette.ports.errors import Forbidden, LeaseLost, Unavailable
from statuette.supervisor.patience import insist
from statuette.testing.clock import VirtualClock
from statuette.testing.work_suite import DONE, RUNNER, manifest_of, payload_of, raw, stored


class Cut(httpx.AsyncBaseTransport):
    """Loses the answers of the next `cuts` requests to `path`, after the manager has done what they asked."""

    def __init__(self, inner):
        self.inner, self.path, self.cuts = inner, "", 0

    async def handle_async_request(self, request):
        response = await self.inner.handle_async_request(request)
        await response.aread()
        if request.url.path.endswith(self.path) and self.cuts:
            self.cuts -= 1
            raise httpx.ReadError("the connection was cut", request=request)
        return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(response.content))


@pytest.fixture
def cut(far):
    transport = Cut(far.transport)
    far.work = far.join(transport).work
    return transport


def losing(cut, path, count=1):
    cut.path, cut.cuts = path, count


async def one(far):
    [assignment] = await asyncio.wait_for(far.work.lease(RUNNER), 10)
    return assignment


async def test_a_last_word_whose_answer_was_lost_counts_as_said(far, cut):
    job = await far.job(raw())
    lease = (await one(far)).lease
    losing(cut, "/report", 2)
    await insist(partial(far.work.report, lease, DONE), clock=VirtualClock(), patience=60)
    assert cut.cuts == 0
    assert await far.state(job) is JobState.PUBLISHED


async def test_a_commit_whose_answer_was_lost_is_the_same_commit(far, cut):
    job = await far.job(raw())
    lease = (await one(far)).lease
    losing(cut, "/commit")
    page = await insist(partial(far.work.commit, lease, manifest_of(lease, "a")), clock=VirtualClock(), patience=60)
    _, commit = await far.ledger.jobs.history(job)
    assert (page.commit.id, page.commit.generation) == (commit.id, 1)


async def test_work_whose_answer_was_lost_is_given_again(far, cut):
    job = await far.job(raw())
    losing(cut, "/lease")
    with pytest.raises(Unavailable):
        await far.work.lease(RUNNER)
    assert (await one(far)).lease.job == job
    second = await far.job(raw())
    assert (await one(far)).lease.job == second


async def test_a_withdrawal_whose_answer_was_lost_is_told_again(far, cut):
    await far.job(raw())
    lease = (await one(far)).lease
    far.withdraw(lease)
    losing(cut, "/cancelled")
    with pytest.raises(Unavailable):
        await far.work.cancelled(RUNNER)
    assert await far.work.cancelled(RUNNER) == (lease,)


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_body_that_broke_off_is_fetched_again(far, cut):
    await far.job(await far.large(b"x" * 500_000))
    losing(cut, "/body")
    with pytest.raises(Unavailable):
        await far.work.lease(RUNNER)
    given = await one(far)
    assert await asyncio.to_thread(payload_of, given) == b"x" * 500_000
    assert list(far.folder.glob("tmp*")) == [], "it has no name on the disk"
    before = open_files()
    await far.work.report(given.lease, DONE)
    assert open_files() < before


async def test_a_calls_files_whose_answer_was_lost_are_sent_again(far, cut, tmp_path):
    call = far.call(raw(b"{}"))
    lease = (await one(far)).lease
    sealed = tmp_path / "call"
    (sealed / "out").mkdir(parents=True)
    (sealed / "out/a").write_bytes(b"1")
    say = partial(far.work.report, lease, DONE, sealed=str(sealed))
    losing(cut, "/answer")
    with pytest.raises(Unavailable):
        await say()
    losing(cut, "/report")
    with pytest.raises(Unavailable):
        await say()
    assert sealed.exists(), "nobody knows yet whether it was heard"
    await say()
    _, folder = await far.answered(call)
    assert (Path(folder) / "out/a").read_bytes() == b"1"
    assert not sealed.exists()


async def test_a_lease_that_is_cancelled_leaves_its_work_to_the_next_one(far):
    far.work = far.side.work
    leasing = asyncio.create_task(far.work.lease(RUNNER))
    await asyncio.sleep(0.1)
    job = await far.job(raw())
    leasing.cancel()
    await asyncio.gather(leasing, return_exceptions=True)
    assert (await one(far)).lease.job == job


async def test_an_input_fetched_late_has_a_new_address(far):
    event = stored()
    await far.store.buckets.create("box")
    await far.job(event)
    side = far.side
    [given] = await side.work.lease(RUNNER)
    first = await side.book.find("GET", event.object)
    await far.clock.advance(LEASE_TTL - 5)
    second = await side.book.find("GET", event.object)
    assert first.url != second.url
    await far.expire()
    with pytest.raises(Forbidden):
        await side.book.find("GET", event.object)
    with pytest.raises(LeaseLost):
        await side.work.report(given.lease, DONE)


async def test_an_upload_that_comes_late_has_a_new_address(far):
    await far.job(raw())
    side = far.side
    [given] = await side.work.lease(RUNNER)
    page = await side.work.commit(given.lease, manifest_of(given.lease, "a"))
    target = page.uploads[0].target
    first = await side.book.find("PUT", target)
    for _ in range(2):
        await far.clock.advance(LEASE_TTL - 15)
        assert not await side.work.renew([given.lease], started={})
    assert (await side.book.find("PUT", target)).url != first.url
    await far.expire()
    await far.clock.advance(LEASE_TTL)
    with pytest.raises(LeaseLost):
        await side.book.find("PUT", target)


async def test_the_log_is_with_the_manager_before_the_last_word(far):
    job = await far.job(raw())
    side = far.side
    [given] = await side.work.lease(RUNNER)
    sink = side.logs.open("cat", job, 1, secrets=())
    sink.write("stdout", b"said\n" * 100_000)
    sink.close()
    await side.work.report(given.lease, Report(outcome=Outcome.SCRIPT_FAILED, exit_code=1))
    parts = far.logs.read("cat", job, 1, timestamps=False, follow=False)
    assert len(b"".join([part async for part in parts])) == 500_000
