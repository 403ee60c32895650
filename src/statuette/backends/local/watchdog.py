"""Limits where the machine has no control groups for us: look at what the script's processes hold, and say when it is
too much."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from statuette.backends.local import processes

_INTERVAL = 0.1


@dataclass(slots=True)
class Watchdog:
    """Looks every 100 ms at the processes below `loop`. `peak` is the highest sum of resident bytes seen since it was
    last set."""

    loop: int
    memory: int
    processes: int
    peak: int = 0

    async def watch(self, on_excess: Callable[[str], None]) -> None:
        """Call back once, in words, when a limit is passed; runs until then or until cancelled."""
        while True:
            await asyncio.sleep(_INTERVAL)
            members, held = await asyncio.to_thread(self._look)
            self.peak = max(self.peak, held)
            if held > self.memory:
                on_excess(f"{held >> 20} MiB are held and {self.memory >> 20} MiB allowed")
                return
            if members > self.processes:
                on_excess(f"{members} processes run and {self.processes} are allowed")
                return

    def _look(self) -> tuple[int, int]:
        members = processes.descendants(self.loop)
        return len(members), sum(map(processes.resident, members))
