"""The plan: who gets a runner, who has to leave."""

from collections import Counter

import pytest

from statuette.core.plan import TURN, WARM, Demand, Placed, Plan, Room, plan

ROOMY = Room(cpu=100_000, memory=100_000, runners=1000)
FOUR = Room(cpu=100_000, memory=100_000, runners=4)


def demand(service, work=1, **fields):
    return Demand(**{"service": service, "cpu": 100, "memory": 100, "work": work, **fields})


def placed(id_, service, **fields):
    defaults = {"cpu": 100, "memory": 100, "idle": False, "leaving": False}
    return Placed(id=id_, service=service, **(defaults | fields))


def test_how_many_runners_of_one_service_there_could_be():
    room = Room(cpu=1000, memory=2000, runners=9)
    assert room.reach(demand("a", cpu=300, memory=100)) == 3
    assert room.reach(demand("a", cpu=100, memory=500)) == 4
    assert room.reach(demand("a", cpu=0, memory=0)) == 9
    assert room.reach(demand("a", most=2)) == 2
    assert room.reach(demand("a", cpu=5000)) == 1, "what does not fit is shared with nobody"


def test_no_demand_starts_nothing_and_dismisses_nobody():
    assert plan([], [placed("a1", "a", idle=True)], ROOMY) == Plan((), ())


def test_one_runner_for_each_piece_of_work():
    assert plan([demand("a", 3)], [], ROOMY).start == ("a", "a", "a")


def test_idle_and_starting_runners_count_for_the_work():
    assert plan([demand("a", 3)], [placed("a1", "a", idle=True), placed("a2", "a")], ROOMY).start == ("a", "a")


def test_a_leaving_runner_takes_no_work():
    assert plan([demand("a", 1)], [placed("a1", "a", idle=True, leaving=True)], ROOMY).start == ("a",)


def test_runners_ahead_come_beyond_the_work():
    assert plan([demand("a", 1, ahead=1)], [placed("a1", "a", idle=True)], ROOMY).start == ("a",)
    assert plan([demand("a", 0, ahead=1)], [placed("a1", "a", idle=True)], ROOMY).start == ()


def test_max_scale_bounds_all_runners_of_a_service_also_those_that_still_work_before_they_leave():
    seats = [placed("a1", "a"), placed("a2", "a", leaving=True)]
    assert plan([demand("a", 9, most=3)], seats, ROOMY).start == ("a",)
    assert plan([demand("a", 9, most=2)], seats, ROOMY).start == ()


def test_the_service_with_the_fewest_runners_is_served_first():
    seats = [placed("a1", "a"), placed("a2", "a"), placed("b1", "b")]
    decided = plan(
        [demand("a", 5, oldest=1.0), demand("b", 5, oldest=2.0)], seats, Room(cpu=100_000, memory=100_000, runners=6)
    )
    assert decided.start == ("b", "a", "b")


def test_among_equals_the_longest_wait_is_served_first():
    decided = plan([demand("a", 1, oldest=20.0), demand("b", 1, oldest=10.0)], [], Room(cpu=100, memory=100, runners=1))
    assert decided.start == ("b",)


def test_a_full_machine_is_shared_evenly():
    decided = plan([demand("a", 100, oldest=1.0), demand("b", 100, oldest=2.0)], [], FOUR)
    assert sorted(decided.start) == ["a", "a", "b", "b"]


def test_cpu_memory_and_runners_each_limit():
    assert len(plan([demand("a", 9)], [], Room(cpu=250, memory=10_000, runners=99)).start) == 2
    assert len(plan([demand("a", 9)], [], Room(cpu=10_000, memory=399, runners=99)).start) == 3
    assert len(plan([demand("a", 9)], [], Room(cpu=10_000, memory=10_000, runners=1)).start) == 1


def test_a_small_service_fits_where_a_large_one_does_not():
    large = demand("large", 1, cpu=1000, oldest=1.0)
    decided = plan([large, demand("small", 1, oldest=2.0)], [placed("x1", "x")], Room(cpu=300, memory=999, runners=9))
    assert decided.start == ("small",)


