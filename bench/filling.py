"""What stands in the databases before anything is measured: accounts, money, a long past, and the usual model."""

from __future__ import annotations

from pathlib import Path

from bench.cell import PEER_ROLE, Cell

SQL = Path(__file__).parent / "sql"
ACCOUNTS = 10_000
"""Client accounts, in the measured book and in the usual model."""
HOUSES = 1_000
"""House accounts over which posts are spread, of as many entities."""
PAST_TRANSFERS = 1_000_000
"""Transfers on the one account whose past balances are asked for."""


def fill_payments(cell: Cell) -> None:
    """House accounts, client accounts with money in them (by keyed posts), and wallets for some."""
    with cell.connect("payments") as connection:
        connection.execute(_script("payments"))


def make_usual_model(cell: Cell) -> None:
    """The usual model in a database of its own, `usual`; with it a table for bare commits, and the barest ledger."""
    cell.make_database("usual")
    with cell.connect("usual") as connection:
        connection.execute(f"SET ROLE {PEER_ROLE}".encode())
        connection.execute(_script("usual_model"))
        connection.execute(_script("barest_model"))


def make_uncaptured_copy(cell: Cell) -> None:
    """A copy of the payments database, `uncaptured`, whose deposits aren't captured, unless there is one."""
    if cell.has_database("uncaptured"):
        return
    cell.copy_payments("uncaptured")
    with cell.connect("uncaptured") as connection:
        connection.execute("DROP TRIGGER factlog_capture ON payments_deposit")


def make_past(cell: Cell, transfers: int) -> None:
    """A copy of the payments database, `past`, with so many transfers of the last year on one account."""
    cell.copy_payments("past")
    with cell.connect("past") as connection:
        connection.execute("SELECT set_config('bench.transfers', %s, false)", [str(transfers)])
        connection.execute(_script("past"))
        connection.execute("VACUUM ANALYZE ledger_transfer")


def _script(name: str) -> bytes:
    return (SQL / f"{name}.sql").read_bytes()
