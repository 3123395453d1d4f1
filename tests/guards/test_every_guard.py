"""Each guard in the databases by itself: what it is there to refuse is refused, and goes through when it is out.

Every attempt is a transaction that is rolled back. All other guards of the table are out of it, so that what refuses is
the one that is tried; then that one is taken out, and the same goes through. A guard that isn't tried fails the test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
import pytest
from django.db import connections

from fintech.cells import CellContext
from tests.clusters import TestClusters
from tests.guards.catalogue import TABLES, Changes, Table
from tests.guards.schema import (
    CHECK,
    FOREIGN_KEY,
    TRIGGER,
    UNIQUE,
    Connection,
    Guard,
    columns_of_constraint,
    filled,
    guards_of,
    insert,
    is_of_another_month,
    statement,
)

Attempt = Callable[[], object]


@dataclass(frozen=True)
class Database:
    """A database and the guards in it."""

    connection: Connection
    guards: Sequence[Guard]

    def each(self, kind: str) -> Iterator[Guard]:
        """Those of one kind that are tried."""
        return (guard for guard in self.guards if guard.kind == kind and not is_of_another_month(guard))


KEPT = Path(__file__).parent / "guards.txt"
CONCERNS = ("crm", "trading", "payments", "audit")


@pytest.fixture(params=CONCERNS)
def database(request: pytest.FixtureRequest, clusters: TestClusters, eu: CellContext) -> Iterator[Database]:
    """One concern's database, as a superuser: rights and roles refuse nothing here, only the guards do."""
    with _superuser(clusters, request.param) as connection:
        yield Database(connection, guards_of(connection))


def test_every_check_refuses_what_it_is_there_to_refuse(database: Database) -> None:
    for guard in database.each(CHECK):
        wrong = _table(guard).checks.get(guard.name)
        assert wrong, f"nothing is known to break {guard.name}: {guard.definition}"
        for changes in wrong:
            with _alone(database, guard):
                _refused_by(guard, database.connection, partial(_insert, database.connection, guard, changes))


def test_no_row_stands_twice_where_it_may_stand_once(database: Database) -> None:
    for guard in database.each(UNIQUE):
        about = columns_of_constraint(database.connection, guard)
        known = _table(guard).unique.get(guard.name, {})
        row = {
            **filled(database.connection, guard.table, [name for name in about if name not in _table(guard).row]),
            **known,
        }
        with _alone(database, guard):
            _insert(database.connection, guard, row)
            _refused_by(guard, database.connection, partial(_insert, database.connection, guard, row))


def test_no_row_refers_to_what_isnt_there(database: Database) -> None:
    for guard in database.each(FOREIGN_KEY):
        columns = columns_of_constraint(database.connection, guard)
        # Some tables have a row 1.
        row = {
            name: 32_000 if value == 1 else value
            for name, value in filled(database.connection, guard.table, columns).items()
        }
        with _alone(database, guard):
            database.connection.execute("SET LOCAL session_replication_role = origin")
            database.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            _refused_by(guard, database.connection, partial(_insert, database.connection, guard, row))


def test_every_trigger_refuses_what_it_is_there_to_refuse(database: Database) -> None:
    for guard in database.each(TRIGGER):
        if guard.name == "factlog_capture":
            continue
        attempts = _attempts(database.connection, guard)
        assert attempts, f"nothing is known to break {guard.name}: {guard.definition}"
        for attempt in attempts:
            with _alone(database, guard), _fired(database.connection, guard):
                _refused_by(guard, database.connection, attempt)


def test_no_change_of_a_captured_table_goes_without_its_fact(database: Database) -> None:
    for guard in database.each(TRIGGER):
        if guard.name != "factlog_capture":
            continue
        # Of the journal, only what was refused: what was done is told by the facts that it made.
        insertion = partial(
            _insert, database.connection, guard, {"outcome": "refused"} if guard.table == "journal_entry" else {}
        )
        with _alone(database, guard):
            database.connection.execute(f"DELETE FROM {guard.table}".encode())
            database.connection.execute(f"ALTER TABLE {guard.table} ENABLE ALWAYS TRIGGER {guard.name}".encode())
            assert _facts_of(database.connection, insertion) == 1, guard
            database.connection.execute(f"DELETE FROM {guard.table}".encode())
            database.connection.execute(guard.removal)
            assert _facts_of(database.connection, insertion) == 0, guard


