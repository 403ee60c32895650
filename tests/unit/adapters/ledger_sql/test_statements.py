"""Statements compiled once: their parameters, many rows, errors without values."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from statuette.adapters.ledger_sql.statements import Statement, among, listed, run

_table = sa.Table("things", sa.MetaData(), sa.Column("name", sa.Text, primary_key=True), sa.Column("size", sa.Integer))
_add = Statement(_table.insert())
_named = Statement.for_each(lambda dialect: sa.select(_table).where(among(_table.c.name, dialect)).order_by("name"))


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    _table.metadata.create_all(engine)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def test_one_row_many_rows_and_none(connection: sa.Connection) -> None:
    _add.many(connection, [])
    _add.many(connection, [{"name": "a", "size": 1}])
    _add.many(connection, [{"size": 2, "name": "b"}, {"name": "c", "size": None}])
    every = Statement(sa.select(_table).order_by(_table.c.name))
    assert every.rows(connection, {}) == [("a", 1), ("b", 2), ("c", None)]


def test_one_statement_for_any_number_of_values(connection: sa.Connection) -> None:
    _add.many(connection, [{"name": f"n{number:04}", "size": number} for number in range(3000)])
    for names in ([], ["n0007"], [f"n{number:04}" for number in range(2000)], ["missing", 'a"b']):
        found = [name for name, _ in _named.rows(connection, listed(connection, names))]
        assert found == [name for name in names if name.startswith("n")]


def test_values_of_the_statement_itself_are_kept(connection: sa.Connection) -> None:
    _add.many(connection, [{"name": f"n{number}", "size": number} for number in range(9)])
    few = Statement(sa.select(_table.c.size).where(_table.c.size > sa.bindparam("least")).order_by("size").limit(2))
    assert [few.rows(connection, {"least": least}) for least in (0, 5)] == [[(1,), (2,)], [(6,), (7,)]]


def test_errors_are_those_of_sqlalchemy_and_show_no_values(connection: sa.Connection) -> None:
    _add.many(connection, [{"name": "hush", "size": 1}])
    with pytest.raises(exc.IntegrityError) as caught:
        _add.many(connection, [{"name": "hush", "size": 2}])
    assert "hush" not in str(caught.value)
    with pytest.raises(exc.OperationalError):
        run(connection, "SELECT 1 FROM nothing", ())


def test_postgresql_gets_a_list_of_texts() -> None:
    statement = sa.select(_table).where(among(_table.c.name, "postgresql"))
    assert "= ANY (%(values)s::TEXT[])" in str(
        statement.compile(dialect=sa.make_url("postgresql+psycopg://").get_dialect()())
    )
