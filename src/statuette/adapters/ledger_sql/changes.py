"""What other managers changed: a count that moves with every change of services and vault, and the services by name."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from statuette.adapters.ledger_sql.batch import CHANGES
from statuette.adapters.ledger_sql.reader import Reader
from statuette.adapters.ledger_sql.schema import services, streams
from statuette.adapters.ledger_sql.services import SqlServices
from statuette.adapters.ledger_sql.statements import Statement
from statuette.ports.services import ServiceChanges, ServiceRecord

_count = Statement(sa.select(streams.c.position).where(streams.c.stream == sa.bindparam("stream")))
_heads = sa.select(services.c.name, services.c.incarnation, services.c.revision)


class SqlChanges(ServiceChanges):
    """`ServiceChanges` over the reader. The count is kept as one more stream's position: the services' own."""

    def __init__(self, *, reader: Reader, services: SqlServices) -> None:
        self._reader = reader
        self._services = services

    async def count(self) -> int:
        rows = await self._reader.read(lambda connection: _count.rows(connection, {"stream": CHANGES}))
        return int(rows[0][0]) if rows else 0

    async def heads(self) -> Mapping[str, tuple[str, int]]:
        rows = await self._reader.read(lambda connection: connection.execute(_heads).all())
        return {row.name: (row.incarnation, row.revision) for row in rows}

    async def records(self, names: Sequence[str]) -> Sequence[ServiceRecord]:
        return await self._services.all(names)
