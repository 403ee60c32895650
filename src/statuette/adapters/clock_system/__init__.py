"""The machine's own clock behind `ports.clock`.

Here: wall clock, monotonic clock, sleeping. Not here: time zones, formatting, timers. Tests use `testing.clock`
instead.
"""

from statuette.adapters.clock_system.clock import SystemClock

__all__ = ["SystemClock"]
