"""Duties over twins: one has it, the others stand by, and nobody goes on after his time."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from statuette.core.duty import MARGIN, RENEWALS, Duty
from statuette.ports.duties import Duties
from statuette.ports.errors import LedgerUnavailable

TTL = 9.0


class Table(Duties):
    """Duties in memory. Without `there` the ledger is away, with `hangs` it never answers."""

    def __init__(self, clock):
        self.clock = clock
        self.held = {}
        self.there, self.hangs = True, False

    async def take(self, duty, *, holder, ttl):
        await self._answer()
        now = self.clock.monotonic()
        has, until = self.held.get(duty, (holder, 0.0))
        if has != holder and until > now:
            return False
        self.held[duty] = (holder, now + ttl)
        return True

    async def leave(self, duty, *, holder):
        await self._answer()
        if self.held.get(duty, ("", 0.0))[0] == holder:
            del self.held[duty]

    async def _answer(self):
        if self.hangs:
            await asyncio.Event().wait()
        if not self.there:
            raise LedgerUnavailable


class Manager:
    """Someone who does the duty, and notes when."""

    def __init__(self, table, clock, name):
        self.clock = clock
        self.duty = Duty("watch", duties=table, holder=name, ttl=TTL, clock=clock)
        self.spans = []

    async def work(self):
        self.spans.append([self.clock.monotonic(), None])
        try:
            await asyncio.Event().wait()
        finally:
            self.spans[-1][1] = self.clock.monotonic()

    @property
    def works(self):
        return bool(self.spans) and self.spans[-1][1] is None

    @asynccontextmanager
    async def running(self):
        task = asyncio.create_task(self.duty.run(self.work))
        await self.clock.advance(0)
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture
def table(clock):
    return Table(clock)


@pytest.fixture
def manager(table, clock):
    return lambda name, of=None: Manager(of or table, clock, name)


async def test_one_has_it_as_long_as_it_lives(manager, clock):
    one, two = manager("one"), manager("two")
    async with one.running(), two.running():
        await clock.advance(50 * TTL)
        assert (one.works, two.works) == (True, False)
        assert (one.duty.mine, two.duty.mine) == (True, False)
        assert len(one.spans) == 1


async def test_a_graceful_end_lets_the_next_one_in_at_its_next_look(manager, clock, table):
    one, two = manager("one"), manager("two")
    async with two.running() as having_it:
        assert two.works
        async with one.running():
            having_it.cancel()
            await asyncio.gather(having_it, return_exceptions=True)
            assert table.held == {}
            assert not one.works
            await clock.advance(TTL / RENEWALS)
            assert one.works


async def test_a_dead_one_is_followed_within_its_time(manager, clock, table):
    table.held["watch"] = ("dead", TTL)
    one = manager("one")
    async with one.running():
        await clock.advance(TTL - 0.1)
        assert not one.works
        await clock.advance(TTL / RENEWALS + 0.1)
        assert one.works


@pytest.mark.parametrize("trouble", ["away", "hangs"])
async def test_who_cannot_prolong_it_has_stopped_before_another_begins(manager, clock, table, trouble):
    """The first one loses the ledger, the second one does not."""
    seen_by_one = Table(clock)
    seen_by_one.held = table.held
    one, two = manager("one", seen_by_one), manager("two")
    async with one.running(), two.running():
        await clock.advance(2 * TTL)
        seen_by_one.there, seen_by_one.hangs = trouble != "away", trouble == "hangs"
        await clock.advance(TTL)
        assert not one.works
        await clock.advance(TTL)
        assert two.works
        assert one.spans[0][1] <= two.spans[0][0] - TTL * MARGIN / 2
        seen_by_one.hangs = False


async def test_a_short_absence_of_the_ledger_changes_nothing(manager, clock, table):
    one = manager("one")
    async with one.running():
        table.there = False
        await clock.advance(TTL / 2)
        table.there = True
        await clock.advance(5 * TTL)
        assert len(one.spans) == 1
        assert one.works


async def test_who_lost_it_takes_it_again_when_it_is_free(manager, clock, table):
    one = manager("one")
    async with one.running():
        table.held["watch"] = ("other", clock.monotonic() + 3 * TTL)
        await clock.advance(TTL)
        assert not one.works
        await clock.advance(3 * TTL)
        assert one.works
        assert len(one.spans) == 2


async def test_a_fault_of_the_work_is_told(manager, clock, table):
    one = manager("one")

    async def broken():
        await clock.sleep(1)
        raise ValueError("broken")

    one.work = broken
    task = asyncio.create_task(one.duty.run(broken))
    await clock.advance(2)
    with pytest.raises(ValueError, match="broken"):
        await task
    assert table.held == {}


async def test_work_that_is_over_is_begun_again(manager, clock):
    one, begun = manager("one"), []

    async def short():
        begun.append(clock.monotonic())
        await clock.sleep(1)

    task = asyncio.create_task(one.duty.run(short))
    for _ in range(5):
        await clock.advance(0.5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert begun == [0.0, 1.0, 2.0]


async def test_turns_come_one_after_another_and_last_as_long_as_they_need(manager, clock, table):
    order = []

    async def turn(name):
        async with manager(name).duty.turn():
            order.append(f"{name} begins")
            await clock.sleep(3 * TTL)
            order.append(f"{name} ends")

    both = [asyncio.create_task(turn(name)) for name in ("one", "two")]
    await clock.advance(7 * TTL)
    await asyncio.gather(*both)
    assert order == ["one begins", "one ends", "two begins", "two ends"]
    assert table.held == {}


async def test_a_turn_without_the_ledger_is_refused(manager, table):
    table.there = False
    with pytest.raises(LedgerUnavailable):
        async with manager("one").duty.turn():
            pass


async def test_a_vacant_duty_stays_vacant(manager, table, clock):
    one, two = manager("one"), manager("two")
    assert await one.duty.is_vacant()
    assert await two.duty.is_vacant()
    async with one.running():
        assert not await two.duty.is_vacant()