def test_leaving_runners_hold_their_room_until_they_are_gone():
    seats = [placed(f"a{n}", "a", leaving=True) for n in range(4)]
    decided = plan([demand("b", 1)], seats, FOUR)
    assert decided == Plan((), ())


def test_a_starved_service_gets_the_room_of_the_longest_idle_runner():
    seats = [
        placed("a1", "a", idle=True, idle_since=30.0),
        placed("b1", "b", idle=True, idle_since=10.0),
        placed("a2", "a"),
        placed("a3", "a"),
    ]
    assert plan([demand("c", 1)], seats, FOUR) == Plan((), ("b1",))


def test_without_idle_ones_a_busy_runner_of_the_richest_leaves():
    seats = [placed("b1", "b"), placed("a1", "a"), placed("a2", "a"), placed("a3", "a")]
    [dismissed] = plan([demand("c", 1)], seats, FOUR).dismiss
    assert dismissed.startswith("a")


def test_the_only_runner_of_a_service_leaves_for_one_without_any_when_it_has_had_its_turn():
    seats = [placed(f"{name}1", name, since=since) for name, since in (("a", 3.0), ("b", 1.0), ("c", 2.0), ("d", 4.0))]
    assert plan([demand("e", 1)], seats, FOUR, now=1.0 + TURN / 2).dismiss == ()
    assert plan([demand("e", 1)], seats, FOUR, now=10.0 + TURN).dismiss == ("b1",)


def test_a_service_never_gives_both_its_runners_for_one_that_needs_more():
    seats = [placed("a1", "a"), placed("a2", "a"), placed("b1", "b"), placed("b2", "b")]
    large = plan([demand("c", 1, cpu=200)], seats, Room(cpu=400, memory=10_000, runners=9))
    assert {runner[0] for runner in large.dismiss} == {"a", "b"}


def test_a_part_grows_with_the_square_root_of_the_need():
    room = Room(cpu=100_000, memory=100_000, runners=12)
    started = Counter(plan([demand("large", 10_000), demand("small", 100)], [], room).start)
    assert started == {"large": 11, "small": 1}
    started = Counter(plan([demand("large", 400), demand("small", 100)], [], room).start)
    assert started == {"large": 8, "small": 4}


def test_a_part_is_counted_in_what_it_takes_of_the_machine():
    room = Room(cpu=1000, memory=100_000, runners=100)
    started = Counter(plan([demand("wide", 100, cpu=200), demand("narrow", 100, cpu=50)], [], room).start)
    assert started["wide"] * 200 == pytest.approx(started["narrow"] * 50, abs=200)


def test_among_those_who_have_waited_equally_priority_decides():
    one = Room(cpu=100, memory=100, runners=1)
    waits = {"oldest": 10.1}
    assert plan([demand("a", 1, **waits), demand("b", 1, priority=5, oldest=10.9)], [], one).start == ("b",)
    assert plan([demand("a", 1, **waits), demand("b", 1, priority=5, oldest=11.1)], [], one).start == ("a",)


def test_runners_of_a_service_beyond_its_part_leave_after_their_turn():
    seats = [*(placed(f"a{n}", "a", since=50.0) for n in range(3)), placed("b1", "b")]
    demands = [demand("a", 100), demand("b", 100)]
    assert plan(demands, seats, FOUR, now=50.0).dismiss == ()
    [leaving] = plan(demands, seats, FOUR, now=50.0 + TURN).dismiss
    assert leaving.startswith("a")
    even = [*seats[:2], seats[3], placed("b2", "b")]
    assert plan(demands, even, FOUR, now=1000.0) == Plan((), ())


def test_idle_runners_without_work_make_room_for_any_service_that_lacks_one():
    seats = [placed("a1", "a"), placed("b1", "b"), placed("b2", "b"), placed("b3", "b", idle=True)]
    assert plan([demand("a", 9)], seats, FOUR).dismiss == ("b3",)


