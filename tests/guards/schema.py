"""What guards there are, read from a database's own catalogue; and rows that only they could refuse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, LiteralString, cast

import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]
Row = Mapping[str, Any]

OURS: Final = ("audit_", "crm_", "factlog_", "journal_", "ledger_", "payments_", "privacy_", "trading_")
"""What our tables' names begin with. Those of Django's and others' applications are their makers' to prove."""

CHECK, UNIQUE, FOREIGN_KEY, TRIGGER = "check", "unique", "foreign key", "trigger"

_FILLING: Final[Mapping[str, object]] = {
    "uuid": "01900000-0000-7000-8000-000000000001",
    "boolean": False,
    "jsonb": {},
    "bytea": "\\x00",
    "date": "2026-01-02",
    "inet": "192.0.2.1",
}


@dataclass(frozen=True)
class Guard:
    """Something in a database that refuses: its kind, its table and its own name. `definition` is in SQL."""

    kind: str
    table: str
    name: str
    definition: str

    @property
    def removal(self) -> bytes:
        """The statement that takes it out."""
        if self.kind == TRIGGER:
            return f"DROP TRIGGER {self.name} ON {self.table}".encode()
        if self.definition.startswith("CREATE"):
            return f"DROP INDEX {self.name}".encode()
        return f"ALTER TABLE {self.table} DROP CONSTRAINT {self.name} CASCADE".encode()


def guards_of(connection: Connection) -> list[Guard]:
    """Every constraint, unique index and trigger of our tables, those of each month's partition among them."""
    found = connection.execute(
        """
        SELECT CASE contype WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign key' ELSE 'unique' END,
               conrelid::regclass::text, conname, pg_get_constraintdef(oid)
          FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'p', 'u', 'x', 'f')
           AND coninhcount = 0 AND conparentid = 0
        UNION ALL
        SELECT 'unique', indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid)
          FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
         WHERE relnamespace = 'public'::regnamespace AND indisunique
           AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
        UNION ALL
        SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
          FROM pg_trigger WHERE NOT tgisinternal
        ORDER BY 1, 2, 3
        """
    ).fetchall()
    return [Guard(*row) for row in found if row[1].startswith(OURS)]


def is_of_another_month(guard: Guard) -> bool:
    """Whether the guard is on a partition in which nothing of today can lie. Every month has the same."""
    return guard.table.startswith("audit_entry_") and guard.table != f"audit_entry_{datetime.now(UTC):%Y_%m}"


def insert(connection: Connection, table: str, values: Row) -> None:
    """Insert a row with these values, and with something harmless wherever a column must have a value."""
    row = {**_filling(connection, table, values), **values}
    columns = sql.SQL(", ").join(map(sql.Identifier, row))
    connection.execute(
        sql.SQL(
            "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE "
            "SELECT {columns} FROM jsonb_populate_record(NULL::{table}, %s::jsonb)"
        ).format(table=sql.Identifier(table), columns=columns),
        [json.dumps(row, default=str)],
    )


def columns_of_constraint(connection: Connection, guard: Guard) -> list[str]:
    """The columns that a constraint or a unique index is about, except those in expressions."""
    found = connection.execute(
        """
        SELECT attname FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
         WHERE conrelid = %(table)s::regclass AND conname = %(name)s
        UNION
        SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey::smallint[])
         WHERE indexrelid = to_regclass(%(name)s)
        """,
        {"table": guard.table, "name": guard.name},
    )
    return [name for (name,) in found]


def filled(connection: Connection, table: str, columns: list[str]) -> Row:
    """A harmless value for each of these columns, whether it must have one or not."""
    return {name: _harmless(kind) for name, kind, _ in _columns(connection, table) if name in columns}


def _filling(connection: Connection, table: str, values: Row) -> Row:
    return {
        name: _harmless(kind)
        for name, kind, must_be_given in _columns(connection, table)
        if must_be_given and name not in values
    }


def _columns(connection: Connection, table: str) -> list[tuple[str, str, bool]]:
    """Name, type, and whether an insert must give a value; without those that the database makes itself."""
    return connection.execute(
        """
        SELECT attname, format_type(atttypid, NULL), attnotnull AND NOT atthasdef AND attidentity = ''
          FROM pg_attribute
         WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
         ORDER BY attnum
        """,
        [table],
    ).fetchall()


def _harmless(kind: str) -> object:
    if kind in _FILLING:
        return _FILLING[kind]
    if kind.endswith("[]"):
        return []
    if kind.startswith("timestamp"):
        return datetime.now(UTC).isoformat()
    if kind in ("bigint", "integer", "smallint", "numeric"):
        return 1
    return "x"


def statement(text: str) -> LiteralString:
    """SQL of the catalogue's, as the driver wants it typed."""
    return cast("LiteralString", text)
