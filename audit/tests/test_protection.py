"""Who may do what to the log: nobody may change it, whatever their rights."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connections

from audit.services.partitions import create_partitions
from audit.tests.logs import Log
from fintech.cells import alias_for
from fintech.secrets import secret
from tests.clusters import TestClusters

TABLES = ("audit_entry", "audit_head", "audit_source", "audit_checkpoint")


def connect(role: str, clusters: TestClusters) -> psycopg.Connection:  # type: ignore[type-arg]
    settings = connections[alias_for("audit")].settings_dict
    return psycopg.connect(
        host="127.0.0.1",
        port=settings["PORT"],
        dbname=settings["NAME"],
        user=role,
        password=secret(f"eu/database/{role}"),
        sslmode="verify-full",
        sslrootcert=str(clusters.layout.certificate_authority),
        autocommit=True,
    )


def changes(table: str) -> Iterator[str]:
    yield f"DELETE FROM {table}"
    yield f"TRUNCATE {table}"
    to_what = {"audit_head": "size = 0", "audit_source": "entries = 1"}.get(table, "size = size")
    yield f"UPDATE {table} SET {to_what}"


def attempts() -> list[str]:
    entries = ["DELETE FROM audit_entry", "TRUNCATE audit_entry", "UPDATE audit_entry SET kind = 'x'"]
    return entries + [change for table in TABLES[1:] for change in changes(table)]


@pytest.mark.parametrize("role", ["audit_writer", "audit_reader"])
def test_writer_and_reader_may_read_but_neither_insert_change_nor_delete(
    signed_log: Log, clusters: TestClusters, role: str
) -> None:
    partition = signed_log.rows("SELECT min(relid::text) AS name FROM pg_partition_tree('audit_entry') WHERE isleaf")
    inserts = [f"INSERT INTO {table} SELECT * FROM {table}" for table in TABLES]
    inserts += [
        f"INSERT INTO {partition[0]['name']} SELECT * FROM audit_entry",
        "DROP TABLE audit_checkpoint",
    ]
    with connect(role, clusters) as connection:
        for table in TABLES:
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() != (0,)
        for attempt in [*attempts(), *inserts]:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(attempt)


@pytest.mark.parametrize(
    "call",
    ["audit_append_v1('{}')", "audit_checkpoint_v1(1, '', '{}', '')", "audit_create_partitions_v1(1)"],
)
def test_the_reader_may_call_nothing_that_writes(signed_log: Log, clusters: TestClusters, call: str) -> None:
    with (
        connect("audit_reader", clusters) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(f"SELECT {call}")


@pytest.mark.parametrize("role", ["audit_owner", "postgres"])
def test_not_even_the_owner_or_a_superuser_changes_what_is_written(
    signed_log: Log, clusters: TestClusters, role: str
) -> None:
    partitions = signed_log.rows("SELECT relid::text AS name FROM pg_partition_tree('audit_entry') WHERE isleaf")
    assert len(partitions) == 4
    tries = attempts()
    for partition in partitions:
        tries += [f"DELETE FROM {partition['name']}", f"TRUNCATE {partition['name']}"]
        tries += [f"UPDATE {partition['name']} SET leaf = ''"]
    with connect(role, clusters) as connection:
        if role == "postgres":
            # Switches ordinary triggers off; these fire all the same.
            connection.execute("SET session_replication_role = replica")
        for attempt in tries:
            with pytest.raises(psycopg.errors.RestrictViolation):
                connection.execute(attempt)
    signed_log.verify()


def test_bytes_with_another_hash_cant_even_be_inserted(signed_log: Log, clusters: TestClusters) -> None:
    with (
        connect("audit_owner", clusters) as connection,
        pytest.raises(psycopg.errors.CheckViolation, match="leaf_hash"),
    ):
        connection.execute(
            "INSERT INTO audit_entry SELECT 30, source, incarnation, 99, kind, subject, client_id, "
            "recorded_at, appended_at, leaf || ' ', leaf_hash FROM audit_entry WHERE number = 0"
        )


def test_partitions_are_made_ahead_and_once(log: Log) -> None:
    assert create_partitions(months_ahead=3) == []
    made = create_partitions(months_ahead=5)
    assert len(made) == 2
    assert create_partitions(months_ahead=5) == []
    bounds = log.rows(
        "SELECT pg_get_expr(relpartbound, oid) AS bound FROM pg_class WHERE relispartition AND relkind = 'r' "
        "AND relname LIKE 'audit_entry%%' ORDER BY relname"
    )
    ends = [bound["bound"].split("'")[3] for bound in bounds]
    begins = [bound["bound"].split("'")[1] for bound in bounds]
    assert begins[1:] == ends[:-1]


def test_the_log_goes_on_when_nobody_made_the_months_partition(log: Log, clusters: TestClusters) -> None:
    """As after months without the command: no partition takes the present moment."""
    log.grow(1)
    name = connections[alias_for("audit")].settings_dict["NAME"]
    with clusters.superuser("eu", name) as ruler:
        ruler.execute("ALTER TABLE audit_head DISABLE TRIGGER USER")
        ruler.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        for partition in log.rows("SELECT relid::text AS name FROM pg_partition_tree('audit_entry') WHERE isleaf"):
            ruler.execute(f"DROP TABLE {partition['name']}")
        ruler.execute(
            "UPDATE audit_head SET size = 0, frontier = '{}', partitioned_until = date_trunc('month', now(), 'UTC')"
        )
    log.grow(1)
    assert [row["number"] for row in log.rows()] == [0]
