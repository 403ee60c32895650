"""Reading beside the writer: in threads of its own, with the database's errors translated."""

import threading
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from statuette.adapters.ledger_sql.database import parsed, reading_engine, writing_engine
from statuette.adapters.ledger_sql.reader import CONNECTIONS, Reader
from statuette.ports.errors import BadInput, LedgerUnavailable


@pytest.fixture
async def reader(url: str) -> AsyncIterator[Reader]:
    with writing_engine(parsed(url)).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a)")
    opened = Reader(reading_engine(parsed(url), connections=CONNECTIONS))
    yield opened
    await opened.aclose()


def count(connection: sa.Connection) -> object:
    return connection.exec_driver_sql("SELECT count(*) FROM t").scalar()


async def test_what_was_written_before_is_seen(reader: Reader, url: str) -> None:
    assert await reader.read(count) == 0
    with writing_engine(parsed(url)).begin() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
    assert await reader.read(count) == 1


async def test_questions_are_asked_in_threads_of_their_own(reader: Reader) -> None:
    name = await reader.read(lambda _: threading.current_thread().name)
    assert name.startswith("ledger-reader")


async def test_what_the_database_says_is_not_passed_on(reader: Reader) -> None:
    with pytest.raises(LedgerUnavailable) as caught:
        await reader.read(lambda connection: connection.exec_driver_sql("SELECT s3cret FROM t"))
    assert "s3cret" not in str(caught.value)
    assert await reader.read(count) == 0


@pytest.mark.parametrize("value", ["\ud800", 2**70])
async def test_a_value_that_no_database_takes(reader: Reader, value: object) -> None:
    query = sa.text("SELECT a FROM t WHERE a = :a")
    with pytest.raises(BadInput):
        await reader.read(lambda connection: connection.execute(query, {"a": value}).all())


async def test_a_bug_stays_a_bug(reader: Reader) -> None:
    with pytest.raises(ZeroDivisionError):
        await reader.read(lambda _: 1 // 0)


async def test_closed_it_refuses(url: str) -> None:
    reader = Reader(reading_engine(parsed(url), connections=1))
    await reader.aclose()
    with pytest.raises(LedgerUnavailable, match="closed"):
        await reader.read(count)