def test_no_guard_comes_or_goes_in_silence(clusters: TestClusters, eu: CellContext) -> None:
    found: set[str] = set()
    for concern in CONCERNS:
        with _superuser(clusters, concern) as connection:
            found |= {
                f"{concern} {guard.table} {guard.kind} {guard.name}"
                for guard in guards_of(connection)
                if not guard.table.startswith("audit_entry_")
            }
    kept = set(KEPT.read_text(encoding="utf-8").splitlines())
    assert found == kept, f"gone: {sorted(kept - found)}; new, to be added to {KEPT.name}: {sorted(found - kept)}"
    names = {line.split()[-1] for line in kept}
    known = {name for table in TABLES.values() for name in [*table.checks, *table.unique, *table.triggers]}
    assert known <= names, f"no such guard: {sorted(known - names)}"


def _superuser(clusters: TestClusters, concern: str) -> Connection:
    return clusters.superuser("eu", connections.settings[f"eu_{concern}"]["NAME"])


def _table(guard: Guard) -> Table:
    return TABLES.get("audit_entry" if guard.table.startswith("audit_entry_") else guard.table, Table())


def _insert(connection: Connection, guard: Guard, changes: Changes) -> None:
    insert(connection, guard.table, {**_table(guard).row, **changes})


@contextmanager
def _alone(database: Database, guard: Guard) -> Iterator[None]:
    """The table with no rows and no guard but this one, after a look that its row is a good one."""
    connection = database.connection
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(f"ALTER TABLE {guard.table} DISABLE TRIGGER USER".encode())
        connection.execute(f"DELETE FROM {guard.table}".encode())
        _insert(connection, guard, {})
        connection.execute(f"DELETE FROM {guard.table}".encode())
        for other in database.guards:
            if _beside(guard, other):
                connection.execute(other.removal)
        yield


def _beside(guard: Guard, other: Guard) -> bool:
    """Whether another guard of the table, or of a partition of it, might refuse in this one's place."""
    if guard.table == "audit_entry" and other.kind == TRIGGER and other.table.startswith("audit_entry_"):
        return True
    # A table that refers to itself needs its key.
    needed = guard.kind == FOREIGN_KEY and other.kind == UNIQUE
    return other.table == guard.table and (other.kind, other.name) != (guard.kind, guard.name) and not needed


@contextmanager
def _fired(connection: Connection, guard: Guard) -> Iterator[None]:
    """The table with its row and with this trigger, as in any ordinary session."""
    _insert(connection, guard, {})
    connection.execute("SET LOCAL session_replication_role = origin")
    connection.execute(f"ALTER TABLE {guard.table} ENABLE TRIGGER {guard.name}".encode())
    yield


def _refused_by(guard: Guard, connection: Connection, attempt: Attempt) -> None:
    try:
        with connection.transaction():
            attempt()
    except psycopg.Error as error:
        refusal = error
    else:
        raise AssertionError(f"{guard.name} on {guard.table} lets it in: {attempt}")
    if guard.kind == TRIGGER:
        assert refusal.sqlstate in ("23001", "23514"), f"{guard.name} on {guard.table}: {refusal}"
    else:
        assert refusal.diag.constraint_name == guard.name, f"{guard.name} on {guard.table}: {refusal}"
    connection.execute(guard.removal)
    attempt()


def _attempts(connection: Connection, guard: Guard) -> list[Attempt]:
    """What this trigger must refuse: by the events it fires on, and what the catalogue adds."""
    events = guard.definition.split(" ON ")[0]
    wrong: list[str | Changes] = list(_table(guard).triggers.get(guard.name, ()))
    if "DELETE" in events:
        wrong.append("DELETE FROM {table}")
    if "TRUNCATE" in events:
        wrong.append("TRUNCATE {table} CASCADE")
    if "UPDATE" in events and "refuse_change" in guard.definition:
        wrong.append(f"UPDATE {{table}} SET {_any_column(connection, guard)}")
    return [_attempt(connection, guard, each) for each in wrong]


def _attempt(connection: Connection, guard: Guard, wrong: str | Changes) -> Attempt:
    if isinstance(wrong, str):
        return partial(connection.execute, statement(wrong.replace("{table}", guard.table)))
    return partial(_insert, connection, guard, wrong)


def _any_column(connection: Connection, guard: Guard) -> str:
    query = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 1"
    (name,) = connection.execute(query, [guard.table]).fetchall()[0]
    return f"{name} = {name}"


def _facts_of(connection: Connection, change: Attempt) -> int:
    query = "SELECT count(*) FROM factlog_fact"
    before = connection.execute(query).fetchall()[0][0]
    change()
    return int(connection.execute(query).fetchall()[0][0] - before)
