"""What one runner was leased, in order: one piece of work has the runner, those behind it may fetch ahead, those before
it are still being published.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import islice

from statuette.ports.backend import Runner
from statuette.ports.clock import Clock
from statuette.ports.errors import Fault
from statuette.supervisor.attempt import Attempt
from statuette.supervisor.limits import Limits
from statuette.supervisor.pace import Pace
from statuette.supervisor.prefetch import ahead_size

logger = logging.getLogger(__name__)

Finish = Callable[[Attempt], Awaitable[None]]


class Line:
    """The attempts of one runner. `finish` carries one out and says its last word."""

    def __init__(self, runner: Runner, *, finish: Finish, clock: Clock, limits: Limits) -> None:
        self.pace = Pace()
        self._runner = runner
        self._finish = finish
        self._clock = clock
        self._limits = limits
        self._waiting: deque[Attempt] = deque()
        self._tasks: dict[Attempt, asyncio.Task[None]] = {}
        """Every attempt that is not over."""
        self._sound = True

    def add(self, attempt: Attempt) -> None:
        """Take the last place in the line."""
        self._waiting.append(attempt)
        self._tasks[attempt] = asyncio.create_task(
            _awaited(self._finish(attempt)), name=f"attempt {attempt.assignment.lease.job}"
        )
        self._look_ahead()

    async def work_off(self) -> bool:
        """Give the runner to one after the other; True when it can be used again. Some may still be publishing then."""
        while self._waiting:
            await self._while_others_wait(self.room)
            if self._waiting and not await self._next():
                self.put_back("its runner cannot be used any more")
                return False
        return self._sound

    async def room(self) -> None:
        """Wait until so few are being published that another may run."""
        while len(under_way := set(self._tasks.values())) - len(self._waiting) >= self._limits.finishing:
            await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            self._reap()

    def put_back(self, reason: str) -> None:
        """Have those who wait hand their jobs back."""
        while self._waiting:
            self._waiting.pop().turn.call_off(reason)

    async def end(self) -> bool:
        """Wait until everything is published; True when the runner can be kept."""
        if self._tasks:
            await asyncio.wait(set(self._tasks.values()))
            self._reap()
        return self._sound

    async def cancel(self) -> None:
        """End what runs and hand everything back; nothing happens when nothing is left."""
        begun = [task for attempt, task in self._tasks.items() if attempt not in self._waiting]
        self.put_back("the platform ended")
        for task in begun:
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _next(self) -> bool:
        """One attempt with the runner; True when the next one may have it."""
        attempt = self._waiting.popleft()
        attempt.turn.give()
        self._look_ahead()
        await self._while_others_wait(attempt.turn.released)
        if attempt.assignment.call and attempt in self._tasks:
            await asyncio.wait({self._tasks[attempt]})  # somebody waits for the answer, nobody for the reset
        sound = attempt.sound
        if attempt.used:
            sound = await _reset(self._runner) and sound
            self._note(attempt)
        self._reap()
        return sound and self._sound

    def _note(self, attempt: Attempt) -> None:
        """Learn how long a job takes in a line: its time with the runner, and its part of the inputs' way here, on
        which several are at once.
        """
        if attempt.ready is not None:
            with_runner = self._clock.monotonic() - attempt.ready
            self.pace.took(with_runner + attempt.fetching / self._limits.ahead)

    async def _while_others_wait(self, step: Callable[[], Awaitable[None]]) -> None:
        """Take a step. When it takes long, those who wait are put back meanwhile."""
        if self._waiting:
            try:
                async with asyncio.timeout(self._limits.waiting):
                    return await step()
            except TimeoutError:
                self.put_back("its runner is busy with another job")
        return await step()

    def _look_ahead(self) -> None:
        """Let the next ones fetch their inputs, as far as the bounds allow."""
        room = self._limits.ahead_bytes
        for attempt in islice(self._waiting, self._limits.ahead):
            room -= ahead_size(attempt.assignment) or 0
            if room < 0:
                return
            attempt.turn.look_ahead()

    def _reap(self) -> None:
        """Forget those that are over. Raises what their own code failed with while it said the last word."""
        for attempt, task in list(self._tasks.items()):
            if task.done():
                del self._tasks[attempt]
                self._sound = self._sound and attempt.sound
                task.result()


async def _awaited(coming: Awaitable[None]) -> None:
    await coming


async def _reset(runner: Runner) -> bool:
    try:
        return await runner.reset()
    except (Fault, OSError) as error:
        logger.warning("a runner cannot be reset: %s", error, extra={"action": "reset_failed", "runner": runner.id})
        return False
