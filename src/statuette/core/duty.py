"""Duties: what only one of several managers does at a time, and what happens when it can do it no longer.

A holder prolongs its duty well before it ends, and stops by its own monotonic clock a margin before others may take
over; so a manager that is cut off from the ledger has stopped when the next one begins. One that is frozen (a stopped
process, a machine asleep) cannot look at its clock and may go on for a moment beside its successor. So nothing may
depend on being alone: a duty saves double work, it guards nothing.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from statuette.ports.clock import Clock
from statuette.ports.duties import Duties
from statuette.ports.errors import LedgerUnavailable

log = logging.getLogger(__name__)

RENEWALS = 3
"""So often a duty is prolonged within its time."""
MARGIN = 0.15
"""The last part of a duty's time, in which nothing is done any more."""
PAUSE = 0.1
"""Seconds between two tries to have a turn."""


class Duty:
    """One duty, as this manager has it or stands by for it. `ttl` is how many seconds it lasts unless prolonged."""

    def __init__(self, name: str, *, duties: Duties, holder: str, ttl: float, clock: Clock) -> None:
        self._name = name
        self._duties = duties
        self._holder = holder
        self._ttl = ttl
        self._clock = clock
        self._until = 0.0
        self.mine = False

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` whenever the duty is this manager's, until cancelled; then it is given back at once."""
        try:
            while True:
                if await self._taken():
                    await self._while_mine(work)
                else:
                    await self._clock.sleep(self._ttl / RENEWALS)
        finally:
            await asyncio.shield(self._leave())

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for the duty, have it for the length of a block and give it back. Raises `LedgerUnavailable`."""
        while not await self._take():
            await self._clock.sleep(PAUSE)
        prolonging = asyncio.ensure_future(self._prolong())
        try:
            yield
        finally:
            await _ended(prolonging)
            await asyncio.shield(self._leave())

    async def is_vacant(self) -> bool:
        """Whether nobody has the duty; it stays so. Raises `LedgerUnavailable`."""
        if not await self._take():
            return False
        await self._leave()
        return True

    async def _while_mine(self, work: Callable[[], Awaitable[None]]) -> None:
        """Returns when the duty is lost; raises what `work` raises."""
        log.info("duty taken", extra={"action": "duty", "duty": self._name})
        self.mine = True
        working = asyncio.ensure_future(work())
        watching = [asyncio.ensure_future(self._prolong()), asyncio.ensure_future(self._run_out())]
        try:
            await asyncio.wait([working, *watching], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.mine = False
            faults = await _ended(working, *watching)
            log.info("duty left", extra={"action": "duty", "duty": self._name})
        for fault in faults:
            raise fault

    async def _prolong(self) -> None:
        """Returns when somebody else has the duty."""
        pause = self._ttl / RENEWALS
        while True:
            await self._clock.sleep(pause)
            try:
                if not await self._take():
                    return
                pause = self._ttl / RENEWALS
            except LedgerUnavailable as fault:
                self._warn("a duty cannot be prolonged", fault)
                pause = self._ttl / RENEWALS / RENEWALS

    async def _run_out(self) -> None:
        """Returns when the duty's time is over without having been prolonged."""
        while (left := self._until - self._clock.monotonic()) > 0:
            await self._clock.sleep(left)

    async def _taken(self) -> bool:
        try:
            return await self._take()
        except LedgerUnavailable as fault:
            self._warn("a duty cannot be taken", fault)
            return False

    async def _take(self) -> bool:
        """Take or prolong it; its time counts from before the asking."""
        asked = self._clock.monotonic()
        taken = await self._duties.take(self._name, holder=self._holder, ttl=self._ttl)
        if taken:
            self._until = asked + self._ttl * (1 - MARGIN)
        return taken

    async def _leave(self) -> None:
        try:
            await self._duties.leave(self._name, holder=self._holder)
        except LedgerUnavailable as fault:
            self._warn("a duty cannot be given back and runs out by itself", fault)

    def _warn(self, words: str, fault: LedgerUnavailable) -> None:
        log.warning("%s: %s", words, fault, extra={"action": "duty", "duty": self._name})


async def _ended(*tasks: "asyncio.Future[None]") -> list[Exception]:
    """End the tasks; the faults of those that had ended badly before."""
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    return [result for result in results if isinstance(result, Exception)]
