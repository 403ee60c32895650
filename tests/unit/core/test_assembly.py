"""The whole core over twins: an object goes in, a result comes out, each once, whatever breaks in between."""

import asyncio
import io
import random
from collections import Counter
from contextlib import asynccontextmanager, suppress

import pytest

from statuette.core.assembly import LEASES_LOOK, Settings, assemble
from statuette.core.dispatch import LEASE_TTL
from statuette.core.platform import About
from statuette.events.jobs import JobState, Outcome
from statuette.events.objects import ObjectRef
from statuette.events.principals import ADMIN
from statuette.ports.jobs import JobQuery
from statuette.ports.supervision import Supervision

ABOUT = About(version="1", git_commit="", name="statuette", namespace="ns")
SETTINGS = Settings(about=ABOUT, least_free_bytes=100, breath=0)


def definition(name, *, inputs=(), outputs=(), **fields):
    def places(paths):
        return [{"storage_provider": "minio", "path": path} for path in paths]

    given = {"name": name, "image": "host", "script": "true", "runner": {"idle_timeout": 3600}, **fields}
    return given | {"input": places(inputs), "output": places(outputs)}


def result(_assignment):
    """What scripts make when the test says nothing else."""
    return {"out.txt": b"result"}


class House:
    """A core that can be started, killed and started again over the same twins."""

    def __init__(self, plugs, hands, settle, until):
        self.plugs, self.settle, self.until, self._hands = plugs, settle, until, hands
        self.core = self.work = self.script = None
        self.sealed = {}

    @asynccontextmanager
    async def running(self, supervision=None):
        self.core = await assemble(self.plugs, SETTINGS)
        self.work = supervision or self._hands(self.core.dispatch)
        self.work.script, self.work.sealed = self.script or result, self.sealed
        await self.core.start()
        publish = self.work.publish if supervision is None else asyncio.Event().wait
        task = asyncio.create_task(self.core.run(self.work, publish))
        await self.settle()
        try:
            yield self.core
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def put(self, bucket, key, data=b"x", metadata=None):
        target = ObjectRef(bucket=bucket, key=key)
        await self.plugs.objects.put(target, io.BytesIO(data), size=len(data), metadata=metadata or {})

    async def jobs(self, service):
        page = await self.plugs.jobs.page(JobQuery(service=service), limit=1000)
        return list(reversed(page.jobs))

    def names(self, store, bucket):
        return sorted(store.content[bucket].objects)


@pytest.fixture
def house(plugs_of, hands, settle, until):
    return House(plugs_of(), hands, settle, until)


async def chain(house):
    """Two services, the second fed by the first one's results."""
    await house.core.services.create(ADMIN, definition("first", inputs=["box/in"], outputs=["box/mid"]))
    await house.core.services.create(ADMIN, definition("second", inputs=["box/mid"], outputs=["box/out"]))
    await house.settle()


async def test_an_object_runs_through_a_chain_of_services_each_once(house, store):
    async with house.running():
        await chain(house)
        house.work.script = lambda assignment: {f"{assignment.event.object.key.rpartition('/')[2]}.done": b"1"}
        await house.put("box", "in/x")
        await house.until(lambda: len(house.work.done) == 2)
        await house.settle()
        assert house.names(store, "box") == ["in/x", "mid/x.done", "out/x.done.done"]
        assert [service for service, _ in house.work.done] == ["first", "second"]
        [first], [second] = await house.jobs("first"), await house.jobs("second")
        assert (first.state, second.state) == (JobState.PUBLISHED, JobState.PUBLISHED)
        assert second.event.commit == f"{first.commit}.1"


async def test_sweeps_and_reconnections_run_nothing_twice(house, store, clock):
    async with house.running():
        await chain(house)
        await house.put("box", "in/x")
        await house.until(lambda: len(house.work.done) == 2)
        for _ in range(3):
            store.cut()
            await house.settle()
            await clock.advance(1.0)
            await house.settle()
        assert house.core.watch.state.connections == 4
        assert house.core.watch.state.following
        assert len(house.work.done) == 2


