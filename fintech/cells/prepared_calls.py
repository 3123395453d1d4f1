"""Statements that are asked over and over: prepared by the server, with the values sent apart from the query."""

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import NotSupportedError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

Row = tuple[Any, ...]

_KEPT = "cursor_of_prepared_calls"


def rows(alias: str, query: str, parameters: Sequence[object] = ()) -> list[Row]:
    """All rows of a query."""
    # All rows are here already: nothing is left that could fail, or be closed.
    return execute(alias, query, parameters).fetchall()


def execute(alias: str, query: str, parameters: Sequence[object] = ()) -> psycopg.Cursor[Row]:
    """Send a statement; the cursor is good until the next one on this connection."""
    connection = connections[alias]
    connection.ensure_connection()
    cursor = _cursor(connection)
    try:
        _send(connection, cursor, query, parameters)
    except NotSupportedError as error:
        # Inside a transaction nothing can be done: its rollback ends the prepared statements.
        if connection.in_atomic_block or not is_outdated(error):
            raise
        _send(connection, cursor, "DEALLOCATE ALL", ())
        _send(connection, cursor, query, parameters)
    return cursor


def _send(
    connection: BaseDatabaseWrapper, cursor: psycopg.Cursor[Row], query: str, parameters: Sequence[object]
) -> None:
    if connection.queries_logged or connection.execute_wrappers:
        counted: Any = connection._prepare_cursor(cursor)  # type: ignore[attr-defined]
        counted.execute(query, parameters)
        return
    # What Django's own wrapper does when nobody counts or changes statements; it takes a third of a call to do so.
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors:
        cursor.execute(query, parameters)


def is_outdated(error: Exception) -> bool:
    """Whether a statement failed since a migration has changed a type that it was prepared for: a new try does well."""
    return isinstance(error.__cause__, psycopg.errors.FeatureNotSupported) and "cached plan" in str(error)


def _cursor(connection: BaseDatabaseWrapper) -> psycopg.Cursor[Row]:
    """The driver's cursor that belongs to this connection.

    Django's own cursors write the values into the query's text, so the server parses and plans each call anew; this
    one lets psycopg prepare it after a few uses. It is kept as long as the connection is, since it remembers how
    values are written and read, which a new one finds out again for each parameter of each call.
    """
    kept: psycopg.Cursor[Row] | None = getattr(connection, _KEPT, None)
    if kept is None or kept.connection is not connection.connection:
        kept = psycopg.Cursor(connection.connection)
        setattr(connection, _KEPT, kept)
    return kept


def row(alias: str, query: str, parameters: Sequence[object] = ()) -> Row:
    """The one row of a query. Raises LookupError when there is none."""
    found = rows(alias, query, parameters)
    if not found:
        raise LookupError("the query gave no row")
    return found[0]
