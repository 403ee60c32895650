"""What came in: sightings, new jobs, the streams' positions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import sqlalchemy as sa

from statuette.adapters.ledger_sql.batch import Batch, Entry, Upsert, chunks, upsert
from statuette.adapters.ledger_sql.codec import Plain, dump_json, new_row
from statuette.adapters.ledger_sql.reader import Reader
from statuette.adapters.ledger_sql.schema import jobs, seen, shelf_of, streams
from statuette.adapters.ledger_sql.statements import Statement, among, listed
from statuette.adapters.ledger_sql.writer import MAX_WEIGHT, Request, Writer
from statuette.events import transitions
from statuette.events.jobs import JobState, NewJob
from statuette.ports.intake import Acceptance, Arrival, IntakeLedger, Seen

Sighting = tuple[str, str, str]


@dataclass(slots=True, eq=False, kw_only=True)
class Accept(Request[list[Acceptance]]):
    """Arrivals with the position up to which the stream was read."""

    serial: ClassVar[bool] = True
    arrivals: Sequence[Arrival]
    stream: str
    position: int | None


@dataclass(slots=True, eq=False, kw_only=True)
class Forget(Request[None]):
    """Objects of a feed that are gone."""

    feed: str
    object_keys: Sequence[str]


# `(feed, object_key, identity) IN (…)` makes SQLite read the whole table; joined from the list's side it looks up
# each one.
_SEEN_COLUMNS = "SELECT feed, object_key, identity FROM"
SEEN_QUESTIONS = {
    "sqlite": sa.text(
        f"{_SEEN_COLUMNS} json_each(:given) AS given CROSS JOIN seen ON feed = json_extract(given.value, '$[0]')"
        " AND object_key = json_extract(given.value, '$[1]') AND identity = json_extract(given.value, '$[2]')"
    ),
    "postgresql": sa.text(
        f"{_SEEN_COLUMNS} json_array_elements(CAST(:given AS json)) AS given (value) JOIN seen ON feed = value ->> 0"
        " AND object_key = value ->> 1 AND identity = value ->> 2"
    ),
}
_seen_question = Statement(SEEN_QUESTIONS)
standing_question = Statement.for_each(
    lambda dialect: sa.select(jobs.c.key, jobs.c.id, jobs.c.body_hash).where(among(jobs.c.key, dialect))
)
lanes_question = Statement.for_each(
    lambda dialect: sa.select(jobs.c.open_lane).where(among(jobs.c.open_lane, dialect)).distinct()
)
lane_question = Statement.for_each(
    lambda dialect: sa.select(jobs).where(among(jobs.c.open_lane, dialect)).order_by(jobs.c.sequence).with_for_update()
)
_add_sightings = Statement.for_each(lambda dialect: upsert(seen, dialect).on_conflict_do_nothing())
_add_jobs = Statement(jobs.insert().inline())


def _moving(insert: Upsert) -> Upsert:
    """Let a stream's position be the further one."""
    return insert.on_conflict_do_update(
        index_elements=[streams.c.stream],
        set_={"position": insert.excluded.position},
        where=insert.excluded.position > streams.c.position,
    )


_move = Statement.for_each(lambda dialect: _moving(upsert(streams, dialect)))