def test_the_last_idle_runner_of_a_service_is_left_to_it_for_a_while():
    seats = [placed("a1", "a"), placed("a2", "a"), placed("a3", "a"), placed("b1", "b", idle=True, idle_since=100.0)]
    assert plan([demand("a", 9)], seats, FOUR, now=100.0 + WARM / 2).dismiss == ()
    assert plan([demand("a", 9)], seats, FOUR, now=100.0 + WARM).dismiss == ("b1",)
    assert plan([demand("a", 9), demand("c", 1)], seats, FOUR, now=100.0).dismiss == ("b1",)


def test_runners_wanted_ahead_push_nobody_out():
    seats = [placed(f"b{n}", "b", idle=True) for n in range(4)]
    assert plan([demand("a", 0, ahead=1)], seats, FOUR) == Plan((), ())


def test_as_many_leave_as_the_starved_service_needs_and_no_more():
    seats = [placed(f"a{n}", "a", idle=True, idle_since=float(n)) for n in range(4)]
    decided = plan([demand("b", 5, cpu=250)], seats, Room(cpu=400, memory=10_000, runners=9))
    assert decided.dismiss == ("a0", "a1", "a2")


def test_each_starved_service_gets_room_of_its_own():
    seats = [placed(f"a{n}", "a", idle=True, idle_since=float(n)) for n in range(4)]
    assert plan([demand("b", 1), demand("c", 1)], seats, FOUR).dismiss == ("a0", "a1")


def test_room_that_somebody_leaves_already_is_not_asked_for_again():
    seats = [placed("a1", "a", leaving=True), placed("a2", "a", idle=True), placed("a3", "a"), placed("a4", "a")]
    assert plan([demand("b", 1)], seats, FOUR).dismiss == ()


def test_a_starting_runner_whose_own_work_waits_is_not_pushed_out():
    """Else two services on a machine with room for one runner would end each other's runners for ever."""
    one = Room(cpu=100, memory=100, runners=1)
    starting = placed("a1", "a", idle=True)
    assert plan([demand("a", 1, oldest=1.0), demand("b", 1, oldest=2.0)], [starting], one) == Plan((), ())


def test_of_several_idle_runners_those_beyond_the_own_work_leave():
    seats = [placed(f"a{n}", "a", idle=True, idle_since=float(n)) for n in range(4)]
    decided = plan([demand("a", 3, oldest=1.0), demand("b", 1, oldest=2.0)], seats, FOUR)
    assert decided == Plan((), ("a0",))


def test_a_demand_that_never_fits_starts_the_others_and_dismisses_nobody_in_vain():
    """Deployment refuses what the machine cannot hold; only work that nobody ends may be in its way."""
    seats = [placed("b1", "b", idle=True), placed("c1", "c")]
    decided = plan([demand("huge", 1, cpu=10_000), demand("a", 1)], seats, Room(cpu=400, memory=400, runners=4))
    assert decided == Plan(("a",), ())


def test_room_that_others_leave_for_a_large_service_is_not_taken_by_small_ones():
    """Else the service that has to give room would fill it again, a runner at a time, for ever."""
    large, rich = demand("large", 1, cpu=200), demand("rich", 99)
    busy = [placed(f"r{n}", "rich") for n in range(4)]
    room = Room(cpu=400, memory=10_000, runners=9)
    first = plan([large, rich], busy, room)
    assert (first.start, len(first.dismiss)) == ((), 2)
    one_left = [placed("r0", "rich", leaving=True), *busy[2:]]
    assert plan([large, rich], one_left, room) == Plan((), ())
    assert plan([large, rich], busy[2:], room).start == ("large",)


def test_beside_the_room_that_is_kept_small_ones_start():
    large, small = demand("large", 1, cpu=200, oldest=1.0), demand("small", 1, oldest=2.0)
    seats = [placed("r0", "rich", leaving=True)]
    assert plan([large, small], seats, Room(cpu=400, memory=10_000, runners=9)).start == ("large", "small")
    crowded = [*seats, placed("r1", "rich")]
    assert plan([large, small], crowded, Room(cpu=300, memory=10_000, runners=9)).start == ()
    assert plan([large, small], crowded, Room(cpu=400, memory=10_000, runners=9)).start == ("large",)
