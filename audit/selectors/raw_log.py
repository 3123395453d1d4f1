"""The log read in bulk: plain rows in the server's binary form, for millions of entries.

Read in ranges of numbers rather than in one long query: entries never change, so nothing is gained by one snapshot,
and a transaction that is open for minutes would run into the roles' time-outs and hold vacuum back.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connections
from psycopg.rows import tuple_row

from fintech.cells import alias_for

_ENTRIES_PER_READ: Final = 10_000

EntryRow = tuple[int, str, str, int, str, str, UUID | None, datetime, datetime, bytes, bytes]

_ENTRIES: Final = (
    "SELECT number, source, incarnation::text, source_id, kind, subject, client_id, recorded_at, appended_at, "
    "leaf, leaf_hash FROM audit_entry WHERE number >= %s AND number < %s ORDER BY number"
)
_LEAVES: Final = "SELECT number, leaf, leaf_hash FROM audit_entry WHERE number >= %s AND number < %s ORDER BY number"
_OF_SOURCE: Final = (
    "SELECT source_id, incarnation::text, number, leaf FROM audit_entry "
    "WHERE source = %s AND incarnation = %s AND source_id > %s ORDER BY source_id LIMIT %s"
)


def entry_rows(start: int, end: int) -> Iterator[EntryRow]:
    """All columns of the entries from number `start` up to, not including, `end`, by number."""
    return _ranges(_ENTRIES, start, end)


def leaf_rows(start: int, end: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, bytes and stored hash of the entries from number `start` up to, not including, `end`."""
    return _ranges(_LEAVES, start, end)


def entries_of_life(source: str, incarnation: str) -> Iterator[tuple[int, str, int, bytes]]:
    """Source id, incarnation, number and bytes of a source's entries in one life of its database, by source id."""
    after = 0
    while True:
        rows = _read(_OF_SOURCE, [source, incarnation, after, _ENTRIES_PER_READ])
        yield from rows
        if len(rows) < _ENTRIES_PER_READ:
            return
        after = rows[-1][0]


def reaches() -> dict[tuple[str, str], tuple[int, int]]:
    """How far each source is appended, by source and incarnation: the last id and the number of entries."""
    rows = _read("SELECT source, incarnation::text, last_source_id, entries FROM audit_source", [])
    return {(source, incarnation): (last, entries) for source, incarnation, last, entries in rows}


def _ranges(query: str, start: int, end: int) -> Iterator[Any]:
    for first in range(start, end, _ENTRIES_PER_READ):
        yield from _read(query, [first, min(first + _ENTRIES_PER_READ, end)])


def _read(query: str, parameters: list[object]) -> list[tuple[Any, ...]]:
    connection = connections[alias_for("audit")]
    connection.ensure_connection()
    with connection.connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        cursor.execute(query, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
