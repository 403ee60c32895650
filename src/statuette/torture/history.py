"""What the ledger holds once the platform has ended: read from outside, changed only where a fault asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from statuette.adapters.ledger_sql.codec import load_job, load_manifest
from statuette.adapters.ledger_sql.database import parsed, reading_engine, writing_engine
from statuette.adapters.ledger_sql.schema import commits, jobs, streams
from statuette.core.watch import STREAM
from statuette.events.jobs import Job
from statuette.events.leases import Commit

_AHEAD = 36 * 3600 * 10**9
"""Nanoseconds by which a position is put ahead of where it was."""


@dataclass(frozen=True, slots=True)
class History:
    """Every job, every commit, and how many leases there are."""

    jobs: Sequence[Job]
    commits: Sequence[Commit]
    leases: int


def read(url: str) -> History:
    """Everything the judge needs. Raises SQLAlchemy's errors."""
    engine = reading_engine(parsed(url), connections=1)
    try:
        with engine.connect() as connection:
            found = [load_job(row) for row in connection.execute(sa.select(jobs).order_by(jobs.c.sequence))]
            names = {job.sequence: job.id for job in found}
            made = [
                Commit(id=row.id, job=names[row.job], generation=row.generation, manifest=load_manifest(row.manifest))
                for row in connection.execute(sa.select(commits))
                if row.job in names
            ]
            held = sa.select(sa.func.count()).select_from(jobs).where(jobs.c.lease_until.is_not(None))
            return History(found, made, connection.scalar(held) or 0)
    finally:
        engine.dispose()


def put_ahead(url: str) -> None:
    """Have the stream's saved position lie ahead of the store's clock, as after a store set back. The manager must be
    away.
    """
    engine = writing_engine(parsed(url))
    try:
        with engine.begin() as connection:
            ahead = streams.update().where(streams.c.stream == STREAM).values(position=streams.c.position + _AHEAD)
            connection.execute(ahead)
    finally:
        engine.dispose()
