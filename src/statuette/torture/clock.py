"""A clock whose wall time is moved from outside, by a number of seconds in a file."""

import time
from pathlib import Path

from statuette.adapters.clock_system import SystemClock

_LOOK = 0.1
"""Seconds for which the file is believed without another look."""


class MovedClock(SystemClock):
    """The machine's clock, its wall time moved by the offset in `file` (seconds; none while it is missing or empty).

    Monotonic time and sleeping stay the machine's, as they do when somebody sets the date.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._looked = -_LOOK
        self._offset = 0.0

    def wall(self) -> float:
        now = time.monotonic()
        if now - self._looked >= _LOOK:
            self._looked = now
            self._offset = offset(self._file)
        return time.time() + self._offset


def offset(file: Path) -> float:
    """Seconds by which the clock is moved."""
    try:
        return float(file.read_text() or 0)
    except FileNotFoundError:
        return 0.0


def move(file: Path, seconds: float) -> None:
    """Move the clock of whoever reads this file, at once and whole."""
    draft = file.with_suffix(".draft")
    draft.write_text(str(seconds))
    draft.replace(file)
