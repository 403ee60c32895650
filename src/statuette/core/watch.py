"""The watch: follows the store's stream, and calls for a sweep wherever the stream may have a gap.

A reconnection is a gap until a listing has closed it. So the order is: connect, hear that the stream stands, sweep,
while notices are already taken in. Notices are gathered while the ledger is busy with the batch before, so the busier
it is the larger the batches.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from statuette.core.intake import Intake
from statuette.core.sweep import Sweep
from statuette.ports.clock import Clock
from statuette.ports.errors import StoreUnavailable, Unavailable
from statuette.ports.intake import IntakeLedger
from statuette.ports.store_events import Notice, StoreEvents

log = logging.getLogger(__name__)

STREAM = "store"
OVERLAP = 300 * 10**9
"""Nanoseconds before the saved position from which the stream is read again."""
BATCH = 500
QUEUE = 10_000


@dataclass(slots=True)
class WatchState:
    """For status: whether the stream stands, how often it was connected, the last fault and the position."""

    following: bool = False
    connections: int = 0
    fault: str = ""
    position: int = 0


class Watch:
    """Runs for the manager's life, or among several managers for as long as this one has the duty."""

    def __init__(
        self,
        *,
        events: StoreEvents | None,
        ledger: IntakeLedger,
        intake: Intake,
        sweep: Sweep,
        clock: Clock,
        sweep_every: float,
    ) -> None:
        self._events = events
        self._ledger = ledger
        self._intake = intake
        self._sweep = sweep
        self._clock = clock
        self._sweep_every = sweep_every
        self._sweep_wanted = asyncio.Event()
        self._why = "start"
        self.state = WatchState()

    async def run(self) -> None:
        """Follow and sweep until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._sweep_when_wanted())
                group.create_task(self._sweep_at_intervals())
                if self._events is not None:
                    group.create_task(self._follow_for_ever(self._events))
                else:
                    self.want_sweep("start")
        finally:
            self.state.following = False

    def want_sweep(self, why: str) -> None:
        """Have everything swept soon; several wishes become one pass."""
        self._why = why
        self._sweep_wanted.set()

    async def _sweep_when_wanted(self) -> None:
        pause = 1.0
        while True:
            await self._sweep_wanted.wait()
            self._sweep_wanted.clear()
            count = await self._sweep.everything(why=self._why)
            pause = min(pause * 2, 60.0) if count.failed else 1.0
            if count.failed:
                await self._clock.sleep(pause)
                self._sweep_wanted.set()

    async def _sweep_at_intervals(self) -> None:
        while True:
            await self._clock.sleep(self._sweep_every)
            self.want_sweep("interval")

    async def _follow_for_ever(self, events: StoreEvents) -> None:
        delay = 0.1
        while True:
            connections = self.state.connections
            try:
                await self._follow(events)
            except* Unavailable as faults:  # the store, the ledger, or no room left for it
                self.state.fault = str(faults.exceptions[0])
                log.warning("the store's stream broke: %s", self.state.fault, extra={"action": "follow"})
            self.state.following = False
            delay = 0.1 if self.state.connections > connections else min(delay * 2, 5.0)
            await self._clock.sleep(delay)

    async def _follow(self, events: StoreEvents) -> None:
        since = await self._since(events)
        notices: asyncio.Queue[Notice] = asyncio.Queue(QUEUE)
        async with asyncio.TaskGroup() as group:
            taker = group.create_task(self._take_in(notices))
            async for notice in events.follow(since):
                if not self.state.following:
                    self._stands()
                await notices.put(notice)
            taker.cancel()
            raise StoreUnavailable("the stream ended")

    def _stands(self) -> None:
        self.state.following = True
        self.state.connections += 1
        self.state.fault = ""
        self.want_sweep("the stream was connected")

    async def _since(self, events: StoreEvents) -> int:
        """Where to read from: five minutes before the saved position, never ahead of the store's own clock."""
        now = await events.now()
        position = await self._ledger.position(STREAM)
        if position is not None and position > now:
            log.warning("the saved position is ahead of the store's clock", extra={"action": "follow"})
        return min(now if position is None else position, now) - OVERLAP

    async def _take_in(self, notices: asyncio.Queue[Notice]) -> None:
        while True:
            batch = [await notices.get()]
            while len(batch) < BATCH and not notices.empty():
                batch.append(notices.get_nowait())
            await self._intake.take(_meaningful(batch), stream=STREAM)
            self.state.position = batch[-1].position


def _meaningful(batch: Sequence[Notice]) -> Sequence[Notice]:
    """Without the notices that only move the position, save the last."""
    return [notice for notice in batch[:-1] if notice.ref is not None] + [batch[-1]]
