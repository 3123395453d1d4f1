"""The cell that is measured: engines of the benchmark's own, removed at the end; and what peers need beside it.

One PostgreSQL server for everybody, durable (fsync, synchronous commits, WAL archive), without a replica.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from bench.measuring import NotMeasured
from fintech.stack.engines import Stack
from fintech.stack.find_postgresql import find_postgresql
from fintech.stack.layout import REPOSITORY, LocalLayout
from fintech.stack.postgresql import Cluster
from fintech.stack.supervisor import STOP_SIGNALS, Supervisor

CELL = "eu"
PEER_ROLE = "bench_peer"


@dataclass(frozen=True)
class Cell:
    """The measured cell, up and migrated."""

    layout: LocalLayout
    primary: Cluster
    supervisor: Supervisor
    peers_python: Path

    @cached_property
    def pgbench(self) -> Path:
        """The program, of the very PostgreSQL that runs."""
        return find_postgresql().program("pgbench")

    def connect(self, database: str) -> psycopg.Connection:
        """An autocommitting connection of the superuser: for what is set up, never for what is measured."""
        return self.primary.connect(database)

    def connection_parameters(self, database: str, *, role: str) -> dict[str, str]:
        """How a role of the product reaches a database, over verified TLS."""
        return {
            **{name: str(value) for name, value in conninfo_to_dict(self.primary.superuser_dsn(database)).items()},
            "user": role,
            "password": self._password(role),
        }

    def environment(self, database: str = "", *, role: str = "") -> dict[str, str]:
        """The environment of a worker or a pgbench; with a database, libpq's variables that lead there."""
        environment = dict(os.environ)
        if database:
            parameters = self.connection_parameters(database, role=role)
            names = {"dbname": "PGDATABASE"}
            environment |= {names.get(name, f"PG{name.upper()}"): value for name, value in parameters.items()}
        return environment

    def has_database(self, name: str) -> bool:
        """Whether a database was made already."""
        with self.connect("postgres") as connection:
            return bool(connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount)

    def make_database(self, name: str) -> None:
        """Make an empty database of the peers' role."""
        with self.connect("postgres") as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(PEER_ROLE))
            )

    def copy_payments(self, name: str) -> None:
        """Make a copy of the payments database, with its privileges. Nobody may be connected to the original."""
        with self.connect("postgres") as connection:
            database = sql.Identifier(name)
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE payments OWNER payments_owner").format(database))
            connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO payments_app").format(database))

    def log(self, name: str) -> Path:
        """The log of a worker."""
        return self.layout.log(f"bench-{name}".replace(" ", "-"))

    def _password(self, role: str) -> str:
        # A peer's role has the password of ours, so that nothing has to be kept anywhere.
        return self.layout.secret(f"{CELL}/database/{'payments_app' if role == PEER_ROLE else role}")


@contextmanager
def running_cell(layout: LocalLayout, *, peers_python: Path) -> Iterator[Cell]:
    """Start the engines and migrate; stop and remove everything at the end.

    A run that was killed has left its data behind: it is removed first. Raises StackError, NotMeasured.
    """
    stack = Stack(layout, cells=(CELL,), replicas=False)
    stack.reset()
    try:
        with Supervisor(layout, report=lambda _: None) as supervisor:
            supervisor.start_engines(stack)
            cell = Cell(layout, stack.primary(CELL), supervisor, peers_python)
            _migrate()
            _make_peer_role(cell)
            yield cell
    finally:
        _remove(stack)


def _remove(stack: Stack) -> None:
    # Whoever wants a run to end may say so twice (make passes on what a terminal has told everybody already).
    before = {number: signal.signal(number, signal.SIG_IGN) for number in STOP_SIGNALS}
    stack.reset()
    for number, handler in before.items():
        signal.signal(number, handler)


def _migrate() -> None:
    command = [sys.executable, "manage.py", "migrate_cells", "--cell", CELL, "--verbosity", "0"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotMeasured(f"the cell couldn't be migrated:\n{done.stderr[-2000:]}")


def _make_peer_role(cell: Cell) -> None:
    with cell.connect("postgres") as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                sql.Identifier(PEER_ROLE), sql.Literal(cell.layout.secret(f"{CELL}/database/payments_app"))
            )
        )
