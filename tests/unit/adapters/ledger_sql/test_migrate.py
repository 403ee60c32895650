"""The schema moves forward, and a copy of what was is kept."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from statuette.adapters.ledger_sql import open_ledger
from statuette.adapters.ledger_sql.database import make_file, parsed, writing_engine
from statuette.adapters.ledger_sql.migrate import migrate
from statuette.adapters.ledger_sql.schema import metadata
from statuette.events.jobs import JobState
from statuette.ports.errors import LedgerUnavailable
from statuette.ports.queue import Backlog
from statuette.testing.clock import VirtualClock
from statuette.testing.ledger_suite_parts import NOW


def _at(url: str, revision: str) -> sa.Engine:
    make_file(Path(parsed(url).database or ""))
    engine = writing_engine(parsed(url))
    migrate(engine, target=revision)
    return engine


def _revision(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_the_migrations_lead_to_the_schema_of_the_code(url: str) -> None:
    engine = _at(url, "head")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


async def test_an_older_ledger_is_copied_before_it_is_migrated(url: str, database: Path, key_file: Path) -> None:
    engine = _at(url, "0001")
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO streams VALUES ('filer', 7)")
    async with open_ledger(url, key_file=key_file, clock=VirtualClock(start=NOW)) as ledger:
        assert await ledger.intake.position("filer") == 7
    copy = database.with_name("ledger.db.before-0001.bak")
    assert copy.stat().st_mode & 0o777 == 0o600
    assert (_revision(copy), _revision(database)) == ("0001", "0003")
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT position FROM streams").fetchall() == [(7,)]


_COLUMNS = (
    "id, key, service, incarnation, principal, lane, priority, accepted, body_hash, state, shelf, open_lane, ended"
)
_OLD_ROW = f"""
INSERT INTO jobs ({_COLUMNS}, attempt, not_before, generation, commit_id, moving, fixed)
VALUES (:id, :id, :service, 'life-1', 'alice', :lane, 0, 1.0, '', :state, :state, :open_lane, :ended, 1, 0.0, 0, '',
        :moving, :fixed)
"""


def _old_ledger(url: str) -> None:
    """Rows as the first version wrote them: dead letters of two services, one of them with work."""
    jobs = [("a", "failed"), ("a", "failed"), ("a", "dead"), ("a", "queued"), ("a", "published"), ("b", "dead")]
    with _at(url, "0001").begin() as connection:
        for number, (service, state) in enumerate(jobs):
            row = {"id": f"j{number}", "service": service, "state": state, "lane": "", "open_lane": None}
            row |= {"moving": b'[{},{},"why",3,"r"]', "fixed": b'[{"kind":"raw"},{"script":3}]'}
            connection.execute(sa.text(_OLD_ROW), row | {"ended": None if state == "queued" else 5.0 + number})
        connection.exec_driver_sql("INSERT INTO backlog VALUES ('a', 'life-1', 1, 0, 0, 0)")


async def test_jobs_of_the_first_version_are_read_counted_and_found(url: str, key_file: Path, database: Path) -> None:
    _old_ledger(url)
    async with open_ledger(url, key_file=key_file, clock=VirtualClock(start=NOW)) as ledger:
        expected = {"a": Backlog(queued=1, failed=2, dead=1, oldest=1.0), "b": Backlog(dead=1)}
        assert await ledger.jobs.backlog() == expected
        old = await ledger.jobs.get("j0")
        assert old is not None
        assert (old.reason, old.retries.script, old.deadline, old.cancelling) == ("why", 3, 0.0, "")
        [again] = await ledger.interventions.revive("b", ["j5"])
        assert again.state is JobState.QUEUED
        gone = await ledger.interventions.prune(ended_before=99.0, dead_before=7.0, limit=9)
        assert [job.id for job in gone] == ["j0", "j1", "j4"]
        assert await ledger.duties.take("sweep", holder="one", ttl=60)
    assert _revision(database.with_name("ledger.db.before-0001.bak")) == "0001"


async def test_a_ledger_of_today_is_not_copied(url: str, database: Path, key_file: Path) -> None:
    for _ in range(2):
        async with open_ledger(url, key_file=key_file, clock=VirtualClock(start=NOW)):
            pass
    assert not list(database.parent.glob("*.bak"))


async def test_a_ledger_of_tomorrow_is_left_alone(url: str, database: Path, key_file: Path) -> None:
    with _at(url, "head").begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LedgerUnavailable, match="newer version"):
        async with open_ledger(url, key_file=key_file, clock=VirtualClock(start=NOW)):
            pass
    assert _revision(database) == "9999"


def test_a_migration_that_fails_leaves_the_ledger_as_it_was(url: str, database: Path) -> None:
    engine = _at(url, "0001")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE jobs_principal (x)")  # takes the name of the second index
    with pytest.raises(sa.exc.OperationalError):
        migrate(engine)
    assert _revision(database) == "0001"
    with closing(sqlite3.connect(database)) as connection:
        assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'jobs_object'").fetchall()


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        parsed(url)