async def test_our_own_result_published_a_second_time_runs_the_next_service_once(house, store, clock):
    """A crash between the upload and its record: the upload is made again."""
    async with house.running():
        await chain(house)
        await house.put("box", "in/x")
        await house.until(lambda: len(house.work.done) == 2)
        await clock.advance(7.0)
        [stored] = store.content["box"].objects["mid/out.txt"]
        await house.put("box", "mid/out.txt", stored.data, metadata=stored.info.metadata)
        await house.settle()
        assert len(house.work.done) == 2
        await clock.advance(7.0)
        await house.put("box", "mid/out.txt", stored.data)
        await house.until(lambda: len(house.work.done) == 3)


async def test_eight_services_on_one_folder_all_run(house):
    async with house.running():
        for n in range(8):
            await house.core.services.create(ADMIN, definition(f"s{n}", inputs=["shared/in"], outputs=[f"shared/o{n}"]))
        await house.settle()
        await house.put("shared", "in/x")
        await house.until(lambda: len(house.work.done) == 8)
        assert sorted(service for service, _ in house.work.done) == [f"s{n}" for n in range(8)]


async def test_what_was_written_while_the_manager_was_away_is_found(house, store):
    async with house.running():
        await chain(house)
    await house.put("box", "in/x")
    store.forget(1)
    async with house.running() as core:
        await house.until(lambda: len(house.work.done) == 2)
        assert core.platform.info()["version"] == "1"


async def test_a_manager_that_ends_returns_its_work_and_the_next_one_does_it(house):
    async with house.running():
        await chain(house)
        house.work.gate.clear()
        await house.put("box", "in/x")
        await house.until(lambda: house.work.begun)
    [job] = await house.jobs("first")
    assert (job.state, job.faults) == (JobState.QUEUED, {Outcome.RETURNED: 1})
    async with house.running():
        await house.until(lambda: len(house.work.done) == 2)


async def test_an_upload_that_fails_is_made_later_without_running_the_script_again(house, store, clock):
    async with house.running():
        await chain(house)
        await house.put("box", "in/x")
        store.break_puts(1)
        await house.until(lambda: house.work.done)
        await house.settle()
        [job] = await house.jobs("first")
        assert job.state is JobState.UNPUBLISHED
        for _ in range(3):
            await clock.advance(1.0)
            await house.settle()
        await house.until(lambda: len(house.work.done) == 2)
        [job] = await house.jobs("first")
        assert job.state is JobState.PUBLISHED
        assert [service for service, _ in house.work.done] == ["first", "second"]


class Vanishes(Supervision):
    """A supervisor that leases work and never says another word."""

    def __init__(self):
        self.dispatch = None
        self.leased = []

    async def serve(self, runner):
        self.leased += await self.dispatch.lease(runner.id)
        return False


async def test_work_whose_lease_ran_out_is_taken_back_and_done(house, clock):
    async with house.running():
        await chain(house)
    vanishes = Vanishes()
    async with house.running(vanishes) as core:
        vanishes.dispatch = core.dispatch
        await house.put("box", "in/x")
        await house.until(lambda: vanishes.leased)
        [job] = await house.jobs("first")
        assert job.state is JobState.LEASED
        await clock.advance(LEASE_TTL + LEASES_LOOK)
        await house.settle()
        [job] = await house.jobs("first")
        assert (job.state, job.faults) == (JobState.RETRYING, {Outcome.PLATFORM_FAULT: 1})


async def test_while_the_store_is_known_to_be_away_no_job_is_begun(plugs_of, hands, settle, until, store, clock):
    state = {"state": "ready"}
    house = House(plugs_of(store_state=lambda: state), hands, settle, until)
    async with house.running():
        await chain(house)
        state["state"] = "down"
        await house.put("box", "in/x")
        await clock.advance(30)
        await settle()
        [job] = await house.jobs("first")
        assert (job.state, job.attempt) == (JobState.QUEUED, 0)
        state["state"] = "ready"
        house.core.fleet.wake({"first": 1})
        await until(lambda: "out/out.txt" in house.names(store, "box"))


async def test_a_call_and_its_stored_outputs_go_the_same_way(house, store, body):
    async with house.running() as core:
        await core.services.create(ADMIN, definition("cat", outputs=["box/out"]))
        await house.settle()
        house.work.script = lambda assignment: {"echo": assignment.payload}
        async with core.calls.call(ADMIN, "cat", body(b"\xffping")) as answer:
            assert answer.outcome is Outcome.PUBLISHED
        [stored] = store.content["box"].objects["out/echo"]
        assert stored.data == b"\xffping"


