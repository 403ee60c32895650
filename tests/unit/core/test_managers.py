"""Several cores over one ledger and one store: what one does, the others know; what one leaves, the others take up."""

import asyncio
import io
from contextlib import asynccontextmanager, suppress

import pytest

from statuette.core.assembly import Settings, assemble
from statuette.core.changes import LOOK
from statuette.core.managers import Managers, Several
from statuette.core.platform import About
from statuette.events.jobs import JobState, Outcome
from statuette.events.leases import Report
from statuette.events.objects import ObjectRef
from statuette.events.principals import ADMIN
from statuette.ports.errors import Conflict, LeaseLost, NotFound
from statuette.ports.jobs import JobQuery
from statuette.ports.services import Readiness
from statuette.ports.work import PUBLISHER
from statuette.testing.backend import PlainBackend

from .conftest import Hands

TTL = 9.0
ABOUT = About(version="1", git_commit="", name="statuette", namespace="ns")
SETTINGS = Settings(about=ABOUT, least_free_bytes=100, breath=0, lease_ttl=30.0, duty_ttl=TTL)


def definition(name="cat", *, inputs=("box/in",), outputs=("box/out",), **fields):
    def places(paths):
        return [{"storage_provider": "minio", "path": path} for path in paths]

    given = {"name": name, "image": "host", "script": "true", **fields}
    return given | {"input": places(inputs), "output": places(outputs)}


class Manager:
    """One of several. Killed, it says nothing more and gives nothing back."""

    def __init__(self, name, house):
        self.name, self.house = name, house
        self.core = self.work = self.task = None

    async def start(self):
        house = self.house
        several = Several(id=self.name, duties=house.ledger.duties, changes=house.ledger.changes)
        self.core = await assemble(
            house.plugs_of(backend=PlainBackend(cpu=400, memory=1 << 30), several=several), SETTINGS
        )
        self.work = house.hands(self.core.dispatch)
        await self.core.start()
        self.task = asyncio.create_task(self.core.run(self.work, self.work.publish))
        await house.settle()

    async def end(self):
        self.task.cancel()
        with suppress(asyncio.CancelledError, LeaseLost):
            await self.task

    def condition(self, service="cat"):
        return self.core.catalog.condition(service).readiness


class House:
    """The ledger and the store, and a clock for all."""

    def __init__(self, ledger, store, clock, plugs_of, hands, settle):
        self.ledger, self.store, self.clock = ledger, store, clock
        self.plugs_of, self.hands, self.settle = plugs_of, hands, settle

    @asynccontextmanager
    async def managers(self, *names):
        made = [Manager(name, self) for name in names]
        for one in made:
            await one.start()
        try:
            yield made
        finally:
            for one in made:
                await one.end()

    async def put(self, key, bucket="box", data=b"x"):
        await self.store.buckets.create(bucket)
        await self.store.objects.put(ObjectRef(bucket=bucket, key=key), io.BytesIO(data), size=1, metadata={})
        await self.settle()

    async def jobs(self, service="cat"):
        page = await self.ledger.jobs.page(JobQuery(service=service), limit=100)
        return list(reversed(page.jobs))

    def fall(self, outputs):
        """Let the store go away just before these outputs are stored."""
        self.store.down = True
        return outputs

    async def fill(self, *managers):
        """More jobs than the runners of all managers hold, and every fleet looking."""
        for number in range(6):
            await self.put(f"in/{number}")
        for one in managers:
            one.core.fleet.wake({"cat": 6})
        await self.later(2)

    async def later(self, seconds):
        """Let time pass a little at a time, as it does."""
        for _ in range(int(seconds * 2)):
            await self.clock.advance(0.5)
            await self.settle()


@pytest.fixture
def house(ledger, store, clock, plugs_of, hands, settle):
    return House(ledger, store, clock, plugs_of, hands, settle)


async def test_one_of_them_watches(house):
    async with house.managers("one", "two", "three") as managers:
        await house.later(3 * TTL)
        assert [one.core.managers.is_watching for one in managers] == [True, False, False]
        assert [one.core.watch.state.following for one in managers] == [True, False, False]
        assert house.store.readers


async def test_a_watcher_that_ends_gives_way(house):
    async with house.managers("one", "two") as (one, two):
        await one.end()
        assert not one.core.watch.state.following
        await house.later(TTL / 2)
        assert two.core.watch.state.following


