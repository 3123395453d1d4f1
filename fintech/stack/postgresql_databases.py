"""The databases and roles of a cell's cluster: one database per concern, each entered by its own roles only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from fintech.stack.local_secrets import CONCERNS
from fintech.stack.postgresql import Cluster

SCRIPTS = Path(__file__).parent / "sql"

# An open transaction anywhere in the cluster holds back the fact logs of all its databases, so the application's
# are cut. Owners migrate (migrate_cells bounds its own transactions), the audit reader verifies whole logs.
TRANSACTION_TIMEOUTS = {"app": "30s", "writer": "30s", "reader": "10min", "owner": "0"}


def roles_of(concern: str) -> tuple[str, ...]:
    """The roles that may enter a concern's database, its owner first."""
    kinds = ("owner", "writer", "reader") if concern == "audit" else ("owner", "app")
    return tuple(f"{concern}_{kind}" for kind in kinds)


def prepare_databases(primary: Cluster) -> None:
    """Make every role and database that is missing. Safe to repeat after a run that died half-way."""
    # In the data folder, so that it goes when the data goes.
    mark = primary.files.data / "databases-prepared"
    if mark.exists():
        return
    with primary.connect() as connection:
        for name in ("postgres", "template1"):
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        for role in (role for concern in CONCERNS for role in roles_of(concern)):
            _make_role(connection, role, password=_password(primary, role))
        for concern in CONCERNS:
            _make_database(connection, concern)
    for concern in CONCERNS:
        with primary.connect(concern) as connection, connection.transaction():
            connection.execute(_privileges(concern))
    mark.touch()


def make_replicator(primary: Cluster) -> None:
    """Make the role that replicas stream with, unless it is there."""
    with primary.connect() as connection:
        _make_role(connection, "replicator", password=_password(primary, "replicator"))


def _password(primary: Cluster, role: str) -> str:
    return primary.layout.secret(f"{primary.cell}/database/{role}")


def _make_role(connection: psycopg.Connection, role: str, *, password: str) -> None:
    name = sql.Identifier(role)
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
        connection.execute(sql.SQL("CREATE ROLE {}").format(name))
    attributes = sql.SQL("REPLICATION" if role == "replicator" else "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION")
    connection.execute(sql.SQL("ALTER ROLE {} LOGIN {} PASSWORD {}").format(name, attributes, sql.Literal(password)))
    kind = role.rpartition("_")[2]
    if kind in TRANSACTION_TIMEOUTS:
        limit = sql.Literal(TRANSACTION_TIMEOUTS[kind])
        connection.execute(sql.SQL("ALTER ROLE {} SET transaction_timeout = {}").format(name, limit))
    if kind == "owner":
        # So that a function of the owner can tell the application who holds back the horizon, and only that.
        connection.execute(sql.SQL("GRANT pg_read_all_stats TO {}").format(name))


def _make_database(connection: psycopg.Connection, concern: str) -> None:
    name = sql.Identifier(concern)
    owner, *users = (sql.Identifier(role) for role in roles_of(concern))
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [concern]).fetchone():
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.SQL(", ").join(users)))


def _privileges(concern: str) -> sql.Composed:
    names = dict(_named_roles(concern))
    script = "audit_database.sql" if concern == "audit" else "concern_database.sql"
    return sql.SQL((SCRIPTS / script).read_text(encoding="utf-8")).format(**names)


def _named_roles(concern: str) -> Iterator[tuple[str, sql.Identifier]]:
    words = {"app": "application"}
    for role in roles_of(concern):
        kind = role.rpartition("_")[2]
        yield words.get(kind, kind), sql.Identifier(role)
