"""A clock whose hands tests turn, or that turns itself."""

import asyncio
import heapq
import itertools

from statuette.ports.clock import Clock

_ROUNDS = 5
"""Turns of the event loop that everybody else gets before time moves by itself."""


class VirtualClock(Clock):
    """Time that passes only when asked.

    `auto`: a sleeper moves the hands to its own moment as soon as nobody sleeps for less, so waiting costs nothing
    and sleepers still wake in order. Without it only `advance` moves them.
    """

    def __init__(self, *, start: float = 1_750_000_000.0, auto: bool = True) -> None:
        self._start = start
        self._now = 0.0
        self._auto = auto
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def wall(self) -> float:
        return self._start + self._now

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sleeper = (self._now + seconds, next(self._order), woken)
        heapq.heappush(self._sleepers, sleeper)
        try:
            while self._auto and not woken.done():
                await self._let_others()
                if self._sleepers and self._sleepers[0] is sleeper:
                    self._wake_until(sleeper[0])
            await woken
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)
                heapq.heapify(self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Let time pass; those whose time has come have run when this returns."""
        await self._let_others()  # those just begun fall asleep first
        until = self._now + seconds
        while self._sleepers and self._sleepers[0][0] <= until:
            self._wake_until(self._sleepers[0][0])
            await self._let_others()
        self._now = until
        await self._let_others()

    def set_back(self, seconds: float) -> None:
        """Somebody sets the date back; monotonic time goes on."""
        self._start -= seconds

    def _wake_until(self, moment: float) -> None:
        self._now = max(self._now, moment)
        while self._sleepers and self._sleepers[0][0] <= moment:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)

    async def _let_others(self) -> None:
        for _ in range(_ROUNDS):
            await asyncio.sleep(0)
