"""The roster: which runners there are, for which service, and who waits for work.

A seat is the platform's side of one runner. Hints say how much work is probably there, so that an idle runner asks
the ledger only when there is something to get; the fleet sets them right again at every look, so a lost hint costs a
second at most.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from statuette.events.leases import Lease
from statuette.ports.services import ServiceRecord


@dataclass(slots=True, kw_only=True)
class Seat:
    """One runner as the core sees it, `since` when it is there. `principal` is whose work it has done ("" while it has
    done none).
    """

    id: str
    record: ServiceRecord
    cpu: int
    memory: int
    principal: str = ""
    uses: int = 0
    started: bool = False
    busy: bool = False
    leaving: bool = False
    idle_since: float = 0.0
    since: float = 0.0
    withdrawn: asyncio.Queue[Lease] = field(default_factory=asyncio.Queue)

    @property
    def service(self) -> str:
        return self.record.name

    def serves(self, principal: str) -> bool:
        """Whether this runner may do the principal's work (the service's reuse rule)."""
        reuse = self.record.definition.reuse
        if self.uses == 0 or reuse == "service":
            return True
        return reuse == "user" and self.principal == principal


class Hints:
    """How much work each service probably has, and the idle runners that wait for it."""

    def __init__(self) -> None:
        self._work: dict[str, int] = defaultdict(int)
        self._waiters: dict[str, deque[asyncio.Future[None]]] = defaultdict(deque)

    def add(self, news: Mapping[str, int]) -> None:
        """New work came in: wake as many idle runners."""
        for service, count in news.items():
            self._work[service] += count
            self._wake(service, count)

    def correct(self, service: str, queued: int) -> None:
        """Set a service's hint to what the ledger counts; where there is work, nobody who could do it sleeps on."""
        self._work[service] = queued
        self._wake(service, queued)

    def take(self, service: str, *, among: int = 1, most: int = 1) -> int:
        """How much of the work that is probably there a runner may take: a fair share `among` so many runners, at
        least one piece and at `most` so many; 0 when there is none. Takes it off the hint.
        """
        work = self._work[service]
        if work <= 0:
            return 0
        taken = max(1, min(most, work // max(among, 1)))
        self._work[service] -= taken
        return taken

    def none_left(self, service: str) -> None:
        self._work[service] = 0

    async def wait(self, service: str, timeout: float) -> bool:
        """Wait for news of a service; False when none came within `timeout` seconds."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters[service].append(waiter)
        try:
            async with asyncio.timeout(timeout):
                await waiter
        except TimeoutError:
            return False
        finally:
            if waiter in self._waiters[service]:
                self._waiters[service].remove(waiter)
        return True

    def nudge(self, service: str) -> bool:
        """Have one idle runner of the service look up; False when none is idle."""
        return self._wake(service, 1) > 0

    def wake_all(self, service: str) -> None:
        """Have every idle runner of the service look up, for instance because it is to leave."""
        self._wake(service, len(self._waiters[service]))

    def _wake(self, service: str, count: int) -> int:
        """Wake up to `count` idle runners; returns how many there were."""
        waiters = self._waiters[service]
        woken = 0
        while waiters and woken < count:
            waiter = waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                woken += 1
        return woken


class Roster:
    """All seats. `reach` is how many runners of a service the machine could hold, as the fleet saw it last."""

    def __init__(self, hints: Hints) -> None:
        self.hints = hints
        self.reach: dict[str, int] = {}
        self._seats: dict[str, Seat] = {}

    def sit(self, seat: Seat) -> None:
        self._seats[seat.id] = seat

    def leave(self, runner: str) -> None:
        self._seats.pop(runner, None)

    def get(self, runner: str) -> Seat | None:
        return self._seats.get(runner)

    def all(self) -> list[Seat]:
        return list(self._seats.values())

    def of(self, service: str) -> list[Seat]:
        return [seat for seat in self._seats.values() if seat.service == service]

    def dismiss(self, seat: Seat) -> None:
        """Have a runner end after the work it is doing; one that waits ends at once."""
        seat.leaving = True
        self.hints.wake_all(seat.service)

    def dismiss_service(self, service: str) -> None:
        for seat in self.of(service):
            self.dismiss(seat)