async def test_a_submission_is_worked_off_and_its_body_is_gone(house, body, bodies):
    async with house.running() as core:
        await core.services.create(ADMIN, definition("cat", outputs=["box/out"]))
        await house.settle()
        submitted = await core.submissions.submit(ADMIN, "cat", body(b"\xff" * 100_000))
        await house.until(lambda: house.work.done)
        await house.settle()
        details = await core.jobs.describe(ADMIN, "cat", submitted.jobs[0])
        assert details.job.state is JobState.PUBLISHED
        assert [(target.key, size) for target, size in details.outputs] == [("out/out.txt", 6)]
        assert bodies.kept == {}


async def test_removing_a_service_ends_what_waits_for_it(house, store):
    async with house.running() as core:
        await chain(house)
        house.work.gate.clear()
        for n in range(20):
            await house.put("box", f"in/{n}")
        await house.settle()
        await core.services.remove(ADMIN, "first")
        house.work.gate.set()
        await house.until(lambda: len(house.work.done) == len(house.work.begun))
        await house.settle()
        states = {job.state for job in await house.jobs("first")}
        assert states <= {JobState.CANCELLED, JobState.PUBLISHED}
        assert JobState.CANCELLED in states


async def test_draining_lets_what_runs_be_finished_and_begins_nothing(house):
    async with house.running() as core:
        await chain(house)
        house.work.gate.clear()
        await house.put("box", "in/x")
        await house.until(lambda: house.work.begun)
        draining = asyncio.create_task(core.drain(60.0))
        await house.settle()
        assert not draining.done()
        house.work.gate.set()
        await draining
        await house.settle()
        assert [service for service, _ in house.work.begun] == ["first"]
    assert [job.state for job in await house.jobs("first")] == [JobState.PUBLISHED]
    assert [job.state for job in await house.jobs("second")] == [JobState.QUEUED]


async def test_what_is_not_finished_within_the_grace_time_is_returned(house):
    async with house.running() as core:
        await chain(house)
        house.work.gate.clear()
        await house.put("box", "in/x")
        await house.until(lambda: house.work.begun)
        await core.drain(0.0)
        [job] = await house.jobs("first")
        assert job.state is JobState.LEASED, "not before the end itself"
    [job] = await house.jobs("first")
    assert (job.state, job.faults) == (JobState.QUEUED, {Outcome.RETURNED: 1})


async def test_the_key_of_the_marks_outlives_the_manager(house, ledger):
    async with house.running():
        kept = await ledger.vault.read("commit-mark-key")
    async with house.running():
        assert await ledger.vault.read("commit-mark-key") == kept
        assert len(bytes.fromhex(kept)) == 32


KEYS = [f"{number}.txt" for number in range(40)]


def trouble(chance, store):
    """Mostly nothing; else the stream breaks, a notice is lost, or the next upload fails."""
    kind = chance.choice(["", "", "cut", "forget", "uploads"])
    if kind == "cut":
        store.cut()
    elif kind:
        store.forget(1) if kind == "forget" else store.break_puts(1)


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_breaks_every_script_runs_once_for_each_object(house, store, clock, seed):
    """Random breaks of the stream, lost notices, failing uploads, managers that end in between."""
    chance, ran = random.Random(seed), Counter()

    def script(assignment):
        name = assignment.event.object.key.rpartition("/")[2]
        ran[assignment.service, name] += 1
        return {name: b"result"}

    async def turn(keys, *, seconds):
        async with house.running():
            for key in keys:
                store.break_puts(0)
                await house.put("box", f"in/{key}")
                trouble(chance, store)
                await clock.advance(chance.choice([0.0, 0.1, 1.0]))
            for _ in range(seconds):
                await clock.advance(1.0)

    house.script = script
    async with house.running():
        await chain(house)
    for start in range(0, 40, 10):
        await turn(KEYS[start : start + 10], seconds=chance.randrange(0, 10))
    await turn([], seconds=400)
    assert house.names(store, "box") == sorted(f"{folder}/{key}" for folder in ("in", "mid", "out") for key in KEYS)
    assert ran == Counter({(service, key): 1 for service in ("first", "second") for key in KEYS})
    for service in ("first", "second"):
        assert [job.state for job in await house.jobs(service)] == [JobState.PUBLISHED] * 40
