"""What other managers changed: services made, replaced and removed, and whose buckets are whose.

A count in the ledger is looked at every second; only when it has moved are the services' heads read, and only of
those that differ the whole record.
"""

from collections.abc import Callable

from statuette.core.catalog import Catalog
from statuette.core.ownership import Ownership
from statuette.ports.services import ServiceChanges, ServiceRecord

LOOK = 1.0
"""Seconds between two looks."""


class Changes:
    """Brings this manager's catalog to what the ledger holds.

    `stand` is told of each record that is new here, with the one it replaces; `let_go` of each that is no more.
    """

    def __init__(
        self,
        source: ServiceChanges,
        *,
        catalog: Catalog,
        ownership: Ownership,
        stand: Callable[[ServiceRecord, ServiceRecord | None], None],
        let_go: Callable[[ServiceRecord], None],
    ) -> None:
        self._source = source
        self._catalog = catalog
        self._ownership = ownership
        self._stand = stand
        self._let_go = let_go
        self._count = -1

    async def look(self) -> list[ServiceRecord]:
        """Take over what changed since the last look; the services that are no more. Raises `LedgerUnavailable`."""
        count = await self._source.count()  # first: what changes while we read is seen at the next look
        if count == self._count:
            return []
        heads = await self._source.heads()
        here = {record.name: (record.incarnation, record.revision) for record in self._catalog.all()}
        records = await self._source.records([name for name in heads if heads[name] != here.get(name)])
        await self._ownership.load()
        gone = [self._catalog.get(name) for name in here if heads.get(name, ("", 0))[0] != here[name][0]]
        for record in gone:
            self._let_go(record)
        for record in records:
            self._stand(record, self._catalog.find(record.name))
        self._count = count
        return gone
