"""The roster and its hints: who waits for work and who is woken."""

import asyncio

import pytest

from statuette.core.roster import Hints, Roster, Seat

LONG = 3600.0


async def waiters(hints, count, service="cat"):
    """So many tasks that wait for the service."""
    tasks = [asyncio.create_task(hints.wait(service, LONG)) for _ in range(count)]
    await settle()
    return tasks


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


def woken(tasks):
    return sum(task.done() for task in tasks)


async def ended(tasks):
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_as_many_wake_as_there_are_news():
    hints = Hints()
    tasks = await waiters(hints, 10)
    hints.add({"cat": 3, "dog": 5})
    await settle()
    assert woken(tasks) == 3
    assert [task.done() for task in tasks[:3]] == [True] * 3, "who waits longest wakes first"
    await ended(tasks)


async def test_taking_uses_the_hint_up():
    hints = Hints()
    hints.add({"cat": 2})
    assert [hints.take("cat") for _ in range(3)] == [1, 1, 0]
    assert not hints.take("dog")


async def test_a_fair_share_is_taken_of_what_there_is():
    hints = Hints()
    hints.add({"cat": 10})
    assert hints.take("cat", among=3, most=16) == 3
    assert hints.take("cat", among=1, most=4) == 4
    assert hints.take("cat", among=9, most=4) == 1, "at least one"
    assert hints.take("cat", among=1, most=9) == 2, "no more than there is"
    assert hints.take("cat", among=1, most=9) == 0


async def test_none_left_forgets_the_hint():
    hints = Hints()
    hints.add({"cat": 9})
    hints.none_left("cat")
    assert not hints.take("cat")


async def test_waiting_without_news_times_out_and_leaves_nothing_behind():
    hints = Hints()
    assert await hints.wait("cat", 0.0) is False
    tasks = await waiters(hints, 1)
    hints.add({"cat": 1})
    await settle()
    assert woken(tasks) == 1, "the one that timed out does not swallow the news"


async def test_a_cancelled_waiter_does_not_swallow_the_news():
    hints = Hints()
    tasks = await waiters(hints, 2)
    tasks[0].cancel()
    await settle()
    hints.add({"cat": 1})
    await settle()
    assert tasks[1].done()
    assert await tasks[1] is True


async def test_a_lost_hint_is_set_right_and_wakes_as_many():
    hints = Hints()
    tasks = await waiters(hints, 5)
    hints.correct("cat", 2)
    await settle()
    assert woken(tasks) == 2
    assert [hints.take("cat") for _ in range(3)] == [1, 1, 0]
    await ended(tasks)


async def test_a_wake_that_came_to_nothing_is_repeated():
    """The hint stands, but who was woken for it is gone: the next look wakes another."""
    hints = Hints()
    hints.add({"cat": 1})
    tasks = await waiters(hints, 1)
    hints.correct("cat", 1)
    await settle()
    assert woken(tasks) == 1


async def test_a_hint_too_high_is_lowered_and_wakes_nobody():
    hints = Hints()
    hints.add({"cat": 5})
    tasks = await waiters(hints, 3)
    hints.correct("cat", 0)
    await settle()
    assert woken(tasks) == 0
    assert not hints.take("cat")
    await ended(tasks)


async def test_a_thousand_idle_runners_do_not_wake_for_one_job():
    hints = Hints()
    tasks = await waiters(hints, 1000)
    hints.add({"cat": 1})
    await settle()
    assert woken(tasks) == 1
    hints.wake_all("cat")
    await settle()
    assert woken(tasks) == 1000


@pytest.mark.parametrize(
    ("reuse", "same", "other"), [("user", True, False), ("never", False, False), ("service", True, True)]
)
def test_the_reuse_rule_says_whom_a_used_runner_serves(record, reuse, same, other):
    seat = Seat(id="r1", record=record(runner={"reuse": reuse}), cpu=1, memory=1)
    assert seat.serves("alice")
    seat.uses, seat.principal = 1, "alice"
    assert seat.serves("alice") is same
    assert seat.serves("bob") is other


def test_isolation_by_user_means_single_use(record):
    seat = Seat(id="r1", record=record(isolation_level="USER", runner={"reuse": "service"}), cpu=1, memory=1)
    seat.uses, seat.principal = 1, "alice"
    assert not seat.serves("alice")


async def test_dismissing_wakes_the_runners_that_wait(record, roster, sit):
    cat, dog = record("cat"), record("dog")
    seats = [sit(cat, "c1"), sit(cat, "c2"), sit(dog, "d1")]
    tasks = await waiters(roster.hints, 2)
    others = await waiters(roster.hints, 1, "dog")
    roster.dismiss_service("cat")
    await settle()
    assert woken(tasks) == 2
    assert woken(others) == 0
    assert [seat.leaving for seat in seats] == [True, True, False]
    await ended(others)


def test_the_roster_knows_runners_by_id_and_service(record, roster, sit):
    first, second = sit(record("cat"), "c1"), sit(record("dog"), "d1")
    assert roster.get("c1") is first
    assert roster.of("dog") == [second]
    roster.leave("c1")
    roster.leave("c1")
    assert roster.get("c1") is None
    assert roster.all() == [second]
    assert isinstance(roster, Roster)
