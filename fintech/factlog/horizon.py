"""The horizon: up to which id a log is final.

Ids become visible out of order, since transactions commit out of order. The horizon reads the last id drawn L of each
log, then draws a transaction id X on the primary; once every transaction older than X has ended, each id up to L is
final (every writer takes its transaction id before it draws a log's id). Reading happens on connections that are
opened together and thrown away together: after a crash a sequence may fall back and X be issued again, so nothing of
this is ever stored.
"""

from __future__ import annotations

import select
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from fintech.cells.connecting import connect_plainly
from fintech.factlog.wake_up import CHANNEL

SEQUENCES = {"fact": "factlog_fact_id_seq", "transfer": "ledger_transfer_id_seq"}


@dataclass
class _Pending:
    """A horizon that isn't closed yet: the ids that it will make final, and the transaction id that closes it."""

    ids: dict[str, int]
    closes: int
    since: float


class Horizon:
    """The final ids of one cell's logs. Raises psycopg.Error when a connection breaks: then make a new one."""

    def __init__(self, cell_name: str, sources: Iterable[str]) -> None:
        """Watch `sources` (`crm.fact`, `payments.transfer` …) of a cell, with that cell bound."""
        self.sources = tuple(sorted(sources))
        self.final: dict[str, int] = dict.fromkeys(self.sources, 0)
        self._drawn: dict[str, int] = dict.fromkeys(self.sources, 0)
        self._pending: _Pending | None = None
        concerns = sorted({source.partition(".")[0] for source in self.sources})
        self._connections: dict[str, psycopg.Connection[Any]] = {}
        try:
            for concern in concerns:
                self._connections[concern] = connect_for_relay(f"{cell_name}_{concern}")
        except psycopg.Error:
            self.close()
            raise

    def close(self) -> None:
        """Throw the connections and all that was read on them away."""
        for connection in self._connections.values():
            connection.close()

    def advance(self) -> Mapping[str, int]:
        """Look once; gives the final id of each log. Two or three quick queries, none that waits."""
        if self._pending is None:
            drawn = self._last_drawn()
            if drawn == self._drawn:
                return self.final
            self._drawn = drawn
            self._pending = _Pending(drawn, self._any("SELECT pg_current_xact_id()::text::bigint"), time.monotonic())
        oldest = self._any("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        if oldest > self._pending.closes:
            self.final = self._pending.ids
            self._pending = None
        return self.final

    @property
    def pending(self) -> bool:
        """Whether ids were drawn that aren't final yet."""
        return self._pending is not None

    @property
    def age_seconds(self) -> float:
        """For how long the horizon has been waiting for an older transaction to end; 0 when it isn't."""
        return time.monotonic() - self._pending.since if self._pending else 0.0

    def holder(self) -> int | None:
        """The process id of the session that holds the horizon back: the one with the oldest transaction id."""
        row = next(iter(self._connections.values())).execute("SELECT factlog_horizon_holder_v1()").fetchone()
        return int(row[0]) if row and row[0] else None

    def wait(self, seconds: float) -> None:
        """Wait for a writer's wake-up on any connection, at most `seconds`."""
        by_socket = {connection.fileno(): connection for connection in self._connections.values()}
        readable, _, _ = select.select(list(by_socket), [], [], seconds)
        for descriptor in readable:
            for _notification in by_socket[descriptor].notifies(timeout=0):
                pass

    def _last_drawn(self) -> dict[str, int]:
        drawn = {}
        for source in self.sources:
            concern, _, log = source.partition(".")
            row = (
                self._connections[concern]
                .execute("SELECT factlog_last_drawn_v1(%s::regclass)", [SEQUENCES[log]])
                .fetchone()
            )
            assert row is not None
            drawn[source] = int(row[0])
        return drawn

    def _any(self, query: str) -> int:
        row = next(iter(self._connections.values())).execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])


def connect_for_relay(alias: str) -> psycopg.Connection[Any]:
    """A plain connection in autocommit: a transaction of the relay's own would hold the horizon back."""
    connection = connect_plainly(alias)
    connection.execute(f"LISTEN {CHANNEL}".encode())
    return connection
