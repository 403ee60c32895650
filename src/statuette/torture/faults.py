"""The faults, delivered: each kind in a sequence of its own, at its time or as soon as there is somebody to hit."""

import asyncio
import logging
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from statuette.torture import clock, history, tree
from statuette.torture.disk import Disk
from statuette.torture.leftovers import Holdings, Places
from statuette.torture.platform import Platform
from statuette.torture.schedule import Fault, Kind, Part
from statuette.torture.store import OwnStore

log = logging.getLogger(__name__)

_LOOK = 0.05
_DEADLY = (Kind.KILL, Kind.STOP, Kind.FULL, Kind.AHEAD, Kind.BLIND)
_SOON = 30.0
"""Seconds within which a fault has to find somebody to hit; else it is left out."""
_GROWN_UP = 3.0
_SLOWNESS = 0.3


@dataclass(frozen=True, slots=True)
class Targets:
    """What faults are done to."""

    platform: Platform
    places: Places
    disk: Disk
    clock: Path
    ledger: str
    store: OwnStore | None = None


class Fire:
    """Delivers a schedule. `delivered` counts by (kind, part); `held` is what killed managers held."""

    def __init__(self, targets: Targets, *, seed: int) -> None:
        self.delivered: Counter[tuple[Kind, Part]] = Counter()
        self.held = Holdings()
        self.calm_since = 0.0
        """When the manager last was left alone: after a stop it needs its time again."""
        self._at = targets
        self._draw = random.Random(f"{seed}:victims")  # noqa: S311 - to be drawn again, not to be secret
        self._stopped: set[int] = set()
        self._acts: dict[Kind, Callable[[Fault], Awaitable[bool]]] = {
            Kind.KILL: self._kill,
            Kind.STOP: self._stop,
            Kind.FULL: self._full,
            Kind.CLOCK: self._clock,
            Kind.AHEAD: self._ahead,
            Kind.BLIND: self._blind,
            Kind.ERRORS: self._errors,
            Kind.SLOW: self._slow,
            Kind.CUT: self._cut,
        }

    async def burn(self, faults: Sequence[Fault], *, seconds: float) -> None:
        """Deliver what is due within that time, then put everything right again."""
        began = time.monotonic()
        kinds = {(fault.kind, fault.part) for fault in faults}
        sequences = [[fault for fault in faults if (fault.kind, fault.part) == which] for which in sorted(kinds)]
        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(self._sequence(sequence, began=began) for sequence in sequences))
        except TimeoutError:
            log.info("the fire ends")
        finally:
            self.put_right()

    def put_right(self) -> None:
        """No fault lasts."""
        for pid in list(self._stopped):
            tree.signal_quietly(pid, signal.SIGCONT)
        self._at.disk.free()
        clock.move(self._at.clock, 0.0)
        for proxy in (self._at.store.s3, self._at.store.filer) if self._at.store else ():
            proxy.slow, proxy.failing, proxy.closed = 0.0, False, False

    async def _sequence(self, faults: Sequence[Fault], *, began: float) -> None:
        for fault in faults:
            await asyncio.sleep(max(0.0, began + fault.at - time.monotonic()))
            deadline = time.monotonic() + _SOON
            while not await self._strike(fault) and time.monotonic() < deadline:
                await self._somebody(fault.part, deadline=deadline)

    async def _strike(self, fault: Fault) -> bool:
        if fault.kind in _DEADLY and fault.part is not Part.RUNNER and self._at.platform.spared:
            return False
        struck = await self._acts[fault.kind](fault)
        if struck:
            self.delivered[fault.kind, fault.part] += 1
            log.info("%s", fault.words())
        return struck

    async def _somebody(self, part: Part, *, deadline: float) -> None:
        """Wait until there is somebody to hit, then for a moment longer: else all who are born would die at once."""
        while time.monotonic() < deadline:
            await asyncio.sleep(_LOOK)
            if await asyncio.to_thread(self._victim, part) is not None:
                break
        await asyncio.sleep(self._draw.uniform(0, _GROWN_UP))

    def _victim(self, part: Part) -> int | None:
        manager = self._at.platform.pid
        if part is Part.STORE and self._at.store:
            return self._at.store.pid
        if manager is None or part not in (Part.RUNNER, Part.STORE):
            return manager
        if part is Part.STORE:
            return tree.store(manager)
        found = tree.runners(manager)
        return self._draw.choice(found) if found else None

    async def _kill(self, fault: Fault) -> bool:
        if fault.part is Part.MANAGER:
            return await self._kill_manager()
        victim = await asyncio.to_thread(self._victim, fault.part)
        return victim is not None and tree.signal_quietly(victim, signal.SIGKILL)

    async def _kill_manager(self) -> bool:
        manager = self._at.platform.pid
        if manager is None:
            return False
        held = await asyncio.to_thread(self._at.places.holdings, manager)
        if self._at.platform.pid != manager or not self._at.platform.kill():
            return False
        self.held = self.held.and_(held)
        return True

    async def _stop(self, fault: Fault) -> bool:
        victim = await asyncio.to_thread(self._victim, fault.part)
        if victim is None or not tree.signal_quietly(victim, signal.SIGSTOP):
            return False
        self._stopped.add(victim)
        await asyncio.sleep(fault.seconds)
        tree.signal_quietly(victim, signal.SIGCONT)
        self._stopped.discard(victim)
        self.calm_since = time.monotonic()
        return True

    async def _full(self, fault: Fault) -> bool:
        await asyncio.to_thread(self._at.disk.fill)
        await asyncio.sleep(fault.seconds)
        await asyncio.to_thread(self._at.disk.free)
        self.calm_since = time.monotonic()
        return True

    async def _clock(self, fault: Fault) -> bool:
        clock.move(self._at.clock, fault.amount)
        return True

    async def _ahead(self, _: Fault) -> bool:
        if not self._at.platform.ready or not await self._kill_manager():
            return False
        self._at.platform.before_start.append(partial(_put_ahead, self._at.ledger))
        return True

    async def _blind(self, fault: Fault) -> bool:
        manager, store = self._at.platform.pid, await asyncio.to_thread(self._victim, Part.STORE)
        if not self._at.platform.ready or manager is None or store is None:
            return False
        if not tree.signal_quietly(manager, signal.SIGSTOP):
            return False
        self._stopped.add(manager)
        await asyncio.sleep(fault.seconds)
        if not tree.signal_quietly(store, signal.SIGKILL) or not await self._kill_manager():
            tree.signal_quietly(manager, signal.SIGCONT)
            return False
        self._stopped.discard(manager)
        self.delivered[Kind.KILL, Part.STORE] += 1
        self.delivered[Kind.KILL, Part.MANAGER] += 1
        return True

    async def _errors(self, fault: Fault) -> bool:
        proxy = self._proxied().s3
        proxy.failing = True
        proxy.cut()
        await asyncio.sleep(fault.seconds)
        proxy.failing = False
        return True

    async def _slow(self, fault: Fault) -> bool:
        proxy = self._proxied().s3
        proxy.slow = _SLOWNESS
        await asyncio.sleep(fault.seconds)
        proxy.slow = 0.0
        return True

    async def _cut(self, fault: Fault) -> bool:
        proxy = self._proxied().filer
        proxy.closed = True
        proxy.cut()
        await asyncio.sleep(fault.seconds)
        proxy.closed = False
        return True

    def _proxied(self) -> OwnStore:
        if self._at.store is None:
            raise RuntimeError("no proxy stands before an embedded store")
        return self._at.store


def _put_ahead(ledger: str) -> None:
    try:
        history.put_ahead(ledger)
    except SQLAlchemyError as error:
        log.warning("the position could not be put ahead: %s", error)
