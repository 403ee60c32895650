"""Deployed services: definitions as JSON, tokens and secrets sealed, feeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import sqlalchemy as sa

from statuette.adapters.ledger_sql.batch import Batch, chunks
from statuette.adapters.ledger_sql.codec import Plain, Row, dump_json, load_json
from statuette.adapters.ledger_sql.reader import Reader
from statuette.adapters.ledger_sql.schema import feeds, jobs, seen, services
from statuette.adapters.ledger_sql.seal import Seal
from statuette.adapters.ledger_sql.writer import Request, Writer
from statuette.events import transitions
from statuette.events.feeds import Feed
from statuette.ports.errors import Conflict, NotFound
from statuette.ports.services import ServiceLedger, ServiceRecord
from statuette.spec import Service

WITHDRAW_AT_ONCE = 1000


@dataclass(slots=True, eq=False, kw_only=True)
class Add(Request[None]):
    """A service's row and feeds, ready to be written."""

    row: Plain
    feeds: list[Plain]


@dataclass(slots=True, eq=False, kw_only=True)
class Replace(Request[None]):
    """The next revision's row and feeds."""

    row: Plain
    feeds: list[Plain]


@dataclass(slots=True, eq=False, kw_only=True)
class Withdraw(Request[int]):
    """Some of a service's jobs that nobody runs; the answer is how many there were."""

    serial: ClassVar[bool] = True
    service: str
    incarnation: str


@dataclass(slots=True, eq=False, kw_only=True)
class Drop(Request[bool]):
    """A service with all that its feeds saw. Answered False, with nothing done, while it still has jobs to withdraw."""

    serial: ClassVar[bool] = True
    service: str
    incarnation: str


class SqlServices(ServiceLedger):
    """`ServiceLedger` over the writer thread."""

    def __init__(self, *, writer: Writer, reader: Reader, seal: Seal) -> None:
        self._writer = writer
        self._reader = reader
        self._seal = seal

    async def add(self, record: ServiceRecord) -> None:
        await self._writer.submit(Add(row=self._row(record), feeds=_feed_rows(record)))

    async def replace(self, record: ServiceRecord) -> None:
        await self._writer.submit(Replace(row=self._row(record), feeds=_feed_rows(record)))

    async def remove(self, name: str, *, incarnation: str = "") -> None:
        """As in the port. Many jobs are withdrawn in several transactions, the service goes with the last."""
        dropped = False
        while not dropped:
            some = WITHDRAW_AT_ONCE
            while some == WITHDRAW_AT_ONCE:
                request = Withdraw(weight=WITHDRAW_AT_ONCE, service=name, incarnation=incarnation)
                some = await self._writer.submit(request)
            dropped = await self._writer.submit(Drop(service=name, incarnation=incarnation))

    async def all(self, names: Sequence[str] | None = None) -> Sequence[ServiceRecord]:
        """As in the port; with `names`, only these."""
        if names is None:
            return await self._reader.read(lambda connection: self._read(connection, None))
        found: list[ServiceRecord] = []
        for some in chunks(sorted(names)):
            found += await self._reader.read(partial(self._read, names=some))
        return found

    def _read(self, connection: sa.Connection, names: Sequence[str] | None) -> list[ServiceRecord]:
        fed: dict[str, list[Feed]] = {}
        present = sa.select(feeds).where(feeds.c.place.is_not(None)).order_by(feeds.c.service, feeds.c.place)
        query = sa.select(services).order_by(services.c.name)
        if names is not None:
            present, query = present.where(feeds.c.service.in_(names)), query.where(services.c.name.in_(names))
        rows = connection.execute(query).all()
        for row in connection.execute(present):
            fed.setdefault(row.service, []).append(_feed(row))
        return [self._record(row, _of_life(fed.get(row.name, ()), row.incarnation)) for row in rows]

    def _row(self, record: ServiceRecord) -> Plain:
        name = f"service/{record.name}/{record.incarnation}"
        return {
            "name": record.name,
            "incarnation": record.incarnation,
            "revision": record.revision,
            "owner": record.owner,
            "created": record.created,
            "updated": record.updated,
            "definition": dump_json(record.definition.model_dump(mode="json")),
            "token": self._seal.close(f"{name}/token", record.token),
            "secrets": self._seal.close(f"{name}/secrets", dump_json(record.secrets).decode()),
        }

    def _record(self, row: Row, fed: tuple[Feed, ...]) -> ServiceRecord:
        name = f"service/{row.name}/{row.incarnation}"
        return ServiceRecord(
            definition=Service.model_validate(load_json(row.definition)),
            incarnation=row.incarnation,
            revision=row.revision,
            token=self._seal.open(f"{name}/token", row.token),
            owner=row.owner,
            created=row.created,
            updated=row.updated,
            feeds=fed,
            secrets=load_json(self._seal.open(f"{name}/secrets", row.secrets).encode()),
        )


