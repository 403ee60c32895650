"""Connections: how SQLite and PostgreSQL are opened, and what is set on each connection."""

import os
import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from statuette.adapters.ledger_sql.statements import run

BUSY_SECONDS = 5.0
_SQLITE_SETTINGS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA cache_size=-32768",
    "PRAGMA wal_autocheckpoint=4000",
    "PRAGMA temp_store=MEMORY",
)


def parsed(url: str) -> sa.URL:
    """The address with the one driver that is used for its kind. Raises `ValueError` for any other database."""
    address = sa.make_url(url)
    if address.get_backend_name() == "postgresql":
        return address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() == "sqlite" and address.database and address.database != ":memory:":
        return address.set(drivername="sqlite+pysqlite")
    raise ValueError("the ledger's address is sqlite:///FILE or postgresql://…")


def file_of(address: sa.URL) -> Path | None:
    """The database file of an SQLite address, None for PostgreSQL."""
    if address.get_backend_name() != "sqlite":
        return None
    return Path(address.database or "")


def make_file(file: Path) -> None:
    """Make the database file before SQLite does, so that it and its WAL are its owner's alone."""
    os.close(os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


def writing_engine(address: sa.URL) -> sa.Engine:
    """For one connection that writes; on SQLite a transaction takes the write lock when it begins."""
    engine = sa.create_engine(address, poolclass=NullPool, **_options(address))
    if file_of(address):
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_immediate)
    return engine


def reading_engine(address: sa.URL, *, connections: int) -> sa.Engine:
    """For a few connections that only read, each statement in a snapshot of its own."""
    options = _options(address) | {"pool_size": connections, "max_overflow": 0, "isolation_level": "AUTOCOMMIT"}
    if not file_of(address):
        options["pool_pre_ping"] = True
    engine = sa.create_engine(address, **options)
    if file_of(address):
        sa.event.listen(engine, "connect", _prepare_sqlite_reader)
    return engine


def _options(address: sa.URL) -> dict[str, Any]:
    hidden: dict[str, Any] = {"hide_parameters": True}  # values of rows have no place in error texts
    if file_of(address):
        return hidden | {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}
    return hidden | {"connect_args": {"connect_timeout": 5, "application_name": "statuette"}}


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    for setting in _SQLITE_SETTINGS:
        connection.execute(setting)


def _prepare_sqlite_reader(connection: sqlite3.Connection, record: object) -> None:
    _prepare_sqlite(connection, record)
    connection.execute("PRAGMA query_only=ON")


def _begin_immediate(connection: sa.Connection) -> None:
    run(connection, "BEGIN IMMEDIATE", ())
