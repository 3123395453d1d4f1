"""What stands in every table of a cell's four databases, so that a test can say that nothing was written.

A table is known by the number of its rows and the newest transaction that wrote one: rows that were only changed,
or deleted and replaced, show as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
from django.db import connections

from fintech.cells.context import CONCERNS
from tests.clusters import TestClusters

Rows = Mapping[str, tuple[int, int]]


class RowWatch:
    """Looks into all tables of a cell's primaries, as the superuser."""

    def __init__(self, clusters: TestClusters, cell_name: str) -> None:
        self._open = {
            concern: clusters.superuser(cell_name, database=str(connections.settings[f"{cell_name}_{concern}"]["NAME"]))
            for concern in CONCERNS
        }
        self._questions = {concern: _question(connection) for concern, connection in self._open.items()}

    def look(self) -> Rows:
        """Each table as `<concern>.<table>`: how many rows, and the newest transaction among them."""
        found: dict[str, tuple[int, int]] = {}
        for concern, connection in self._open.items():
            for table, count, newest in connection.execute(self._questions[concern]).fetchall():
                found[f"{concern}.{table}"] = (int(str(count)), int(str(newest)))
        return found

    @contextmanager
    def nothing_written(self) -> Iterator[None]:
        """AssertionError, naming the tables, when something was written inside."""
        with self.only_written({}):
            yield

    @contextmanager
    def only_written(self, expected: Mapping[str, int], *, growing: str | None = None) -> Iterator[None]:
        """AssertionError unless exactly these tables have so many more rows afterwards, and no other was touched.

        The table `growing` may have been, too.
        """
        before = self.look()
        yield
        after = self.look()
        grown = {
            table: after[table][0] - before[table][0]
            for table in after
            if after[table] != before[table] and table != growing
        }
        assert grown == dict(expected), f"written: {grown}; foreseen: {dict(expected)}"

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()


def _question(connection: psycopg.Connection[tuple[object, ...]]) -> str:
    tables = connection.execute(
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
    ).fetchall()
    one = "SELECT '{0}', count(*), coalesce(max(xmin::text::bigint), 0) FROM {0}"
    return " UNION ALL ".join(one.format(name) for (name,) in tables)
