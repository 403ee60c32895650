"""How many jobs a runner asks for at once."""

from collections import deque

AIM = 0.5
"""Seconds of work that one lease should hold: what waits behind a script waits no longer."""
MOST = 16
"""Jobs of one lease at most."""
_REMEMBERED = 4


class Pace:
    """Judged by the slowest of the last few jobs, so that one slow one is enough to ask for one job at a time again.
    A runner that has done nothing yet asks for one.
    """

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=_REMEMBERED)

    def took(self, seconds: float) -> None:
        """A job had the runner for so long."""
        self._last.append(seconds)

    @property
    def jobs(self) -> int:
        """How many to ask for."""
        if not self._last:
            return 1
        return max(1, min(MOST, int(AIM / max(*self._last, AIM / MOST))))
