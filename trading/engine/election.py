"""Which engine of a cell leads: the one that holds an advisory lock in the trading database."""

from __future__ import annotations

from typing import Final, Self

from fintech.cells import alias_for
from fintech.cells.connecting import connect_plainly
from fintech.factlog.wake_up import CHANNEL

LOCK: Final = 0x656E6769  # "engi"


class Election:
    """A session of its own that stands for election, and hears when verbs have committed.

    The lock goes when the session ends, however it ends. Every method raises psycopg.Error on a broken
    connection.
    """

    def __init__(self) -> None:
        """Connect to the bound cell's trading database."""
        self._connection = connect_plainly(alias_for("trading"))
        self._connection.execute(f"LISTEN {CHANNEL}".encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def won(self) -> bool:
        """Try to become the leader; at once, without waiting."""
        row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
        return bool(row and row[0])

    def heard_of_changes(self) -> bool:
        """Whether some verb has committed since the last question. Raises when the connection is gone."""
        self._connection.execute("SELECT 1")
        return any(True for _ in self._connection.notifies(timeout=0))
