"""The loop against a platform that is away or has given the work to another."""

import asyncio

import pytest

from statuette.events.jobs import Outcome
from statuette.ports.errors import LeaseLost, LedgerUnavailable, RunnerLost
from statuette.supervisor import Limits
from statuette.testing.clock import VirtualClock
from statuette.testing.work import MemoryWork


class FaultyWork(MemoryWork):
    """Raises `fault` the first `times` times that `step` is asked for."""

    def __init__(self, *, step, fault, times, rules):
        super().__init__(rules=rules)
        self.step, self.fault, self.times = step, fault, times

    def _fail(self, step):
        if step == self.step and self.times:
            self.times -= 1
            raise self.fault

    async def lease(self, runner, *, limit=1):
        self._fail("lease")
        return await super().lease(runner, limit=limit)

    async def commit(self, lease, manifest, *, page=0):
        self._fail("commit")
        return await super().commit(lease, manifest, page=page)

    async def report(self, lease, report, *, sealed=""):
        self._fail("report")
        return await super().report(lease, report, sealed=sealed)


@pytest.mark.parametrize("step", ["lease", "commit", "report"])
async def test_a_platform_away_for_a_moment_is_asked_again(world, rules, step):
    world.clock = VirtualClock()
    world.limits = Limits(reserve=0)
    world.work = FaultyWork(step=step, fault=LedgerUnavailable, times=3, rules=rules)
    assert await world.serve(world.job()) is True
    assert world.report.outcome is Outcome.PUBLISHED
    assert world.objects.puts == ["out/copy-1.txt"]


async def test_a_lease_lost_before_the_commit_publishes_nothing(world, rules):
    world.work = FaultyWork(step="commit", fault=LeaseLost, times=1, rules=rules)
    assert await world.serve(world.job("copy-1"), world.job("copy-2")) is True
    assert world.objects.puts == ["out/copy-2.txt"]
    assert [lease.job for lease, _ in world.work.reports] == ["copy-2"]
    assert list(world.sealed.iterdir()) == []


async def test_a_lease_lost_at_the_last_word_leaves_the_folder_to_who_resumes(world, rules):
    world.work = FaultyWork(step="report", fault=LeaseLost, times=1, rules=rules)
    assert await world.serve(world.job()) is True
    assert world.objects.puts == ["out/copy-1.txt"]
    assert (world.sealed / "copy-1-1" / "copy-1.txt").is_file()


async def test_a_commit_without_an_answer_keeps_the_folder(world, rules):
    world.work = FaultyWork(step="commit", fault=LedgerUnavailable, times=99, rules=rules)
    assert await world.serve(world.job()) is True
    assert world.work.reports == []
    assert (world.sealed / "copy-1-1").is_dir()


async def test_a_lost_runner_is_reported(world):
    def script(host, order, output):
        raise RunnerLost

    world.runner.script = script
    world.runner.clean = False
    assert await world.serve(world.job()) is False
    assert world.report.outcome is Outcome.RUNNER_DIED


async def test_a_reset_that_fails_ends_the_runner(world):
    async def reset():
        raise RunnerLost

    world.runner.reset = reset
    assert await world.serve(world.job()) is False
    assert world.report.outcome is Outcome.PUBLISHED


async def test_cancelled_in_the_upload_the_rest_is_left_to_the_publisher(world):
    class Slow(type(world.objects)):
        async def put(self, ref, source, *, size, metadata, media_type=""):
            begun.set()
            await asyncio.sleep(60)

    begun = asyncio.Event()
    world.objects = Slow()
    world.work.add(world.job())
    serving = asyncio.create_task(world.supervisor().serve(world.runner))
    await begun.wait()
    serving.cancel()
    assert await serving is False
    assert world.report.outcome is Outcome.UNPUBLISHED
    assert (world.sealed / "copy-1-1" / "copy-1.txt").is_file()


async def test_an_id_that_is_no_name_touches_no_folder(world, tmp_path):
    assert await world.serve(world.job("../../evil")) is False
    assert world.report.outcome is Outcome.PLATFORM_FAULT
    assert world.runner.orders == []
