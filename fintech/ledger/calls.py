"""Calling the ledger's SQL functions: prepared, with the values sent apart from the query."""

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connections

Row = tuple[Any, ...]


def rows(alias: str, query: str, parameters: Sequence[object] = ()) -> list[Row]:
    """All rows of a query."""
    connection = connections[alias]
    connection.ensure_connection()
    # Django's own cursors write the values into the query's text, so the server parses and plans each call
    # anew. This one lets psycopg prepare it after a few uses; Django's wrapper counts, logs and maps errors.
    cursor = psycopg.Cursor(connection.connection)
    connection._prepare_cursor(cursor).execute(query, parameters)  # type: ignore[attr-defined]
    # All rows are here already: nothing is left that could fail, or be closed.
    found: list[Row] = cursor.fetchall()
    return found


def row(alias: str, query: str, parameters: Sequence[object] = ()) -> Row:
    """The one row of a query. Raises LookupError when there is none."""
    found = rows(alias, query, parameters)
    if not found:
        raise LookupError("the query gave no row")
    return found[0]
