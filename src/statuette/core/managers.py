"""This manager among those that work on its ledger: who has which duty, who lives, which service stands.

A manager that works alone has every duty at once and asks nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass

from statuette.core.catalog import Catalog
from statuette.core.duty import Duty
from statuette.ports.clock import Clock
from statuette.ports.duties import Duties
from statuette.ports.services import ServiceChanges

WATCH = "watch"
"""Following the store, sweeping, and all else that one of the managers does for all."""
DEPLOY = "deploy"
"""Making, changing and removing services: one at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """What only a manager among several needs. `id` is its own and lasts; no two have the same."""

    id: str
    duties: Duties
    changes: ServiceChanges


class Managers:
    """The managers on one ledger, as one of them sees it; `several` is None for one that works alone."""

    def __init__(self, several: Several | None, *, catalog: Catalog, ttl: float, clock: Clock) -> None:
        self.several = several
        self._catalog = catalog
        self._ttl = ttl
        self._clock = clock
        self._watching = None if several is None else self._duty(several, WATCH)

    @property
    def home(self) -> str:
        """What this manager's runners are named after, "" for one that works alone."""
        return self.several.id if self.several else ""

    @property
    def is_watching(self) -> bool:
        """Whether following the store is this manager's business now."""
        return self._watching is None or self._watching.mine

    async def watch(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do for all managers what one does, whenever it is this one's turn."""
        await (work() if self._watching is None else self._watching.run(work))

    async def be_present(self) -> None:
        """Show the others that this manager lives, until cancelled."""
        if self.several is not None:
            await self._duty(self.several, _presence(self.several.id)).run(_for_ever)

    async def is_gone(self, manager: str) -> bool:
        """Whether another manager does not live any more. Raises `LedgerUnavailable`."""
        return self.several is not None and await self._duty(self.several, _presence(manager)).is_vacant()

    def deploying(self) -> AbstractAsyncContextManager[None]:
        """For the length of a block no other manager makes, changes or removes a service."""
        return nullcontext() if self.several is None else self._duty(self.several, DEPLOY).turn()

    async def lives(self, service: str, incarnation: str) -> bool:
        """Whether this life of a service stands, by the ledger's word. Raises `LedgerUnavailable`."""
        record = self._catalog.find(service)
        if self.several is None:
            return record is not None and record.incarnation == incarnation
        heads = await self.several.changes.heads()
        return service in heads and heads[service][0] == incarnation

    def _duty(self, several: Several, name: str) -> Duty:
        return Duty(name, duties=several.duties, holder=several.id, ttl=self._ttl, clock=self._clock)


def _presence(manager: str) -> str:
    return f"manager/{manager}"


async def _for_ever() -> None:
    await asyncio.Event().wait()
