"""The clock that tests turn."""

import asyncio

from statuette.testing.clock import VirtualClock


async def test_sleeping_costs_nothing_and_keeps_order():
    clock, woken = VirtualClock(start=100.0), []

    async def sleeper(seconds):
        await clock.sleep(seconds)
        woken.append((seconds, clock.wall()))

    await asyncio.gather(*(sleeper(seconds) for seconds in (30, 10, 20)))
    assert woken == [(10, 110.0), (20, 120.0), (30, 130.0)]


async def test_hands_that_only_tests_turn():
    clock = VirtualClock(auto=False)
    sleeping = asyncio.create_task(clock.sleep(10))
    await clock.advance(9.5)
    assert not sleeping.done()
    await clock.advance(0.5)
    assert sleeping.done()
    assert clock.monotonic() == 10.0


async def test_a_cancelled_sleeper_is_forgotten():
    clock = VirtualClock()
    sleeping = asyncio.create_task(clock.sleep(1000))
    await asyncio.sleep(0)
    sleeping.cancel()
    await asyncio.gather(sleeping, return_exceptions=True)
    await clock.sleep(1)
    assert clock.monotonic() == 1.0
