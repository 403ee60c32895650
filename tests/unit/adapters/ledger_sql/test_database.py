"""How databases are opened: which addresses, which settings, and that readers cannot write."""

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from statuette.adapters.ledger_sql.database import file_of, make_file, parsed, reading_engine, writing_engine


@pytest.fixture
def engines(url: str, database: Path) -> Iterator[tuple[sa.Engine, sa.Engine]]:
    make_file(database)
    writing, reading = writing_engine(parsed(url)), reading_engine(parsed(url), connections=1)
    with writing.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a)")
    yield writing, reading
    writing.dispose()
    reading.dispose()


@pytest.mark.parametrize(
    ("url", "driver", "file"),
    [
        ("sqlite:////var/ledger.db", "sqlite+pysqlite", Path("/var/ledger.db")),
        ("postgresql://ada@db/x", "postgresql+psycopg", None),
        ("postgresql+asyncpg://ada@db/x", "postgresql+psycopg", None),
    ],
)
def test_one_driver_for_each_kind(url: str, driver: str, file: Path | None) -> None:
    address = parsed(url)
    assert (address.drivername, file_of(address)) == (driver, file)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://db/x", "ledger.db", ""])
def test_what_is_no_ledger_s_address(url: str) -> None:
    with pytest.raises((ValueError, sa.exc.ArgumentError)):
        parsed(url)


def test_the_file_and_its_log_are_their_owner_s_only(engines: object, database: Path, url: str) -> None:
    with writing_engine(parsed(url)).begin() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        files = list(database.parent.glob("ledger.db*"))
        assert len(files) == 3
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_making_a_file_keeps_what_is_in_it(database: Path) -> None:
    database.write_text("x")
    make_file(database)
    assert database.read_text() == "x"


def test_a_commit_is_on_the_disk(engines: tuple[sa.Engine, sa.Engine]) -> None:
    for engine in engines:
        with engine.connect() as connection:
            found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
            assert found == ["wal", 2]


def test_a_writer_s_transaction_holds_the_lock_from_its_beginning(
    engines: tuple[sa.Engine, sa.Engine], database: Path
) -> None:
    other = sqlite3.connect(database, timeout=0, isolation_level=None)
    with engines[0].begin(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


def test_a_reader_cannot_write(engines: tuple[sa.Engine, sa.Engine]) -> None:
    with engines[1].connect() as connection, pytest.raises(sa.exc.OperationalError, match="readonly"):
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")


def test_a_reader_sees_each_commit(engines: tuple[sa.Engine, sa.Engine]) -> None:
    writing, reading = engines
    with reading.connect() as connection:
        for number in range(3):
            assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == number
            with writing.begin() as other:
                other.exec_driver_sql("INSERT INTO t VALUES (1)")


def test_values_stay_out_of_error_texts(engines: tuple[sa.Engine, sa.Engine]) -> None:
    with engines[0].connect() as connection, pytest.raises(sa.exc.OperationalError) as caught:
        connection.execute(sa.text("INSERT INTO missing VALUES (:a)"), {"a": "s3cret"})
    assert "s3cret" not in str(caught.value)