class SqlIntake(IntakeLedger):
    """`IntakeLedger` over the writer thread."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def accept(
        self, arrivals: Sequence[Arrival], *, stream: str = "", position: int | None = None
    ) -> list[Acceptance]:
        weight = max(1, len(arrivals))
        return await self._writer.submit(Accept(weight=weight, arrivals=arrivals, stream=stream, position=position))

    async def position(self, stream: str) -> int | None:
        query = sa.select(streams.c.position).where(streams.c.stream == stream)
        return await self._reader.read(lambda connection: connection.execute(query).scalar())

    async def seen(self, feed: str, *, after: str, limit: int) -> list[Seen]:
        return await self._reader.read(lambda connection: _page(connection, feed=feed, after=after, limit=limit))

    async def forget(self, feed: str, object_keys: Sequence[str]) -> None:
        for some in chunks(object_keys, MAX_WEIGHT // 2):
            await self._writer.submit(Forget(weight=len(some), feed=feed, object_keys=some))


def _page(connection: sa.Connection, *, feed: str, after: str, limit: int) -> list[Seen]:
    columns = (seen.c.object_key, seen.c.identity, seen.c.modified)
    query = sa.select(*columns).where(seen.c.feed == feed).order_by(seen.c.object_key, seen.c.identity)
    page = connection.execute(query.where(seen.c.object_key > after).limit(limit)).all()
    if page and len(page) == limit:  # the last key may have more identities than fitted
        last = page[-1]
        rest = query.where(seen.c.object_key == last.object_key, seen.c.identity > last.identity)
        page = [*page, *connection.execute(rest).all()]
    return [Seen(object_key=row.object_key, identity=row.identity, modified=row.modified) for row in page]


@dataclass(slots=True)
class _Known:
    """What the ledger holds of all that arrives in one transaction, and what is added to it.

    `newer` are new jobs that may take the place of others in their lanes.
    """

    sightings: set[Sighting]
    standing: dict[str, tuple[str, str]]
    lanes: set[str]
    new_sightings: dict[Sighting, int] = field(default_factory=dict)
    new_rows: list[Plain] = field(default_factory=list)
    newer: list[NewJob] = field(default_factory=list)


def accept(batch: Batch, requests: Sequence[Accept]) -> None:
    """Sort out all arrivals with three questions, then write them with two statements.

    One more question only where a lane is taken and the arrival may be a newer version of what waits there.
    """
    known = _look_up(batch.connection, [arrival for request in requests for arrival in request.arrivals])
    for request in requests:
        request.answer = [_accept_one(arrival, batch=batch, known=known) for arrival in request.arrivals]
    rows = [
        {"feed": feed, "object_key": key, "identity": identity, "modified": modified}
        for (feed, key, identity), modified in known.new_sightings.items()
    ]
    _add_sightings.many(batch.connection, rows)
    _add_jobs.many(batch.connection, known.new_rows)
    _supersede(batch, known.newer)
    _move_positions(batch, requests)


def _sightings_of(arrival: Arrival) -> list[Sighting]:
    return [(arrival.feed, arrival.object_key, identity) for identity in arrival.identities] if arrival.feed else []


def _look_up(connection: sa.Connection, arrivals: Sequence[Arrival]) -> _Known:
    new = [arrival.job for arrival in arrivals if arrival.job]
    return _Known(
        sightings=_seen_of(connection, {sighting for arrival in arrivals for sighting in _sightings_of(arrival)}),
        standing=_standing(connection, {job.key for job in new}),
        lanes=open_lanes(connection, {job.lane for job in new if job.lane}),
    )


def _seen_of(connection: sa.Connection, sightings: Iterable[Sighting]) -> set[Sighting]:
    found: set[Sighting] = set()
    for some in chunks(sightings):
        rows = _seen_question.rows(connection, {"given": dump_json(some).decode()})
        found.update((feed, key, identity) for feed, key, identity in rows)
    return found


def _standing(connection: sa.Connection, keys: Iterable[str]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for some in chunks(keys):
        rows = standing_question.rows(connection, listed(connection, some))
        found.update({key: (job, body_hash) for key, job, body_hash in rows})
    return found


def open_lanes(connection: sa.Connection, lanes: Iterable[str]) -> set[str]:
    """Those of the lanes that have an unfinished job."""
    found: set[str] = set()
    for some in chunks(lanes):
        found.update(lane for (lane,) in lanes_question.rows(connection, listed(connection, some)))
    return found


def _accept_one(arrival: Arrival, *, batch: Batch, known: _Known) -> Acceptance:
    sightings = _sightings_of(arrival)
    met = any(sighting in known.sightings for sighting in sightings)
    for sighting in sightings:
        if sighting not in known.sightings:
            known.sightings.add(sighting)
            known.new_sightings[sighting] = arrival.modified
    if arrival.job is None:
        return Acceptance(job="", new=not met)
    if arrival.job.key in known.standing:
        job, body_hash = known.standing[arrival.job.key]
        return Acceptance(job=job, new=False, body_hash=body_hash)
    if met:
        return Acceptance(job="", new=False)
    return _add(arrival.job, batch=batch, known=known)


def _add(job: NewJob, *, batch: Batch, known: _Known) -> Acceptance:
    waits = bool(job.lane) and job.lane in known.lanes
    state = JobState.WAITING if waits else JobState.QUEUED
    if waits and job.supersede and job.event.modified is not None:
        known.newer.append(job)
    if job.lane:
        known.lanes.add(job.lane)
    known.standing[job.key] = (job.id, job.body_hash)
    known.new_rows.append(new_row(job, state=state, accepted=batch.now))
    batch.count(job.service, incarnation=job.incarnation, shelf=shelf_of(state), step=1)
    return Acceptance(job=job.id, new=True, body_hash=job.body_hash)


def _supersede(batch: Batch, newer: Sequence[NewJob]) -> None:
    """Give up what is older in the lanes of new jobs; the rows of these stand there already, and may move up."""
    lanes = _unfinished(batch, {job.lane for job in newer})
    for job in newer:
        for entry in lanes[job.lane]:
            if entry.job.id == job.id:
                break  # what follows came later
            if transitions.outdated(entry.job, by=job):
                batch.put(entry, transitions.superseded(entry.job, now=batch.now), until=None)


def _unfinished(batch: Batch, lanes: Iterable[str]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for some in chunks(lanes):
        for row in lane_question.rows(batch.connection, listed(batch.connection, some)):
            entry = batch.entry(row)
            found.setdefault(entry.job.lane, []).append(entry)
    return found


def _move_positions(batch: Batch, requests: Sequence[Accept]) -> None:
    furthest: dict[str, int] = {}
    for request in requests:
        if request.stream and request.position is not None:
            furthest[request.stream] = max(request.position, furthest.get(request.stream, request.position))
    _move.many(batch.connection, [{"stream": name, "position": furthest[name]} for name in sorted(furthest)])


def forget(batch: Batch, requests: Sequence[Forget]) -> None:
    """Drop the sightings of objects that are gone."""
    for request in requests:
        for some in chunks(request.object_keys):
            gone = seen.delete().where(seen.c.feed == request.feed, seen.c.object_key.in_(some))
            batch.connection.execute(gone)
