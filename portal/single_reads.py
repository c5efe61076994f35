"""One SELECT by the shortest way, for what is asked very often.

SQLAlchemy makes the statement's text once; then the driver runs it. SQLAlchemy's own execution costs more
than ten times what a small SELECT costs SQLite.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Generic, TypeVarTuple, cast

from sqlalchemy import URL, PoolProxiedConnection, Select
from sqlalchemy.exc import DBAPIError

from portal.database import unpooled

Columns = TypeVarTuple("Columns")


class SingleRead(Generic[*Columns]):
    """The first row of one statement, with the parameters of the moment.

    Each thread keeps a connection open and has no transaction: a checkout and a BEGIN cost more than the
    SELECT does. So two reads in a row may see different states. What a column holds comes as the driver gives
    it: select strings and whole numbers only.
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
        self._mine = threading.local()

    def first(self, parameters: Mapping[str, object]) -> tuple[*Columns] | None:
        """The first row, if any. Raises `DBAPIError`, also where the database can't be reached."""
        base = self._engine.dialect.loaded_dbapi.Error
        try:
            row = self._first(parameters)
        except base as error:
            raise DBAPIError.instance(self._text, None, error, base, hide_parameters=True) from error
        return cast("tuple[*Columns] | None", row)

    def _first(self, parameters: Mapping[str, object]) -> Any:
        connection: PoolProxiedConnection | None = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._mine.connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(self._text, self._arguments(parameters))
            row = cursor.fetchone()
            cursor.close()
        except BaseException:
            del self._mine.connection
            connection.invalidate()
            raise
        return row

    def _arguments(self, parameters: Mapping[str, object]) -> Any:
        given = {**self._constants, **parameters}
        for name, process in self._processors.items():
            given[name] = process(given[name])
        return given if self._order is None else [given[name] for name in self._order]
