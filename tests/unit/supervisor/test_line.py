"""Several jobs in one lease: fetched ahead, published behind, each with a fate of its own."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from statuette.events.jobs import Outcome, Stage
from statuette.ports.errors import LedgerUnavailable, ObjectGone, StoreUnavailable
from statuette.supervisor import Limits
from statuette.testing.work import MemoryWork


@dataclass
class Gates:
    """A script that copies its input, behind a gate where its job has one; `ran` are the jobs that began."""

    runner: object
    at: dict = field(default_factory=dict)
    ran: list = field(default_factory=list)

    def __post_init__(self):
        self.copy, self.runner.script = self.runner.script, self

    def shut(self, *jobs):
        self.at |= {job: asyncio.Event() for job in jobs}

    async def __call__(self, host, order, output):
        job = order.variables["JOB_UUID"]
        self.ran.append(job)
        if job in self.at:
            await self.at[job].wait()
        self.copy(host, order, output)


@pytest.fixture
def gates(world):
    world.limits = Limits(reserve=0, patience=0.0, waiting=60.0, ahead=4)
    return Gates(world.runner)


async def until(true):
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.001)


def outcomes(world):
    return {lease.job: report.outcome for lease, report in world.work.reports}


def staged(world):
    return sorted(path.name for path in world.sealed.with_name("staged").iterdir())


async def behind(world, gates, count=8, **more):
    """Serve `count` jobs of which the second, the first of a lease of many, is held while it runs."""
    jobs = [world.job(f"copy-{n}", **more) for n in range(1, count + 1)]
    gates.shut("copy-2")
    world.work.add(*jobs)
    world.work.finished()
    supervisor = world.supervisor()
    serving = asyncio.create_task(supervisor.serve(world.runner))
    await until(lambda: "copy-2" in gates.ran)
    return supervisor, serving, jobs


async def test_the_first_lease_is_of_one_job_and_quick_ones_bring_more(world, gates):
    asked = []
    lease = world.work.lease

    async def asking(runner, *, limit=1):
        asked.append(limit)
        return await lease(runner, limit=limit)

    world.work.lease = asking
    assert await world.serve(*(world.job(f"copy-{n}") for n in range(20))) is True
    assert asked == [1, 16, 16, 16]
    assert set(outcomes(world).values()) == {Outcome.PUBLISHED}
    assert world.runner.resets == 20


@pytest.mark.parametrize(
    ("fetch", "run", "limit"),
    [(0.0, 0.1, 5), (0.4, 0.0, 5), (1.0, 0.0, 2), (0.2, 0.2, 2), (3.0, 0.0, 1), (0.0, 0.5, 1)],
)
async def test_inputs_count_by_the_part_they_take_of_several_on_their_way(world, gates, fetch, run, limit):
    class Far(type(world.objects)):
        async def fetch(self, ref, sink):
            await world.clock.advance(fetch)
            return await super().fetch(ref, sink)

    async def script(host, order, output):
        await world.clock.advance(run)
        gates.copy(host, order, output)

    world.objects, world.runner.script = Far(), script
    asked = []
    lease = world.work.lease

    async def asking(runner, *, limit=1):
        asked.append(limit)
        return await lease(runner, limit=limit)

    world.work.lease = asking
    await world.serve(world.job())
    assert asked == [1, limit]


async def test_the_next_inputs_are_fetched_while_a_script_runs_and_no_more_than_allowed(world, gates):
    _, serving, _ = await behind(world, gates)
    await until(lambda: len(staged(world)) == 4)
    await asyncio.sleep(0.02)
    assert staged(world) == ["copy-3-1", "copy-4-1", "copy-5-1", "copy-6-1"]
    assert [path.name for path in (world.runner.workspace.host / "in").iterdir()] == ["copy-2.txt"]
    gates.at["copy-2"].set()
    assert await serving is True
    assert [lease.job for lease, _ in world.work.reports] == [f"copy-{n}" for n in range(1, 9)]
    assert staged(world) == []
    assert {world.stored(f"out/copy-{n}.txt") for n in range(1, 9)} == {b"hello"}


async def test_large_inputs_wait_for_their_turn(world, gates):
    world.limits = replace(world.limits, ahead_bytes=12)
    _, serving, _ = await behind(world, gates)
    await until(lambda: len(staged(world)) == 2)
    await asyncio.sleep(0.02)
    assert staged(world) == ["copy-3-1", "copy-4-1"]
    gates.at["copy-2"].set()
    assert await serving is True


async def test_what_was_fetched_ahead_tells_so_in_its_stages(world, gates):
    _, serving, _ = await behind(world, gates, count=3)
    await until(lambda: staged(world) == ["copy-3-1"])
    await world.clock.advance(0.5)
    gates.at["copy-2"].set()
    assert await serving is True
    (_, second), (_, third) = world.work.reports[1:]
    assert list(third.stages) == [Stage.FETCHED, Stage.STARTED, Stage.ENDED, Stage.SEALED]
    assert third.stages[Stage.FETCHED] == second.stages[Stage.FETCHED] == third.stages[Stage.SEALED] - 0.5


async def test_results_are_stored_while_the_next_jobs_run_but_no_more_than_allowed(world, gates):
    class Slow(type(world.objects)):
        async def put(self, ref, source, *, size, metadata, media_type=""):
            await go.wait()
            return await super().put(ref, source, size=size, metadata=metadata, media_type=media_type)

    go = asyncio.Event()
    world.objects = Slow()
    world.limits = replace(world.limits, finishing=3)
    serving = asyncio.create_task(world.serve(*(world.job(f"copy-{n}") for n in range(1, 7))))
    await until(lambda: len(gates.ran) == 3)
    await asyncio.sleep(0.02)
    assert gates.ran == ["copy-1", "copy-2", "copy-3"]
    assert world.work.reports == []
    go.set()
    assert await serving is True
    assert len(world.work.reports) == 6
    assert list(world.sealed.iterdir()) == []


async def test_behind_a_long_job_nobody_waits(world, gates):
    world.limits = replace(world.limits, waiting=0.05)
    _, serving, jobs = await behind(world, gates)
    await until(lambda: len(world.work.reports) == 7)
    assert outcomes(world) == {"copy-1": Outcome.PUBLISHED} | {job.lease.job: Outcome.RETURNED for job in jobs[2:]}
    assert staged(world) == []
    gates.at["copy-2"].set()
    assert await serving is True
    assert gates.ran == ["copy-1", "copy-2"]
    assert outcomes(world)["copy-2"] is Outcome.PUBLISHED


async def test_when_the_platform_ends_what_waits_goes_back_at_once_and_what_runs_may_end(world, gates):
    supervisor, serving, jobs = await behind(world, gates)
    supervisor.stop()
    await until(lambda: len(world.work.reports) == 7)
    assert {outcomes(world)[job.lease.job] for job in jobs[2:]} == {Outcome.RETURNED}
    assert not serving.done()
    gates.at["copy-2"].set()
    assert await serving is True
    assert outcomes(world)["copy-2"] is Outcome.PUBLISHED
    assert (world.runner.resets, staged(world)) == (2, [])


async def test_a_download_ahead_that_stands_still_does_not_hold_the_end_up(world, gates):
    class Stands(type(world.objects)):
        async def fetch(self, ref, sink):
            if ref.key == "in/copy-3.txt":
                await asyncio.sleep(3600)
            return await super().fetch(ref, sink)

    world.objects = Stands()
    supervisor, serving, _ = await behind(world, gates, count=3)
    await until(lambda: staged(world) == ["copy-3-1"])
    supervisor.stop()
    await until(lambda: outcomes(world).get("copy-3") is Outcome.RETURNED)
    assert staged(world) == []
    gates.at["copy-2"].set()
    assert await serving is True


async def test_a_runner_that_is_given_up_hands_the_others_back(world, gates):
    _, serving, jobs = await behind(world, gates)
    world.runner.clean = False
    gates.at["copy-2"].set()
    assert await serving is False
    assert outcomes(world)["copy-2"] is Outcome.PUBLISHED
    assert {outcomes(world)[job.lease.job] for job in jobs[2:]} == {Outcome.RETURNED}
    assert staged(world) == []


async def test_a_cancelled_supervisor_hands_everything_back(world, gates):
    class Stands(type(world.objects)):
        async def put(self, ref, source, *, size, metadata, media_type=""):
            await asyncio.sleep(3600)

    world.objects = Stands()
    _, serving, jobs = await behind(world, gates)
    serving.cancel()
    assert await serving is False
    said = outcomes(world)
    assert said.pop("copy-1") is Outcome.UNPUBLISHED
    assert said == {job.lease.job: Outcome.RETURNED for job in jobs[1:]}
    assert staged(world) == []
    assert [path.name for path in world.sealed.iterdir()] == ["copy-1-1"]


async def test_a_withdrawn_job_is_cancelled_before_its_turn_and_the_others_run(world, gates):
    _, serving, jobs = await behind(world, gates)
    world.work.withdraw(jobs[3].lease)
    world.work.withdraw(jobs[7].lease)
    await until(lambda: len(world.work.reports) == 3)
    assert outcomes(world) == dict(
        zip(("copy-1", "copy-4", "copy-8"), (Outcome.PUBLISHED, Outcome.CANCELLED, Outcome.CANCELLED), strict=True)
    )
    gates.at["copy-2"].set()
    assert await serving is True
    assert gates.ran == [f"copy-{n}" for n in (1, 2, 3, 5, 6, 7)]
    assert world.runner.resets == 6


async def test_all_leases_are_renewed_and_a_lost_one_is_not_run(world, gates):
    _, serving, jobs = await behind(world, gates, count=5)
    world.work.lost.add(jobs[2].lease)
    for _ in range(11):
        await world.clock.advance(1)
    assert set().union(*world.work.renewed) == {job.lease for job in jobs[1:]}
    gates.at["copy-2"].set()
    assert await serving is True
    assert gates.ran == ["copy-1", "copy-2", "copy-4", "copy-5"]
    assert "copy-3" not in outcomes(world)


async def test_an_input_that_cannot_be_had_harms_nobody_else(world, gates):
    class Away(type(world.objects)):
        async def fetch(self, ref, sink):
            if ref.key == "in/copy-4.txt":
                raise StoreUnavailable
            if ref.key == "in/copy-5.txt":
                raise ObjectGone
            return await super().fetch(ref, sink)

    world.objects = Away()
    _, serving, _ = await behind(world, gates, count=5)
    gates.at["copy-2"].set()
    assert await serving is True
    said = outcomes(world)
    assert said.pop("copy-4") is Outcome.PLATFORM_FAULT
    assert said.pop("copy-5") is Outcome.SUPERSEDED
    assert set(said.values()) == {Outcome.PUBLISHED}
    assert world.runner.resets == 3, "the runner was not touched for them"


async def test_a_lease_that_comes_while_the_platform_ends_goes_back(world, gates, rules):
    class Late(MemoryWork):
        async def lease(self, runner, *, limit=1):
            given = await super().lease(runner, limit=limit)
            supervisor.stop()
            return given

    world.work = Late(rules=rules)
    world.work.add(world.job())
    supervisor = world.supervisor()
    assert await supervisor.serve(world.runner) is True
    assert outcomes(world) == {"copy-1": Outcome.RETURNED}
    assert gates.ran == []


async def test_a_platform_that_is_away_at_the_end_of_one_job_does_not_stop_the_others(world, gates, rules):
    class Away(MemoryWork):
        async def report(self, lease, report, *, sealed=""):
            if lease.job == "copy-2":
                raise LedgerUnavailable
            await super().report(lease, report, sealed=sealed)

    world.work = Away(rules=rules)
    assert await world.serve(*(world.job(f"copy-{n}") for n in range(1, 5))) is True
    assert outcomes(world) == {f"copy-{n}": Outcome.PUBLISHED for n in (1, 3, 4)}
    assert [path.name for path in world.sealed.iterdir()] == ["copy-2-1"]
