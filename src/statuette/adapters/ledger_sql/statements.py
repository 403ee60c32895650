"""Statements that are run for every job: made with Core, compiled once for each database, run on the driver's cursor.

Of a short transaction on SQLite most of the time would otherwise go into SQLAlchemy's own work for each execution.
Only for values that the drivers take and give as they are (texts, numbers, bytes); rows come as plain tuples.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects import postgresql

from statuette.adapters.ledger_sql.codec import Plain, dump_json

PlainRow = Sequence[Any]
Made = Mapping[str, sa.Executable]
"""A statement for each database, by its dialect's name."""
DIALECTS = ("sqlite", "postgresql")


def among(column: "sa.Column[str]", dialect: str) -> sa.ColumnElement[bool]:
    """The column is one of the texts in the parameter `values` (see `listed`): one statement for any number of them."""
    if dialect == "postgresql":
        return column == sa.any_(sa.bindparam("values", type_=postgresql.ARRAY(sa.Text)))
    given = sa.func.json_each(sa.bindparam("values", type_=sa.Text)).table_valued("value")
    return column.in_(sa.select(given.c.value))


def listed(connection: sa.Connection, values: Sequence[str]) -> Plain:
    """The parameter of a statement that was made with `among`."""
    return {"values": list(values) if connection.dialect.name == "postgresql" else dump_json(values).decode()}


class Statement:
    """One statement, in each database's words where they differ. All its rows have the keys that the first one had."""

    def __init__(self, made: sa.Executable | Made) -> None:
        self.made = made if isinstance(made, Mapping) else dict.fromkeys(DIALECTS, made)
        self._texts: dict[str, tuple[str, Callable[[Plain], Any]]] = {}

    @classmethod
    def for_each(cls, make: Callable[[str], sa.Executable]) -> "Statement":
        """Made by a function of the dialect's name."""
        return cls({name: make(name) for name in DIALECTS})

    def many(self, connection: sa.Connection, rows: Sequence[Plain]) -> None:
        """Run it for every row (none: nothing happens)."""
        if rows:
            text, arranged = self._compiled(connection.dialect, rows[0])
            if len(rows) == 1:
                run(connection, text, arranged(rows[0]))
            else:
                run(connection, text, [arranged(row) for row in rows], many=True)

    def rows(self, connection: sa.Connection, values: Plain) -> list[PlainRow]:
        """Run it and give what it found."""
        text, arranged = self._compiled(connection.dialect, values)
        return run(connection, text, arranged(values))

    def _compiled(self, dialect: sa.Dialect, row: Plain) -> tuple[str, Callable[[Plain], Any]]:
        known = self._texts.get(dialect.name)
        if known is None:
            known = self._texts[dialect.name] = _compile(self.made[dialect.name], dialect, keys=list(row))
        return known


def _compile(statement: sa.Executable, dialect: sa.Dialect, *, keys: list[str]) -> tuple[str, Callable[[Plain], Any]]:
    compiled: Any = statement.compile(dialect=dialect, column_keys=keys)  # type: ignore[attr-defined]
    fixed = {name: bind.value for name, bind in compiled.binds.items() if bind.value is not None}
    if compiled.positiontup is None:
        return str(compiled), lambda row: fixed | row
    if len(compiled.positiontup) < 2 or fixed:
        names = compiled.positiontup
        return str(compiled), lambda row: tuple([row[name] if name in row else fixed[name] for name in names])
    return str(compiled), itemgetter(*compiled.positiontup)


def run(connection: sa.Connection, text: str, values: Any, *, many: bool = False) -> list[PlainRow]:  # noqa: ANN401 - as drivers take them
    """Run a text with the driver's parameters. Raises `sqlalchemy.exc.DBAPIError`, without values in its text."""
    cursor = connection.connection.cursor()
    try:
        if many:
            cursor.executemany(text, values)
            return []
        cursor.execute(text, values)
        return list(cursor.fetchall()) if cursor.description else []
    except connection.dialect.loaded_dbapi.Error as error:
        base = connection.dialect.loaded_dbapi.Error
        raise exc.DBAPIError.instance(None, None, error, base, hide_parameters=True) from error
    finally:
        cursor.close()
