"""The fleet: as many runners as the work needs and the machine holds."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from statuette.core.calls import Call
from statuette.core.catalog import Condition
from statuette.core.dispatch import Dispatch
from statuette.core.fleet import FIRST_PAUSE, LONGEST_PAUSE, Fleet
from statuette.core.managers import Managers
from statuette.events.event import Event, EventKind
from statuette.events.jobs import JobState, Outcome, Retries
from statuette.events.leases import Lease, Report
from statuette.ports.backend import RunnerOrder
from statuette.ports.errors import BackendUnavailable, BadInput, LedgerUnavailable
from statuette.ports.queue import Backlog
from statuette.ports.services import Readiness
from statuette.ports.supervision import Supervision
from statuette.testing.backend import PlainBackend
from statuette.testing.logs import MemoryLogs


class CountingBackend(PlainBackend):
    """Counts starts and knows the most runners at one time; the first `fails` starts raise `fault` half way."""

    def __init__(self, *, fails=0, fault=BackendUnavailable, **limits):
        super().__init__(**limits)
        self.orders: list[RunnerOrder] = []
        self.most = 0
        self._fails, self._fault = fails, fault

    async def start(self, order):
        runner = await super().start(order)
        self.orders.append(order)
        self.most = max(self.most, len(self.started))
        if len(self.orders) <= self._fails:
            raise self._fault("no runner today")
        return runner


class House:
    """A fleet with its dispatch over twins."""

    def __init__(self, *, ledger, catalog, board, roster, marks, bodies, clock, backend, jobs=None):
        self.room, self.ledger, self.roster, self.board, self.backend, self.clock = (
            True, ledger, roster, board, backend, clock,
        )  # fmt: skip
        self.fleet = Fleet(
            backend=backend, jobs=jobs or ledger.jobs, catalog=catalog, board=board, roster=roster, clock=clock,
            may_lease=lambda: self.room, breath=0,
        )  # fmt: skip
        self.dispatch = Dispatch(
            queue=ledger.queue, jobs=ledger.jobs, catalog=catalog, board=board, roster=roster, marks=marks,
            bodies=bodies, clock=clock, may_lease=lambda: self.room, most_hops=3,
            changed=self.fleet.changed, freed=self.fleet.freed,
            logs=MemoryLogs(clock), managers=Managers(None, catalog=catalog, ttl=10.0, clock=clock),
        )  # fmt: skip

    @asynccontextmanager
    async def running(self, supervision):
        task = asyncio.create_task(self.fleet.run(supervision))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            assert self.roster.all() == []
            assert self.backend.started == {}

    async def states(self, *jobs):
        return [(await self.ledger.jobs.get(job)).state for job in jobs]


@pytest.fixture
def build(ledger, catalog, board, roster, marks, bodies, clock, store):
    def make(backend=None, **other):
        return House(
            ledger=ledger, catalog=catalog, board=board, roster=roster, marks=marks, bodies=bodies, clock=clock,
            backend=backend or CountingBackend(), **other,
        )  # fmt: skip

    return make


@pytest.fixture
def house(build):
    return build()


@pytest.fixture
def work(house, hands, put):
    return hands(house.dispatch)


@pytest.fixture
def queued(queue_job):
    """Accept jobs and tell the fleet."""

    async def accept(house, service, count=1, **fields):
        jobs = [await queue_job(service, **fields) for _ in range(count)]
        house.fleet.wake({service.name: count})
        return jobs

    return accept


async def test_it_tells_how_many_runners_a_service_could_have(build, hands, deploy, queued, until):
    house = build(CountingBackend(runners=8, cpu=1000))
    work = hands(house.dispatch)
    service = deploy(cpu="0.3", runner={"idle_timeout": 0})
    async with house.running(work):
        await queued(house, service)
        await until(lambda: work.done)
        assert house.roster.reach["cat"] == 3


async def test_one_job_makes_one_runner_which_then_ends(house, work, deploy, queued, until):
    service = deploy(runner={"idle_timeout": 0}, cpu="0.5", memory="100Mi")
    async with house.running(work):
        [job] = await queued(house, service)
        await until(lambda: work.done and not house.roster.all())
        assert await house.states(job) == [JobState.PUBLISHED]
        [order] = house.backend.orders
        assert (order.service, order.cpu, order.memory) == ("cat", 500, 100 * 2**20)
        assert order.id == work.done[0][1]


async def test_a_warm_runner_takes_the_next_job(house, work, deploy, queued, until):
    service = deploy(runner={"idle_timeout": 3600})
    async with house.running(work):
        for count in (1, 2, 3):
            await queued(house, service)
            await until(lambda count=count: len(work.done) == count)
        assert len(house.backend.orders) == 1


async def test_as_many_runners_as_work_and_machine_allow(build, hands, deploy, queued, until, settle):
    house = build(CountingBackend(runners=3))
    work = hands(house.dispatch)
    work.gate.clear()
    service = deploy(runner={"idle_timeout": 0})
    async with house.running(work):
        jobs = await queued(house, service, 7)
        await until(lambda: len(house.backend.started) == 3)
        await settle()
        assert len(house.backend.started) == 3
        work.gate.set()
        await until(lambda: len(work.done) == 7 and not house.roster.all())
        assert set(await house.states(*jobs)) == {JobState.PUBLISHED}
        assert house.backend.most == 3


async def test_max_scale_bounds_a_service(house, work, deploy, queued, until):
    service = deploy(runner={"idle_timeout": 0}, synchronous={"max_scale": 2})
    async with house.running(work):
        await queued(house, service, 6)
        await until(lambda: len(work.done) == 6)
        assert house.backend.most == 2


async def test_a_waiting_call_makes_a_runner(house, work, deploy, until):
    deploy(runner={"idle_timeout": 0})
    call = Call(id="cat-c", service="cat", event=Event(kind=EventKind.RAW), principal="al", deadline=99, arrived=0.0)
    async with house.running(work):
        house.board.put(call)
        house.fleet.wake({"cat": 1})
        assert (await call.done).outcome is Outcome.PUBLISHED


async def test_each_principal_has_a_runner_of_his_own(house, work, deploy, queued, until):
    service = deploy(runner={"idle_timeout": 3600})
    async with house.running(work):
        await queued(house, service, principal="alice")
        await until(lambda: len(work.done) == 1)
        await queued(house, service, principal="bob")
        await until(lambda: len(work.done) == 2)
        first, second = (runner for _, runner in work.done)
        assert first != second


async def test_a_call_of_another_principal_does_not_wait_for_the_idle_runner_to_end(house, work, deploy, queued, until):
    service = deploy(runner={"idle_timeout": 3600})
    call = Call(id="cat-c", service="cat", event=Event(kind=EventKind.RAW), principal="bob", deadline=99, arrived=0.0)
    async with house.running(work):
        await queued(house, service, principal="alice")
        await until(lambda: work.done)
        house.board.put(call)
        house.fleet.wake({"cat": 1})
        await until(call.done.done)


async def test_two_services_on_a_machine_for_one_runner_both_get_their_turn(build, hands, deploy, queued, until):
    house = build(CountingBackend(runners=1))
    work = hands(house.dispatch)
    services = [deploy(name, runner={"idle_timeout": 3600}) for name in ("cat", "dog")]
    async with house.running(work):
        for service in services:
            await queued(house, service, 2)
        await until(lambda: len(work.done) == 4)
        assert house.backend.most == 1


class Slow:
    """In place of a gate: each script takes a second."""

    def __init__(self, clock):
        self._clock = clock

    async def wait(self):
        await self._clock.advance(1.0)


async def test_more_services_than_runners_take_turns(build, hands, deploy, queued, until, clock):
    house = build(CountingBackend(runners=1))
    work = hands(house.dispatch)
    work.gate = Slow(clock)
    services = [deploy(name, runner={"idle_timeout": 3600}) for name in ("cat", "cow", "dog")]
    async with house.running(work):
        for service in services:
            await queued(house, service, 30)
        await until(lambda: len(work.done) == 90)
        assert {name for name, _ in work.done[:15]} == {"cat", "cow", "dog"}
        assert {name for name, _ in work.done[30:45]} == {"cat", "cow", "dog"}
        assert house.backend.most == 1


async def test_among_services_that_have_waited_equally_priority_decides(build, hands, deploy, queue_job, until):
    house = build(CountingBackend(runners=1))
    work = hands(house.dispatch)
    services = [deploy(name, priority=priority) for name, priority in (("cat", 0), ("cow", 7), ("dog", 3))]
    for service in services:
        await queue_job(service)
    async with house.running(work):
        house.fleet.wake({service.name: 1 for service in services})
        await until(lambda: len(work.done) == 3)
        assert [name for name, _ in work.done] == ["cow", "dog", "cat"]


async def test_a_service_that_is_being_prepared_gets_no_runner_yet(house, work, catalog, deploy, queued, until, settle):
    service = deploy(readiness=Readiness.PREPARING, runner={"idle_timeout": 0})
    async with house.running(work):
        await queued(house, service)
        await settle()
        assert house.backend.orders == []
        catalog.set_condition(service, Condition(Readiness.READY))
        house.fleet.changed()
        await until(lambda: work.done)


async def test_on_a_full_disk_no_runner_is_started(house, work, deploy, queued, until, settle):
    house.room = False
    async with house.running(work):
        await queued(house, deploy(runner={"idle_timeout": 0}))
        await settle()
        assert house.backend.orders == []
        house.room = True
        house.fleet.changed()
        await until(lambda: work.done)


async def test_a_job_whose_hint_was_lost_is_found_at_the_next_look(house, work, deploy, queue_job, queued, until):
    service = deploy(runner={"idle_timeout": 3600})
    async with house.running(work):
        await queued(house, service)
        await until(lambda: work.done)
        await queue_job(service)
        house.fleet.changed()
        await until(lambda: len(work.done) == 2)
        assert len(house.backend.orders) == 1


async def test_after_a_failed_start_the_service_pauses_ever_longer(build, hands, deploy, queued, until, settle, clock):
    house = build(CountingBackend(fails=4))
    work = hands(house.dispatch)
    service = deploy(runner={"idle_timeout": 0})
    async with house.running(work):
        await queued(house, service)
        starts = []
        for _ in range(9):
            house.fleet.changed()
            await settle()
            starts.append(len(house.backend.orders))
            await clock.advance(FIRST_PAUSE)
        assert starts == [1, 2, 2, 3, 3, 3, 3, 4, 4]
        await clock.advance(LONGEST_PAUSE)
        house.fleet.changed()
        await until(lambda: work.done)


async def test_a_job_that_is_not_due_yet_does_not_make_runners_come_and_go(
    house, work, deploy, queued, ledger, until, settle, clock
):
    service = deploy(runner={"idle_timeout": 0})
    [job] = await queued(house, service, retries=Retries(delay=60.0))
    [leased] = await ledger.queue.lease("cat", runner="r0", limit=1, ttl=60, revision=1, script_hash="")
    fault = Report(outcome=Outcome.PLATFORM_FAULT, reason="the store was away")
    await ledger.queue.report(Lease(job=leased.id, attempt=1, runner="r0"), fault)
    async with house.running(work):
        house.fleet.changed()
        for _ in range(10):
            await settle()
        assert len(house.backend.orders) == 1
        await clock.advance(61.0)
        house.fleet.changed()
        await until(lambda: work.done)
        assert await house.states(job) == [JobState.PUBLISHED]


async def test_one_services_failing_runners_do_not_hold_up_the_others(build, hands, deploy, queued, until):
    house = build(CountingBackend(fails=1))
    work = hands(house.dispatch)
    bad, good = deploy("bad", runner={"idle_timeout": 0}), deploy("good", runner={"idle_timeout": 0})
    async with house.running(work):
        await queued(house, bad)
        await until(lambda: house.backend.orders)
        await queued(house, good)
        await until(lambda: work.done)
        assert work.done[0][0] == "good"


async def test_what_can_never_start_is_told_and_not_tried_again(build, hands, catalog, deploy, queued, until, settle):
    house = build(CountingBackend(fails=99, fault=BadInput))
    service = deploy()
    async with house.running(hands(house.dispatch)):
        await queued(house, service)
        await until(lambda: catalog.condition("cat").readiness is Readiness.FAILED)
        assert "no runner today" in catalog.condition("cat").detail
        house.fleet.changed()
        await settle()
        assert len(house.backend.orders) == 1


class Breaks(Supervision):
    """A supervisor with a bug."""

    async def serve(self, runner):
        raise RuntimeError("bug")


async def test_a_supervisor_that_breaks_costs_its_runner_and_a_pause(house, deploy, queued, until, settle, caplog):
    async with house.running(Breaks()):
        await queued(house, deploy())
        await until(lambda: house.backend.orders and not house.backend.started)
        house.fleet.changed()
        await settle()
        assert len(house.backend.orders) == 1
    assert "RuntimeError: bug" in caplog.text


class DownAtFirst:
    """A ledger whose counters cannot be read the first time."""

    def __init__(self, jobs):
        self._jobs = jobs
        self.asked = 0

    async def backlog(self):
        self.asked += 1
        if self.asked == 1:
            raise LedgerUnavailable
        return await self._jobs.backlog()


async def test_a_ledger_that_is_away_for_a_moment_does_not_end_the_fleet(build, ledger, hands, deploy, queued, until):
    jobs = DownAtFirst(ledger.jobs)
    house = build(jobs=jobs)
    work = hands(house.dispatch)
    async with house.running(work):
        await queued(house, deploy(runner={"idle_timeout": 0}))
        await until(lambda: jobs.asked)
        house.fleet.changed()
        await until(lambda: work.done)


async def test_single_use_runners_are_started_ahead_while_the_service_is_used(
    house, work, deploy, queued, until, settle, clock
):
    service = deploy(runner={"reuse": "never", "idle_timeout": 600})
    async with house.running(work):
        await queued(house, service)
        await until(lambda: work.done)
        await until(lambda: any(seat.started and not seat.busy for seat in house.roster.all()))
        [ahead] = house.roster.all()
        await queued(house, service)
        await until(lambda: len(work.done) == 2)
        assert work.done[1][1] == ahead.id, "the one that was ready took it"
        await settle()
        assert len(house.roster.all()) == 1
        assert len({runner for _, runner in work.done}) == 2
        await clock.advance(601)
        house.roster.dismiss(house.roster.all()[0])
        await until(lambda: not house.roster.all())
        await settle()
        assert house.roster.all() == [], "it was not used for its idle time: no more ahead"


async def test_ended_the_fleet_returns_what_runs_and_stops_every_runner(house, work, deploy, queued, until):
    work.gate.clear()
    async with house.running(work):
        jobs = await queued(house, deploy(), 3)
        await until(lambda: sum(seat.busy for seat in house.roster.all()) == 3)
    assert await house.states(*jobs) == [JobState.QUEUED] * 3


async def test_draining_waits_for_the_present_work_and_starts_no_more(house, work, deploy, queued, until, settle):
    work.gate.clear()
    service = deploy(runner={"idle_timeout": 3600}, synchronous={"max_scale": 1})
    async with house.running(work):
        first, second = await queued(house, service, 2)
        await until(lambda: any(seat.busy for seat in house.roster.all()))
        drained = asyncio.create_task(house.fleet.drained())
        await settle()
        assert not drained.done()
        work.gate.set()
        await drained
        house.fleet.changed()
        await settle()
        assert await house.states(first, second) == [JobState.PUBLISHED, JobState.QUEUED]
        assert (len(house.backend.orders), house.roster.all()) == (1, [])


async def test_a_removed_services_runners_leave(house, work, catalog, deploy, queued, until):
    work.gate.clear()
    idle, busy = deploy("idle", runner={"idle_timeout": 3600}), deploy("busy", runner={"idle_timeout": 3600})
    async with house.running(work):
        await queued(house, busy)
        await until(lambda: any(seat.busy for seat in house.roster.of("busy")))
        work.gate.set()
        await queued(house, idle)
        await until(lambda: len(work.done) == 2)
        for service in (idle, busy):
            catalog.drop(service.name)
            house.roster.dismiss_service(service.name)
        await until(lambda: not house.roster.all())


async def test_work_of_a_service_that_is_gone_starts_nothing(house, work, catalog, deploy, queue_job, settle):
    service = deploy()
    await queue_job(service)
    catalog.drop("cat")
    async with house.running(work):
        house.fleet.changed()
        await settle()
        assert house.fleet.backlog == {"cat": Backlog(queued=1, oldest=house.clock.wall())}
        assert house.backend.orders == []


class Post:
    """Who speaks with supervisors in processes of their own: tells whom it admitted and dismissed."""

    def __init__(self):
        self.admitted, self.dismissed = [], []

    def admit(self, runner):
        self.admitted.append(runner)
        return f"{runner}.token"

    async def dismiss(self, runner):
        self.dismissed.append(runner)


async def test_a_supervisor_far_away_is_admitted_with_its_runner_and_dismissed_after_it(
    house, hands, deploy, queue_job, until
):
    post = house.fleet.remote = Post()
    service = deploy(runner={"idle_timeout": 0})
    job = await queue_job(service)
    async with house.running(hands(house.dispatch)):
        house.fleet.wake({"cat": 1})
        await until(lambda: post.dismissed)
    assert await house.states(job) == [JobState.PUBLISHED]
    assert post.admitted == post.dismissed
    assert [one.credential for one in house.backend.orders] == [f"{runner}.token" for runner in post.admitted]
    assert "cat-" in house.backend.orders[0].credential
    assert house.backend.orders[0].credential not in repr(house.backend.orders[0])


async def test_a_task_needs_no_credential(house, hands, deploy, queue_job, until):
    await queue_job(deploy(runner={"idle_timeout": 0}))
    async with house.running(hands(house.dispatch)):
        house.fleet.wake({"cat": 1})
        await until(lambda: house.backend.orders)
    assert house.backend.orders[0].credential == ""
