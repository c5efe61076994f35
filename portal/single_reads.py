"""One SELECT by the shortest way, for what is asked very often.

SQLAlchemy makes the statement's text once; then the driver runs it. SQLAlchemy's own execution costs more
than ten times what a small SELECT costs SQLite.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVarTuple, cast

from sqlalchemy import URL, PoolProxiedConnection, Select
from sqlalchemy.exc import DBAPIError

from portal.database import unpooled

Columns = TypeVarTuple("Columns")


class SingleRead(Generic[*Columns]):
    """The first row of one statement, with the parameters of the moment.

    Its connections stay open and have no transaction: a checkout and a BEGIN cost more than the SELECT does.
    So two reads in a row may see different states. What a column holds comes as the driver gives it: select
    strings and whole numbers only.
    """

    def __init__(self, url: URL, statement: Select[*Columns]) -> None:
        self._engine = unpooled(url)
        dialect = self._engine.dialect
        compiled = statement.compile(dialect=dialect)
        self._text = str(compiled)
        self._constants = compiled.params
        self._order = compiled.positiontup if compiled.positional else None
        processors = {
            name: bound.type.dialect_impl(dialect).bind_processor(dialect)
            for name, bound in compiled.binds.items()
        }
        self._processors = {name: process for name, process in processors.items() if process is not None}
        # Not the threads' own: a connection that is closed while its thread's state is torn down takes the
        # process along, since SQLite's closing asks for that state once more.
        self._free: list[PoolProxiedConnection] = []

    def first(self, parameters: Mapping[str, object]) -> tuple[*Columns] | None:
        """The first row, if any. Raises `DBAPIError`, also where the database can't be reached."""
        base = self._engine.dialect.loaded_dbapi.Error
        try:
            row = self._first(parameters)
        except base as error:
            raise DBAPIError.instance(self._text, None, error, base, hide_parameters=True) from error
        return cast("tuple[*Columns] | None", row)

    def _first(self, parameters: Mapping[str, object]) -> Any:
        try:
            connection = self._free.pop()
        except IndexError:
            connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(self._text, self._arguments(parameters))
            row = cursor.fetchone()
            cursor.close()
        except BaseException:
            connection.invalidate()
            self._free.clear()  # where the server was restarted they are lost as well
            raise
        self._free.append(connection)
        return row

    def _arguments(self, parameters: Mapping[str, object]) -> Any:
        given = {**self._constants, **parameters}
        for name, process in self._processors.items():
            given[name] = process(given[name])
        return given if self._order is None else [given[name] for name in self._order]
