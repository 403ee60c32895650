"""How much of each service's work stands where, from the counters that are kept with every write.

On SQLite this process alone writes, so what a look found is kept and the next one asks only for the services whose
jobs moved in between: with very many services few have. On PostgreSQL other managers write too, and every look asks
for all that have something to count.
"""

import threading
from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from statuette.adapters.ledger_sql.schema import COUNTED, NUMBER, backlog, jobs
from statuette.adapters.ledger_sql.statements import PlainRow, Statement, among, listed
from statuette.ports.queue import Backlog


def _oldest(shelf: str) -> sa.ScalarSelect[float]:
    first = sa.select(jobs.c.accepted).where(jobs.c.service == backlog.c.service, jobs.c.shelf == shelf)
    return first.order_by(jobs.c.sequence).limit(1).correlate(backlog).scalar_subquery()


# The sum is cast because PostgreSQL makes a decimal of it, which is slow to read.
_summed = [sa.cast(sa.func.sum(backlog.c[name]), NUMBER) for name in COUNTED]
standing = (
    sa.select(backlog.c.service, *_summed, _oldest("queued"), _oldest("waiting"))
    .where(sa.or_(*(backlog.c[name] != 0 for name in COUNTED)))
    .group_by(backlog.c.service)
)
_all = Statement(standing)
_some = Statement.for_each(lambda dialect: standing.where(among(backlog.c.service, dialect)))


class Counters:
    """The counters as they stood at the last look, and whose have changed since."""

    def __init__(self) -> None:
        self._looking = threading.Lock()
        self._marking = threading.Lock()
        self._moved: set[str] = set()
        self._kept: dict[str, Backlog] | None = None

    def moved(self, services: Iterable[str]) -> None:
        """Jobs of these moved. Said by the writer after its transaction has ended and before anyone is answered."""
        with self._marking:
            self._moved.update(services)

    def look(self, connection: sa.Connection) -> Mapping[str, Backlog]:
        """Services that have work or dead letters; whoever has neither is left out."""
        if connection.dialect.name == "postgresql":
            return _read(_all.rows(connection, {}))
        with self._looking:
            with self._marking:  # before the question: what moves after this is asked for the next time
                moved, self._moved = self._moved, set()
            kept, self._kept = self._kept, None  # should the question fail, the next look asks for all
            if kept is None:
                kept = _read(_all.rows(connection, {}))
            elif moved:
                found = _read(_some.rows(connection, listed(connection, sorted(moved))))
                for service in moved - found.keys():
                    kept.pop(service, None)
                kept |= found
            self._kept = kept
            return kept.copy()


def _read(rows: Iterable[PlainRow]) -> dict[str, Backlog]:
    found: dict[str, Backlog] = {}
    for service, *values in rows:
        counts, firsts = values[: len(COUNTED)], values[len(COUNTED) :]
        oldest = min((at for at in firsts if at is not None), default=0.0)
        found[service] = Backlog(**dict(zip(COUNTED, counts, strict=True)), oldest=oldest)
    return found