async def test_a_service_is_known_everywhere_and_its_jobs_run_anywhere(house):
    async with house.managers("one", "two") as (one, two):
        await two.core.services.create(ADMIN, definition())
        await house.later(2 * LOOK)
        assert (one.condition(), two.condition()) == (Readiness.READY, Readiness.READY)
        await house.put("in/a")
        await house.later(2)
        [job] = await house.jobs()
        assert job.state is JobState.PUBLISHED
        assert len(one.work.done) + len(two.work.done) == 1


async def test_an_object_that_came_before_the_watcher_knew_the_service_is_found(house):
    async with house.managers("one", "two") as (one, two):
        await house.later(1)
        assert one.core.managers.is_watching
        await two.core.services.create(ADMIN, definition())
        await house.clock.advance(0.1)
        await house.put("in/early")
        assert one.core.catalog.find("cat") is None
        await house.later(3)
        [job] = await house.jobs()
        assert job.state is JobState.PUBLISHED


async def test_an_update_reaches_the_others_and_ends_their_old_runners(house):
    async with house.managers("one", "two") as (one, two):
        await one.core.services.create(ADMIN, definition(runner={"idle_timeout": 3600}))
        await house.later(2 * LOOK)
        await house.put("in/a")
        await house.later(2)
        await one.core.services.update(ADMIN, definition(script="echo"))
        await house.later(2 * LOOK)
        assert two.core.catalog.get("cat").revision == 2
        assert [seat for one in (one, two) for seat in one.core.dispatch._roster.all()] == []


async def test_one_of_two_deployments_at_once_wins(house):
    async with house.managers("one", "two") as (one, two):
        both = [
            asyncio.create_task(one.core.services.create(ADMIN, definition(outputs=["new/out"]))),
            asyncio.create_task(two.core.services.create(ADMIN, definition(outputs=["new/out"]))),
        ]
        await house.later(2)
        results = await asyncio.gather(*both, return_exceptions=True)
        assert sorted(type(result) for result in results if result) == [Conflict]
        [record] = await house.ledger.services.all()
        assert {"box", "new"} <= set(house.store.content), "the loser takes nothing back of the winner's"
        assert one.core.catalog.get("cat") == two.core.catalog.get("cat") == record


async def test_updates_at_two_managers_follow_each_other(house):
    async with house.managers("one", "two") as (one, two):
        await one.core.services.create(ADMIN, definition())
        updates = [asyncio.create_task(m.core.services.update(ADMIN, definition())) for m in (two, one)]
        await house.later(2)
        await asyncio.gather(*updates)
        assert one.core.catalog.get("cat").revision == two.core.catalog.get("cat").revision == 3


async def test_a_removed_service_is_gone_everywhere_with_what_it_runs(house):
    async with house.managers("one", "two") as (one, two):
        await one.core.services.create(ADMIN, definition())
        await house.later(2 * LOOK)
        for manager in (one, two):
            manager.work.gate.clear()
        await house.fill(one, two)
        assert one.work.begun
        assert two.work.begun
        removing = asyncio.create_task(one.core.services.remove(ADMIN, "cat"))
        await house.later(2 * LOOK)
        await removing
        with pytest.raises(NotFound):
            two.core.catalog.get("cat")
        seats = [seat for manager in (one, two) for seat in manager.core.dispatch._roster.all()]
        assert seats
        assert all(seat.leaving and not seat.withdrawn.empty() for seat in seats)
        for manager in (one, two):
            manager.work.gate.set()
        await house.later(2)
        states = {job.state for job in await house.jobs()}
        assert JobState.QUEUED not in states
        assert await house.ledger.services.all() == []


async def test_what_was_accepted_for_a_service_removed_elsewhere_is_withdrawn(house):
    async with house.managers("one", "two") as (one, two):
        await two.core.services.create(ADMIN, definition())
        await house.later(2 * LOOK)
        for manager in (one, two):
            manager.core.dispatch._may_lease = lambda: False
        await two.core.services.remove(ADMIN, "cat")
        await house.put("in/late")
        assert [job.state for job in await house.jobs()] == [JobState.QUEUED], "the watcher had not heard of it"
        await house.later(2 * LOOK)
        assert [job.state for job in await house.jobs()] == [JobState.CANCELLED]


