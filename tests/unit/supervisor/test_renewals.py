"""Leases: prolonged in time, told as started only when worth it, ended when lost."""

import asyncio

from statuette.events.jobs import Outcome
from statuette.ports.errors import LedgerUnavailable
from statuette.testing.work import MemoryWork


async def running(world, *jobs):
    world.runner.script = lambda *_: world.clock.sleep(1000)
    world.work.add(*jobs)
    serving = asyncio.create_task(world.supervisor().serve(world.runner))
    await world.runner.begun.wait()
    return serving


async def seconds(world, count):
    for _ in range(count):
        await world.clock.advance(1)


async def test_a_short_job_costs_no_renewal(world):
    await world.serve(*(world.job(f"copy-{n}") for n in range(5)))
    assert world.work.renewed == []


async def test_a_long_run_is_told_once_and_renewed_every_third(world):
    job = world.job()
    started = world.clock.wall()
    serving = await running(world, job)
    await seconds(world, 2)
    assert world.work.started == {"copy-1": started}
    await seconds(world, 29)
    assert world.work.renewed == [(job.lease,)] * 4
    serving.cancel()
    assert await serving is False


async def test_a_lost_lease_kills_the_run_and_publishes_nothing(world):
    job = world.job()
    serving = await running(world, job)
    world.work.lost.add(job.lease)
    world.work.finished()
    await seconds(world, 2)
    assert await serving is True
    assert world.runner.killed.is_set()
    assert world.work.reports == []
    assert world.objects.puts == []


async def test_a_job_cancelled_elsewhere_is_killed_and_said_to_be_cancelled(world):
    job = world.job()
    serving = await running(world, job)
    world.work.cancelling.add(job.lease)
    world.work.finished()
    await seconds(world, 2)
    assert await serving is True
    assert world.runner.killed.is_set()
    assert [(lease, report.outcome) for lease, report in world.work.reports] == [(job.lease, Outcome.CANCELLED)]
    assert world.objects.puts == []


async def test_a_renewal_that_is_not_heard_is_said_again(world, rules):
    class Away(MemoryWork):
        asked = 0

        async def renew(self, leases, *, started):
            self.asked += 1
            if self.asked == 1:
                raise LedgerUnavailable
            return await super().renew(leases, started=started)

    world.work = Away(rules=rules)
    serving = await running(world, world.job())
    await seconds(world, 3)
    assert list(world.work.started) == ["copy-1"]
    serving.cancel()
    await serving
    assert world.report.outcome is Outcome.RETURNED


async def test_a_call_is_never_renewed(world):
    serving = await running(world, world.job(call="c1"))
    await seconds(world, 40)
    assert world.work.renewed == []
    serving.cancel()
    await serving


async def test_nothing_keeps_running_when_the_last_loop_ends(world):
    before = asyncio.all_tasks()
    await world.serve(world.job())
    assert asyncio.all_tasks() == before


async def test_a_kill_that_came_too_early_is_said_again(world):
    kills = []

    class Deaf(type(world.runner)):
        async def kill(self):
            kills.append(world.clock.monotonic())
            if len(kills) > 1:
                await super().kill()

    world.runner.__class__ = Deaf
    job = world.job(call="c1")
    serving = await running(world, job)
    world.work.withdraw(job.lease)
    world.work.finished()
    await seconds(world, 3)
    assert await serving is True
    assert kills == [0.0, 1.0]
    assert world.report.outcome is Outcome.CANCELLED
