"""The schedule: drawn from the seed alone, each fault often enough."""

import pytest

from statuette.torture.schedule import CLOCKS, KILLS, PROXIED, Kind, Part, rates_for, schedule

ALL = rates_for(proxied=True, disk=True)


def test_a_seed_gives_the_same_schedule_again_and_another_seed_another():
    assert schedule(7, seconds=60, rates=ALL) == schedule(7, seconds=60, rates=ALL)
    assert schedule(7, seconds=60, rates=ALL) != schedule(8, seconds=60, rates=ALL)


def test_a_further_kind_leaves_the_others_as_they_were():
    more = [fault for fault in schedule(7, seconds=60, rates=KILLS | CLOCKS) if (fault.kind, fault.part) in KILLS]
    assert more == schedule(7, seconds=60, rates=KILLS)


@pytest.mark.parametrize("seed", range(5))
def test_the_rates_hold_on_average_and_everything_strikes_at_least_once(seed):
    faults = schedule(seed, seconds=6000, rates=ALL)
    assert faults == sorted(faults)
    for (kind, part), rate in ALL.items():
        found = [fault for fault in faults if (fault.kind, fault.part) == (kind, part)]
        assert 0.6 < len(found) * rate.mean / 6000 < 1.4
        assert all(rate.least <= fault.seconds <= rate.most and 0 <= fault.at < 6000 for fault in found)
    short = {(fault.kind, fault.part) for fault in schedule(seed, seconds=1, rates=ALL)}
    assert short == set(ALL)


def test_the_clock_goes_forward_and_back_and_is_set_right_again():
    moves = [fault.amount for fault in schedule(1, seconds=2000, rates=CLOCKS) if fault.kind is Kind.CLOCK]
    assert min(moves) < -3600
    assert max(moves) > 3600
    assert 0.0 in moves


def test_what_cannot_be_had_is_not_drawn():
    without = rates_for(proxied=False, disk=False)
    assert (Kind.FULL, Part.DISK) not in without
    assert not set(PROXIED) & set(without)


def test_a_line_says_what_where_and_how_long():
    lines = [fault.words() for fault in schedule(1, seconds=60, rates=ALL)]
    assert any("kill: runner" in line for line in lines)
    assert any("stop: store for" in line for line in lines)
