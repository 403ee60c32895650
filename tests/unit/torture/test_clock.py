"""A clock moved by a file."""

import time

from statuette.torture.clock import MovedClock, move, offset


def test_wall_time_moves_and_monotonic_time_does_not(tmp_path, monkeypatch):
    file = tmp_path / "clock"
    clock = MovedClock(file)
    assert abs(clock.wall() - time.time()) < 1
    move(file, -86_400)
    time.sleep(0.11)
    assert abs(clock.wall() + 86_400 - time.time()) < 1
    assert abs(clock.monotonic() - time.monotonic()) < 1
    move(file, 0)
    assert offset(file) == 0.0
