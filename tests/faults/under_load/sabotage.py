"""Faults that are put into a database from outside, as its superuser, and into a process by the kernel."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.faults.under_load.product import RunningProduct

DISK_FULL = "53100"
RAISED = "P0001"


@contextmanager
def refusing_rows(
    product: RunningProduct,
    cell: str,
    tables: dict[str, tuple[str, ...]],
    *,
    sqlstate: str = RAISED,
    when: str = "true",
) -> Iterator[None]:
    """For the block every insert into the tables (by database) fails with this SQLSTATE, for rows that `when` fits."""
    for database, names in tables.items():
        with product.connect(cell, database) as connection:
            connection.execute(
                "CREATE FUNCTION sabotage() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"RAISE EXCEPTION 'sabotage' USING ERRCODE = '{sqlstate}'; END $$".encode()
            )
            for table in names:
                connection.execute(
                    f"CREATE TRIGGER sabotage BEFORE INSERT ON {table} FOR EACH ROW WHEN ({when}) "
                    "EXECUTE FUNCTION sabotage()".encode()
                )
    try:
        yield
    finally:
        for database in tables:
            with product.connect(cell, database) as connection:
                connection.execute("DROP FUNCTION sabotage() CASCADE")


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """A process that stands still for the block: its connections stay open, and nothing answers on them."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def take_the_room(product: RunningProduct, cell: str) -> None:
    """Let no file of the primary grow any more, as on a full disk, and write until it has noticed.

    The limit is the kernel's own on the size of files (RLIMIT_FSIZE): it needs no file system of one's own and no
    special right, and it is gone with the processes that it was put on.
    """
    primary = product.stack.primary(cell)
    postmaster = primary.process.pid()
    assert postmaster is not None
    # The server's words about it shall still fit into its log.
    room = primary.log.stat().st_size + 256 * 1024
    for pid in (postmaster, *children_of(postmaster)):
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (room, most))
    try:
        with product.connect(cell, "postgres") as connection:
            while True:
                connection.execute("SELECT pg_logical_emit_message(true, 'fill', repeat('x', 1000000))")
    except psycopg.OperationalError:
        return


def children_of(parent: int) -> list[int]:
    """The processes that a process has started and that live."""
    children = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            children.append(int(stat.parent.name))
    return children
