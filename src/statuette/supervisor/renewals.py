"""Leases under way: prolonged by one task for all runners of a supervisor, and ended when the platform takes them back.

A job that ends before its lease is a third over costs no message. `started` is told only of scripts that have run
for a second, so short jobs never show it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from statuette.events.leases import Lease
from statuette.ports.clock import Clock
from statuette.ports.errors import Unavailable
from statuette.ports.work import Work

logger = logging.getLogger(__name__)

_TICK = 1.0
_LONG = 1.0
"""Seconds after which a script's start is worth telling."""

Kill = Callable[[], Awaitable[None]]


class Watch:
    """What is known of one piece of work while it is under way. Times are `Clock.monotonic` but `started` (wall
    clock).
    """

    def __init__(self, lease: Lease, *, renewed: float, call: bool) -> None:
        self.lease = lease
        self.call = call
        self.renewed = renewed
        self.withdrawn = False
        self.lost = False
        self.started = 0.0
        self.running_since: float | None = None
        self.told = False
        self._kill: Kill | None = None

    def running(self, kill: Kill, *, clock: Clock) -> None:
        """From here on a withdrawal has to end a run."""
        self._kill = kill
        self.started = clock.wall()
        self.running_since = clock.monotonic()

    def over(self) -> None:
        """The run has ended by itself or by us."""
        self._kill = None
        self.running_since = None

    async def withdraw(self) -> None:
        """Taken back by the platform: ends the run, if one is under way."""
        self.withdrawn = True
        if self._kill is not None:
            await self._kill()

    def stage_abort(self, kill: Kill) -> None:
        """Before the run: what a withdrawal has to end (a long download)."""
        self._kill = kill


class Renewals:
    """All watches of one supervisor, by job (or call). `ttl` is the leases' life in seconds."""

    def __init__(self, work: Work, clock: Clock, *, ttl: float) -> None:
        self._work = work
        self._clock = clock
        self._interval = ttl / 3
        self._watches: dict[str, Watch] = {}
        self._task: asyncio.Task[None] | None = None
        self._users = 0

    def begin(self, lease: Lease, *, call: bool) -> Watch:
        watch = Watch(lease, renewed=self._clock.monotonic(), call=call)
        self._watches[lease.job] = watch
        return watch

    def end(self, watch: Watch) -> None:
        if self._watches.get(watch.lease.job) is watch:
            del self._watches[watch.lease.job]

    def find(self, lease: Lease) -> Watch | None:
        watch = self._watches.get(lease.job)
        return watch if watch is not None and watch.lease == lease else None

    def enter(self) -> None:
        """One more loop uses this; the first one starts the task."""
        self._users += 1
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="renewals")

    async def leave(self) -> None:
        """The last one ends it."""
        self._users -= 1
        if self._users == 0 and self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(min(_TICK, self._interval))
            try:
                await self.tick()
            except Unavailable as error:
                logger.warning("leases not renewed: %s", error, extra={"action": "renew_failed"})
            except Exception:
                logger.exception("leases not renewed", extra={"action": "renew_failed"})

    async def tick(self) -> None:
        """Renew what is due and tell which scripts have begun. Raises `Unavailable`; nothing is lost by that, it is
        said again.
        """
        for watch in list(self._watches.values()):
            if watch.withdrawn and watch.running_since is not None:
                await watch.withdraw()  # the kill may have come before the run had quite begun
        now = self._clock.monotonic()
        beginning = [watch for watch in self._jobs() if _to_tell(watch, now)]
        due = [watch for watch in self._jobs() if watch in beginning or now - watch.renewed >= self._interval]
        if not due:
            return
        started = {watch.lease.job: watch.started for watch in beginning}
        lost = await self._work.renew([watch.lease for watch in due], started=started)
        for watch in due:
            watch.renewed = now
            watch.told = watch.told or watch in beginning
        for lease in lost:
            await self._take_back(lease)

    def _jobs(self) -> list[Watch]:
        return [watch for watch in self._watches.values() if not watch.call]

    async def _take_back(self, lease: Lease) -> None:
        """End a run whose lease is lost or whose job was cancelled.

        Both end alike: the last word is `cancelled`, which only a lease that still counts may say.
        """
        watch = self.find(lease)
        if watch is None:
            return
        logger.info("taken back", extra={"action": "taken_back", "job": lease.job, "attempt": lease.attempt})
        watch.lost = True
        await watch.withdraw()


def _to_tell(watch: Watch, now: float) -> bool:
    return not watch.told and watch.running_since is not None and now - watch.running_since >= _LONG