async def test_a_restarted_manager_takes_back_only_its_own(house):
    async with house.managers("one", "two") as (one, two):
        await one.core.services.create(ADMIN, definition())
        await house.later(2 * LOOK)
        for manager in (one, two):
            manager.work.gate.clear()
        await house.fill(one, two)
        held = {m.name: [j for j in await house.jobs() if j.runner.startswith(f"{m.name}.")] for m in (one, two)}
        assert held["one"]
        assert held["two"]
        again = Manager("one", house)  # the first one is as good as dead: its leases are taken back at once
        again.core = await assemble(
            house.plugs_of(
                several=Several(id="one", duties=house.ledger.duties, changes=house.ledger.changes),
            ),
            SETTINGS,
        )
        await again.core.start()
        await again.core.services.close()
        now = {job.id: job.state for job in await house.jobs()}
        assert {now[job.id] for job in held["one"]} == {JobState.RETRYING}
        assert {now[job.id] for job in held["two"]} <= {JobState.LEASED, JobState.STARTED}
        for manager in (one, two):
            manager.work.gate.set()
            manager.task.cancel()


class Careful(Hands):
    """Hands that look for the sealed outputs, and tell what an earlier generation left to be removed."""

    def __init__(self, work, store):
        super().__init__(work, store)
        self.removed = []

    async def _upload(self, assignment, manifest, outputs):
        self.removed += [ref.key for ref in (await self._work.commit(assignment.lease, manifest)).removals]
        await super()._upload(assignment, manifest, outputs)

    async def publish(self):
        while assignments := await self._work.lease(PUBLISHER):
            for assignment in assignments:
                if assignment.lease.job in self.sealed:
                    await self._upload(assignment, assignment.resume.manifest, self.sealed[assignment.lease.job])
                else:
                    await self._work.report(assignment.lease, Report(outcome=Outcome.PLATFORM_FAULT, reason="lost"))


async def test_an_upload_waits_for_its_manager_and_is_run_again_when_that_is_gone(house):
    house.hands = lambda work: Careful(work, house.store)
    async with house.managers("one", "two") as (one, two):
        await one.core.services.create(ADMIN, definition())
        await house.later(2 * LOOK)
        two.core.dispatch._may_lease = lambda: False
        one.work.script = lambda _: house.fall({"old": b"1", "both": b"1"})
        await house.put("in/a")
        one.core.fleet.wake({"cat": 1})
        await house.later(2)
        [job] = await house.jobs()
        assert (job.state, job.generation) == (JobState.UNPUBLISHED, 1)
        one.core.dispatch._uploads.homes = nowhere
        house.store.down = False
        await house.later(3 * TTL)
        assert (await house.jobs())[0].attempt == job.attempt, "nobody else touches it while its manager lives"
        two.work.script = lambda _: {"both": b"2"}
        two.core.dispatch._may_lease = lambda: True
        await one.end()
        await house.later(TTL)
        two.core.fleet.wake({"cat": 1})
        await house.later(TTL)
        [job] = await house.jobs()
        assert (job.state, job.generation) == (JobState.PUBLISHED, 2)
        assert two.work.removed == ["out/old"]


async def nowhere():
    return []


async def test_one_that_works_alone_has_every_duty_at_once(catalog, clock):
    alone = Managers(None, catalog=catalog, ttl=TTL, clock=clock)
    done = []

    async def work():
        done.append("work")

    await alone.watch(work)
    await alone.be_present()
    async with alone.deploying():
        done.append("deployed")
    assert done == ["work", "deployed"]
    assert alone.is_watching
    assert alone.home == ""
    assert not await alone.is_gone("anyone")


async def test_who_lives_and_who_is_gone(ledger, catalog, clock):
    one, two = (
        Managers(Several(id=name, duties=ledger.duties, changes=ledger.changes), catalog=catalog, ttl=TTL, clock=clock)
        for name in ("one", "two")
    )
    assert await two.is_gone("one")
    present = asyncio.create_task(one.be_present())
    await clock.advance(10 * TTL)
    assert not await two.is_gone("one")
    present.cancel()
    await asyncio.gather(present, return_exceptions=True)
    assert await two.is_gone("one")


@pytest.mark.parametrize("several", [False, True])
async def test_which_life_of_a_service_stands(ledger, catalog, clock, deploy, several):
    together = Several(id="one", duties=ledger.duties, changes=ledger.changes) if several else None
    managers = Managers(together, catalog=catalog, ttl=TTL, clock=clock)
    record = deploy("cat")
    await ledger.services.add(record)
    assert await managers.lives("cat", record.incarnation)
    assert not await managers.lives("cat", "another life")
    assert not await managers.lives("dog", record.incarnation)
