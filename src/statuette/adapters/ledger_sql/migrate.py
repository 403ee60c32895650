"""Bring a database to the schema of today; of an SQLite file a copy is laid beside it first."""

import logging
import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

from statuette.adapters.ledger_sql.database import file_of
from statuette.ports.errors import LedgerUnavailable

_log = logging.getLogger(__name__)
_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x5747_4D49  # any number, the same in every manager: one migrates, the others wait
_one_at_a_time = threading.Lock()  # Alembic keeps the migration under way in module variables


def migrate(engine: sa.Engine, *, target: str = "head") -> None:
    """Run the migrations that are missing, all in one transaction.

    Raises `LedgerUnavailable` for a database that a newer version made; database and file errors as they are.
    """
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    with engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    if present == scripts.get_current_head():
        return
    _check_known(scripts, present)
    file = file_of(engine.url)
    if file and present:
        copy = copy_database(file, file.with_name(f"{file.name}.before-{present}.bak"))
        _log.info("copied the ledger before its migration", extra={"action": "ledger_copied", "copy": copy.name})
    with _one_at_a_time, engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        config.attributes["connection"] = connection
        command.upgrade(config, target)
    _log.info("migrated the ledger", extra={"action": "ledger_migrated", "from": present or "", "to": target})


def _check_known(scripts: ScriptDirectory, present: str | None) -> None:
    if present is None:
        return
    try:
        scripts.get_revision(present)
    except CommandError as error:
        raise LedgerUnavailable(f"the ledger was made by a newer version (its schema is {present})") from error


def copy_database(file: Path, copy: Path) -> Path:
    """A whole and synced copy of an SQLite database (WAL included), readable by its owner alone.

    An older copy is replaced.
    """
    draft = copy.with_name(f".{copy.name}.part")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(draft)) as target:
            source.backup(target)
        os.fsync(descriptor)
        draft.replace(copy)
    except (sqlite3.Error, OSError):
        draft.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    return copy
