"""Small secrets of the platform's own, sealed under their names."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from statuette.adapters.ledger_sql.batch import Batch
from statuette.adapters.ledger_sql.reader import Reader
from statuette.adapters.ledger_sql.schema import vault
from statuette.adapters.ledger_sql.seal import Seal
from statuette.adapters.ledger_sql.writer import Request, Writer
from statuette.ports.vault import Vault


@dataclass(slots=True, eq=False, kw_only=True)
class Put(Request[None]):
    """A sealed value, or None to erase it."""

    name: str
    value: bytes | None


@dataclass(slots=True, eq=False, kw_only=True)
class PutNew(Request[bool]):
    """A sealed value for a name that has none yet."""

    name: str
    value: bytes


class SqlVault(Vault):
    """`Vault` over the writer thread. Raises `LedgerUnavailable`, also when a value does not open with this key."""

    def __init__(self, *, writer: Writer, reader: Reader, seal: Seal) -> None:
        self._writer = writer
        self._reader = reader
        self._seal = seal

    async def read(self, name: str) -> str | None:
        query = sa.select(vault.c.value).where(vault.c.name == name)
        sealed = await self._reader.read(lambda connection: connection.execute(query).scalar())
        return None if sealed is None else self._seal.open(_bound(name), sealed)

    async def write(self, name: str, value: str) -> None:
        await self._writer.submit(Put(name=name, value=self._seal.close(_bound(name), value)))

    async def add(self, name: str, value: str) -> bool:
        return await self._writer.submit(PutNew(name=name, value=self._seal.close(_bound(name), value)))

    async def names(self, prefix: str) -> list[str]:
        query = sa.select(vault.c.name).order_by(vault.c.name)
        if prefix:
            query = query.where(sa.func.substr(vault.c.name, 1, len(prefix)) == prefix)
        return await self._reader.read(lambda connection: list(connection.scalars(query)))

    async def erase(self, name: str) -> None:
        await self._writer.submit(Put(name=name, value=None))


def _bound(name: str) -> str:
    return f"vault/{name}"


def put(batch: Batch, requests: Sequence[Put]) -> None:
    """Write and erase, in the order the requests came."""
    insert = batch.upsert(vault)
    write = insert.on_conflict_do_update(index_elements=[vault.c.name], set_={"value": insert.excluded.value})
    batch.told = True
    for request in requests:
        if request.value is None:
            batch.connection.execute(vault.delete().where(vault.c.name == request.name))
        else:
            batch.connection.execute(write, {"name": request.name, "value": request.value})


def put_new(batch: Batch, requests: Sequence[PutNew]) -> None:
    """Write each value whose name has none; another manager that writes it at the same time is waited for."""
    write = batch.upsert(vault).on_conflict_do_nothing().returning(vault.c.name)
    for request in requests:
        written = batch.connection.execute(write, {"name": request.name, "value": request.value})
        request.answer = written.one_or_none() is not None
        batch.told = batch.told or request.answer
