"""Opening a ledger: key, migrations, the threads, and the seven ports over them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import exc

from statuette.adapters.ledger_sql import (
    changes,
    duties,
    intake,
    interventions,
    jobs,
    leasing,
    queue,
    schema,
    services,
    vault,
)
from statuette.adapters.ledger_sql.counters import Counters
from statuette.adapters.ledger_sql.database import file_of, make_file, parsed, reading_engine, writing_engine
from statuette.adapters.ledger_sql.faults import translated
from statuette.adapters.ledger_sql.migrate import migrate
from statuette.adapters.ledger_sql.reader import CONNECTIONS, Reader
from statuette.adapters.ledger_sql.seal import Seal, make_key, read_key
from statuette.adapters.ledger_sql.writer import Stages, Writer
from statuette.ports.clock import Clock
from statuette.ports.errors import LedgerUnavailable

_log = logging.getLogger(__name__)

# What makes jobs goes before what ends them, and handing out comes last: it then sees all that came free.
STAGES: Stages = (
    (vault.Put, vault.put),
    (vault.PutNew, vault.put_new),
    (services.Add, services.add),
    (services.Replace, services.replace),
    (intake.Accept, intake.accept),
    (intake.Forget, intake.forget),
    (queue.MakeCommit, queue.commit),
    (queue.Renew, queue.renew),
    (queue.LastWord, queue.report),
    (interventions.Cancel, interventions.cancel),
    (jobs.Remove, jobs.remove),
    (interventions.Prune, interventions.prune),
    (queue.Expire, queue.expire),
    (services.Withdraw, services.withdraw),
    (services.Drop, services.drop),
    (interventions.Revive, interventions.revive),
    (leasing.GiveUp, leasing.give_up),
    (leasing.Take, leasing.take),
    (duties.Take, duties.take),
    (duties.Leave, duties.leave),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlLedger:
    """The ledger's ports over one database."""

    intake: intake.SqlIntake
    queue: queue.SqlQueue
    jobs: jobs.SqlJobs
    interventions: interventions.SqlInterventions
    duties: duties.SqlDuties
    services: services.SqlServices
    vault: vault.SqlVault
    changes: changes.SqlChanges


@asynccontextmanager
async def open_ledger(
    url: str, *, key_file: Path, clock: Clock, lease_clock: Callable[[], float] | None = None
) -> AsyncIterator[SqlLedger]:
    """Open the ledger at `sqlite:///FILE` or `postgresql://…`, made or migrated where needed.

    Closing writes what is queued. `key_file` is made (0600) with a first ledger. `lease_clock` gives seconds for the
    leases on SQLite, by default `clock.monotonic`; PostgreSQL uses its own clock. Raises `LedgerUnavailable`,
    `DiskFull`, and `ValueError` for an address of another kind.
    """
    address = parsed(url)
    writing, seal = await asyncio.to_thread(_prepare, address, key_file)
    reader = Reader(reading_engine(address, connections=CONNECTIONS))
    counters = Counters()
    writer = Writer(
        writing, stages=STAGES, clock=clock, lease_clock=lease_clock or clock.monotonic, moved=counters.moved
    )
    writer.start()
    served = services.SqlServices(writer=writer, reader=reader, seal=seal)
    try:
        yield SqlLedger(
            intake=intake.SqlIntake(writer, reader),
            queue=queue.SqlQueue(writer),
            jobs=jobs.SqlJobs(writer=writer, reader=reader, counters=counters),
            interventions=interventions.SqlInterventions(writer),
            duties=duties.SqlDuties(writer),
            services=served,
            vault=vault.SqlVault(writer=writer, reader=reader, seal=seal),
            changes=changes.SqlChanges(reader=reader, services=served),
        )
    finally:
        await writer.aclose()
        await reader.aclose()


def _prepare(address: sa.URL, key_file: Path) -> tuple[sa.Engine, Seal]:
    file = file_of(address)
    try:
        if file:
            make_file(file)
        engine = writing_engine(address)
        migrate(engine)
        with engine.begin() as connection:
            sealed = _holds_secrets(connection)
            _drop_empty_counters(connection)
            if file:
                connection.execute(schema.duties.delete())  # a former manager's, by a clock that may have begun anew
        return engine, Seal(_key(key_file, sealed=sealed))
    except (exc.SQLAlchemyError, OSError) as error:
        raise translated(error) from error


def _key(file: Path, *, sealed: bool) -> bytes:
    """The key, made when there is none; never a new one for secrets that were sealed with another."""
    try:
        return read_key(file)
    except FileNotFoundError as error:
        if sealed:
            words = (
                "the ledger holds secrets, but its key file is gone; a further manager needs a copy of the first one's"
            )
            raise LedgerUnavailable(words) from error
    _log.info("made the ledger's key file", extra={"action": "ledger_key_made"})
    return make_key(file)


def _holds_secrets(connection: sa.Connection) -> bool:
    tables = (schema.services, schema.vault)
    return any(connection.scalar(sa.select(sa.exists().select_from(table))) for table in tables)


def _drop_empty_counters(connection: sa.Connection) -> None:
    """Counters of services long gone stand at nothing; nobody is counting at the start, so they can go."""
    standing = sum((schema.backlog.c[name] for name in schema.COUNTED), start=sa.literal(0))
    connection.execute(schema.backlog.delete().where(standing == 0))
