"""Who has a duty that only one manager does at a time: a row for each duty, with when its time is over."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from statuette.adapters.ledger_sql.batch import Batch, Upsert, upsert
from statuette.adapters.ledger_sql.schema import duties
from statuette.adapters.ledger_sql.statements import Statement
from statuette.adapters.ledger_sql.writer import Request, Writer
from statuette.ports.duties import Duties


@dataclass(slots=True, eq=False, kw_only=True)
class Take(Request[bool]):
    """A duty wanted, or kept, for the next `ttl` seconds."""

    duty: str
    holder: str
    ttl: float


@dataclass(slots=True, eq=False, kw_only=True)
class Leave(Request[None]):
    """A duty given back."""

    duty: str
    holder: str


class SqlDuties(Duties):
    """`Duties` over the writer thread."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def take(self, duty: str, *, holder: str, ttl: float) -> bool:
        return await self._writer.submit(Take(duty=duty, holder=holder, ttl=ttl))

    async def leave(self, duty: str, *, holder: str) -> None:
        await self._writer.submit(Leave(duty=duty, holder=holder))


def _taking(insert: Upsert) -> sa.Executable:
    """Have the row if it is ours or its time is over; gives it back if we have it now."""
    new = insert.excluded
    free = sa.or_(duties.c.holder == new.holder, duties.c.until <= sa.bindparam("now", type_=sa.Double))
    mine = insert.on_conflict_do_update(
        index_elements=[duties.c.duty], set_={"holder": new.holder, "until": new.until}, where=free
    )
    return mine.returning(duties.c.holder)


_row: dict[str, sa.BindParameter[object]] = {column.name: sa.bindparam(column.name) for column in duties.c}
_take = Statement.for_each(lambda dialect: _taking(upsert(duties, dialect).values(_row)))
_leave = Statement(
    duties.delete().where(duties.c.duty == sa.bindparam("of"), duties.c.holder == sa.bindparam("holder"))
)


def take(batch: Batch, requests: Sequence[Take]) -> None:
    """Give each duty to who has it, or to the first who asks once it is free."""
    for request in sorted(requests, key=lambda request: request.duty):  # one order everywhere: nobody blocks another
        row = {"duty": request.duty, "holder": request.holder, "until": batch.lease_now + request.ttl}
        request.answer = bool(_take.rows(batch.connection, row | {"now": batch.lease_now}))


def leave(batch: Batch, requests: Sequence[Leave]) -> None:
    """Free each duty that this holder has."""
    _leave.many(batch.connection, [{"of": request.duty, "holder": request.holder} for request in requests])