def _feed_rows(record: ServiceRecord) -> list[Plain]:
    return [
        {
            "id": feed.id,
            "service": record.name,
            "incarnation": feed.incarnation,
            "provider": feed.provider,
            "bucket": feed.bucket,
            "prefix": feed.prefix,
            "since": feed.since,
            "place": place,
        }
        for place, feed in enumerate(record.feeds)
    ]


def _of_life(fed: Sequence[Feed], incarnation: str) -> tuple[Feed, ...]:
    """A service made anew between two questions keeps the feeds of its own life only."""
    return tuple(feed for feed in fed if feed.incarnation == incarnation)


def _feed(row: Row) -> Feed:
    return Feed(
        id=row.id,
        service=row.service,
        incarnation=row.incarnation,
        provider=row.provider,
        bucket=row.bucket,
        prefix=row.prefix,
        since=row.since,
    )


def add(batch: Batch, requests: Sequence[Add]) -> None:
    """Keep new services, unless the name is taken."""
    for request in requests:
        name = request.row["name"]
        if _kept(batch, name) is not None:
            request.refusal = Conflict(f"a service named {name} exists")
            continue
        insert = batch.upsert(services).values(request.row).on_conflict_do_nothing().returning(services.c.name)
        if batch.connection.execute(insert).one_or_none() is None:  # another manager was faster, by a moment
            request.refusal = Conflict(f"a service named {name} exists")
            continue
        _write_feeds(batch, service=name, rows=request.feeds)
        batch.told = True


def replace(batch: Batch, requests: Sequence[Replace]) -> None:
    """Keep next revisions, each only upon the one before."""
    for request in requests:
        name, revision = request.row["name"], request.row["revision"]
        kept = _kept(batch, name)
        if kept is None:
            request.refusal = NotFound(f"there is no service named {name}")
        elif kept.revision != revision - 1 or kept.incarnation != request.row["incarnation"]:
            request.refusal = Conflict(f"revision {revision} does not follow {kept.revision}, the one kept of {name}")
        else:
            batch.connection.execute(services.update().where(services.c.name == name).values(request.row))
            _write_feeds(batch, service=name, rows=request.feeds)
            batch.told = True


def _kept(batch: Batch, name: str) -> Row | None:
    query = sa.select(services.c.revision, services.c.incarnation).where(services.c.name == name).with_for_update()
    return batch.connection.execute(query).one_or_none()


def _write_feeds(batch: Batch, *, service: str, rows: Sequence[Plain]) -> None:
    """The present feeds get their places; earlier ones stay without, because what they saw is still to be dropped."""
    batch.connection.execute(feeds.update().where(feeds.c.service == service).values(place=None))
    insert = batch.upsert(feeds)
    changed = {name: insert.excluded[name] for name in ("provider", "bucket", "prefix", "since", "place")}
    batch.execute_many(insert.on_conflict_do_update(index_elements=[feeds.c.id], set_=changed), rows)


def _idle_jobs(service: str, *, incarnation: str, limit: int) -> sa.Select[tuple[object, ...]]:
    mine = sa.select(jobs).where(jobs.c.service == service, jobs.c.shelf.in_(("queued", "waiting")))
    if incarnation:
        mine = mine.where(jobs.c.incarnation == incarnation)
    return mine.limit(limit).with_for_update()


def withdraw(batch: Batch, requests: Sequence[Withdraw]) -> None:
    """Cancel some of a service's jobs that nobody runs."""
    for request in requests:
        request.answer = _withdraw(batch, request)


def _withdraw(batch: Batch, request: Withdraw | Drop) -> int:
    batch.flush()
    mine = _idle_jobs(request.service, incarnation=request.incarnation, limit=WITHDRAW_AT_ONCE)
    rows = batch.connection.execute(mine).all()
    for row in rows:
        entry = batch.entry(row)
        after = transitions.cancelled(entry.job, now=batch.now, reason="its service was deleted")
        batch.put(entry, after, until=None)
    return len(rows)


def drop(batch: Batch, requests: Sequence[Drop]) -> None:
    """Drop services with what their feeds saw, each after the last of its jobs was withdrawn."""
    for request in requests:
        more = _withdraw(batch, request) == WITHDRAW_AT_ONCE
        request.answer = not more
        if more:
            continue
        of_feeds, of_services = _life(feeds, feeds.c.service, request), _life(services, services.c.name, request)
        batch.connection.execute(seen.delete().where(seen.c.feed.in_(sa.select(feeds.c.id).where(of_feeds))))
        batch.connection.execute(feeds.delete().where(of_feeds))
        gone = batch.connection.execute(services.delete().where(of_services))
        batch.told = batch.told or gone.rowcount > 0


def _life(table: sa.Table, name: "sa.Column[str]", request: Drop) -> sa.ColumnElement[bool]:
    """The rows of the life that is dropped, or of any when none is named."""
    named = name == request.service
    return sa.and_(named, table.c.incarnation == request.incarnation) if request.incarnation else named
