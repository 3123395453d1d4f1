"""The log read in bulk: plain rows in the server's binary form, for millions of entries.

Read in ranges of numbers rather than in one long query: entries never change, so nothing is gained by one
snapshot, and a transaction that is open for minutes would run into the roles' time-outs and hold vacuum
back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import connections
from psycopg import Cursor
from psycopg.rows import tuple_row

from audit.rules.walk import EntryRow
from fintech.cells import alias_for

_ENTRIES_PER_READ: Final = 10_000

_ENTRIES: Final = (
    "SELECT number, source, incarnation::text, source_id, kind, subject, client_id::text, recorded_at, "
    "appended_at, leaf, leaf_hash FROM audit_entry WHERE number >= %s AND number < %s ORDER BY number"
)
_LEAVES: Final = "SELECT number, leaf, leaf_hash FROM audit_entry WHERE number >= %s AND number < %s ORDER BY number"
_OF_SOURCE: Final = (
    "SELECT source_id, incarnation::text, number, leaf FROM audit_entry "
    "WHERE source = %s AND incarnation = %s AND source_id > %s AND source_id <= %s "
    "ORDER BY source_id LIMIT %s"
)


def entry_rows(start: int, end: int) -> Iterator[EntryRow]:
    """All columns of the entries from number `start` up to, not including, `end`, by number."""
    return _ranges(_ENTRIES, start, end)


def leaf_rows(start: int, end: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, bytes and stored hash of the entries from number `start` up to, not including, `end`."""
    return _ranges(_LEAVES, start, end)


def entries_of_life(
    source: str, incarnation: str, *, after: int = 0, up_to: int
) -> Iterator[tuple[int, str, int, bytes]]:
    """A source's entries in one life of its database by source id: that id, life, number, bytes."""
    while True:
        rows = _read(_OF_SOURCE, [source, incarnation, after, up_to, _ENTRIES_PER_READ])
        yield from rows
        if len(rows) < _ENTRIES_PER_READ:
            return
        after = rows[-1][0]


@dataclass(frozen=True)
class LogState:
    """The log at one moment: its head, and how far each source is appended in each life of its database."""

    size: int
    frontier: tuple[bytes, ...]
    # by source and incarnation: the last id, and the number of entries
    reaches: Mapping[tuple[str, str], tuple[int, int]]


def log_state() -> LogState:
    """Head and reaches, from one snapshot."""
    rows = _read(
        "SELECT h.size, h.frontier, s.source, s.incarnation::text, s.last_source_id, s.entries "
        "FROM audit_head h LEFT JOIN audit_source s ON true",
        [],
    )
    size, frontier = rows[0][:2]
    reaches = {(source, life): (last, entries) for _, _, source, life, last, entries in rows if source is not None}
    return LogState(size, tuple(frontier), reaches)


def bookmarks(follower: str) -> dict[str, int]:
    """How far a follower of this log has come, by the life of its source's database."""
    rows = _read("SELECT incarnation::text, last_id FROM factlog_bookmark WHERE follower = %s", [follower])
    return dict(rows)


def _ranges(query: str, start: int, end: int) -> Iterator[Any]:
    for first in range(start, end, _ENTRIES_PER_READ):
        yield from _read(query, [first, min(first + _ENTRIES_PER_READ, end)])


def _read(query: str, parameters: list[object]) -> list[tuple[Any, ...]]:
    connection = connections[alias_for("audit")]
    connection.ensure_connection()
    # Django's own cursors put parameters into the text, and so can't ask for the binary form.
    with Cursor(connection.connection, row_factory=tuple_row) as cursor:
        cursor.execute(query.encode(), parameters, binary=True)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
