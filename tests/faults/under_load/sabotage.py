"""Faults that are put into a database from outside, as its superuser, and into a process by the kernel."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psycopg

from fintech.stack.engine_user import EngineUser
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
        _as_the_engines_user(partial(_limit_files, pid, room))
    try:
        with product.connect(cell, "postgres") as connection:
            while True:
                connection.execute("SELECT pg_logical_emit_message(true, 'fill', repeat('x', 1000000))")
    except psycopg.OperationalError:
        return


def _limit_files(pid: int, room: int) -> None:
    # Sessions come and go; one that has gone writes nothing any more.
    with suppress(ProcessLookupError):
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (room, most))


def _as_the_engines_user(work: Callable[[], None]) -> None:
    """In a process of its own: not even root may limit another user's process without a capability for it."""
    user = EngineUser.choose()
    child = os.fork()
    if child == 0:
        try:
            if user.other:
                os.setgroups([])
                os.setgid(user.gid)
                os.setuid(user.uid)
            work()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


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
