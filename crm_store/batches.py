"""Statements about a whole batch: its keys as one parameter, its rows in one executemany.

SQLAlchemy's own means for both are made for comfort. `IN` with pairs made SQLite scan the whole
table, and its text changes with each number of keys; binding a row to an executemany cost 6 µs. Of
each turn's writes these two were more than half.
"""

from __future__ import annotations

import itertools
import re
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import Integer, String, bindparam, cast
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from crm_store.columns import JsonValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Dialect, Insert, Table, Update
    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.sql.selectable import TableValuedAlias


class _JsonRows(GenericFunction[Any]):
    """A function that yields a row for each element of a JSON array, in its column `value`."""

    name = "json_rows"
    inherit_cache = True


@compiles(_JsonRows, "sqlite")
def _on_sqlite(element: _JsonRows, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    return f"json_each({compiler.process(element.clauses, **kw)})"


@compiles(_JsonRows, "postgresql")
def _on_postgresql(element: _JsonRows, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    return f"jsonb_array_elements({compiler.process(element.clauses, **kw)})"


class Keys:
    """A table, within a statement, of the keys that a batch asks for.

        keys = Keys(str, int)
        statement = (
            select(…)
            .select_from(keys.table)
            .join(messages, (messages.c.conversation_id == keys[0]) & (messages.c.seq == keys[1]))
        )
        connection.execute(statement, Keys.of([("01J…", 4), ("01K…", 9)]))

    However many keys there are, the statement's text is the same, and the database looks each of
    them up in the index.
    """

    def __init__(self, *kinds: type[str] | type[int]) -> None:
        self.table: TableValuedAlias = _JsonRows(bindparam("keys", type_=JsonValue)).table_valued(
            "value", name="keys"
        )
        self._columns: list[ColumnElement[Any]] = [
            cast(self.table.c.value.op("->>")(place), Integer if kind is int else String)
            for place, kind in enumerate(kinds)
        ]

    def __getitem__(self, place: int) -> ColumnElement[Any]:
        return self._columns[place]

    @staticmethod
    def of(keys: Iterable[tuple[str | int, ...]]) -> dict[str, Any]:
        """Return the parameters that carry these keys, each of them once."""
        return {"keys": list(dict.fromkeys(keys))}


class Many:
    """An INSERT or UPDATE that is executed once for each row of a batch.

    On SQLite the rows travel as one JSON parameter of one statement. `executemany` lets go of the
    interpreter and asks for it back at every row, and under load each time waits for the event
    loop: a batch of a hundred turns took half a second.

    Rows of one batch must not touch the same record twice.
    """

    def __init__(self, statement: Insert | Update) -> None:
        self._statement = statement
        self._prepared: dict[str, _Prepared] = {}

    def execute(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute the statement for the rows, which must all have the same keys; none is fine."""
        if not rows:
            return
        dialect = connection.dialect
        prepared = self._prepared.get(dialect.name)
        if prepared is None:
            prepared = self._prepared[dialect.name] = _Prepared(self._statement, dialect, rows[0])
        bound = [prepared.bind(row) for row in rows]
        if dialect.name == "sqlite":
            connection.exec_driver_sql(prepared.sql, (orjson.dumps(bound).decode(),))
        else:
            connection.exec_driver_sql(prepared.sql, bound)


class _Prepared:
    """A statement as one dialect spells it, and how a row becomes its parameters."""

    def __init__(
        self, statement: Insert | Update, dialect: Dialect, row: Mapping[str, Any]
    ) -> None:
        compiled: Any = statement.compile(
            dialect=dialect, column_keys=list(row), for_executemany=True
        )
        names: list[str] = compiled.positiontup
        text: str = compiled.string
        self.sql = _from_json(text) if dialect.name == "sqlite" else text
        self._values: Callable[[Mapping[str, Any]], tuple[Any, ...]] = itemgetter(*names)
        self._processors: list[tuple[int, Callable[[Any], Any]]] = []
        for place, name in enumerate(names):
            process = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
            if process is not None:
                self._processors.append((place, process))

    def bind(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        values = list(self._values(row))
        for place, process in self._processors:
            values[place] = process(values[place])
        return tuple(values)


_VALUES = re.compile(r"VALUES \((.*?)\)", re.DOTALL)


def _from_json(sql: str) -> str:
    """Return an INSERT … VALUES or UPDATE … SET that takes its rows from a JSON array of arrays."""
    places = itertools.count()
    rows = "FROM json_each(:rows) AS _row WHERE"
    if sql.startswith("INSERT"):
        # `WHERE true` keeps an ON CONFLICT behind it from being read as the condition of a join.
        sql = _VALUES.sub(rf"SELECT \1 {rows} true", sql, count=1)
    else:
        sql = sql.replace("WHERE", rows, 1)
    filled = re.sub(r"\?", lambda _: f"(_row.value ->> {next(places)})", sql)
    return filled.replace(":rows", "?")


@cache
def upsert(dialect: str, table: Table, renewed: tuple[str, ...]) -> Insert:
    """Return the INSERT that renews these columns of rows that exist; of none, it skips such rows.

    Both databases speak the same words here, but SQLAlchemy has no common one for them.
    """
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = make(table)
    if not renewed:
        return statement.on_conflict_do_nothing()
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={name: statement.excluded[name] for name in renewed},
    )
