"""Reading from the replica: for reports, lists and dashboards, and for what somebody has just changed themselves.

`reading("report")` lets reads of the block go to the bound cell's replica while its lag is within the limit, and
says as of when they stand. `reading("own")` does so only where the replica has replayed what the client and the actor
have changed last. A health probe in a thread of its own watches the replicas, so that a dead one costs no request a
connection time-out. Writes, and reads inside a transaction, always go to the primary.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import DatabaseError, connections
from prometheus_client import Counter

from fintech.cells.actors import Actor
from fintech.cells.context import current_cell
from fintech.cells.freshness import mark_of
from fintech.cells.topology import served_cell
from fintech.secrets import secret

PROBE_SECONDS = 1.0
PROBE_FRESH_SECONDS = 5.0

_fallbacks = Counter(
    "fintech_replica_fallbacks_total", "Reads meant for a replica that the primary served", ["cell", "why"]
)


@dataclass(frozen=True)
class ReplicaState:
    """What the probe last saw: up to which moment the replica has replayed, and when that was seen (monotonic)."""

    as_of: datetime | None
    seen: float


@dataclass(frozen=True)
class Reading:
    """Where the reads of a block go: to the replica or not, and the moment that they show (UTC).

    `subjects` are those who must find what they have changed; empty for a report. Each database is looked at once, on
    the connection that is then read, and `_usable` remembers which replicas answer and show enough.
    """

    replica: bool
    as_of: datetime
    why: str = ""
    subjects: tuple[str, ...] = ()
    _usable: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    def allows(self, primary: str) -> bool:
        """Whether reads of this primary's data may go to its replica."""
        if not self.replica:
            return False
        if primary not in self._usable:
            why = _behind_own(primary, self.subjects) if self.subjects else _unreachable(primary)
            self._usable[primary] = not why
            if why:
                _fallbacks.labels(cell=current_cell().name, why=why).inc()
        return self._usable[primary]


class ReplicaProbe:
    """Watches the replicas of the cells that were asked for, once a second, from one daemon thread."""

    def __init__(self) -> None:
        self._states: dict[str, ReplicaState] = {}
        self._connections: dict[str, psycopg.Connection[tuple[datetime | None]]] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def state(self, cell_name: str) -> ReplicaState | None:
        """The last state of a cell's replica; the first question looks at once, later ones never wait."""
        with self._lock:
            if cell_name not in self._states:
                self._look(cell_name)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._watch, name="replica-probe", daemon=True)
                self._thread.start()
        return self._states.get(cell_name)

    def lost(self, cell_name: str) -> None:
        """A reader has found the replica away before the watch has: nobody else need try until it looks again."""
        self._states[cell_name] = ReplicaState(None, time.monotonic())

    def forget(self) -> None:
        """Look afresh at the next question; after a replica was moved, and in tests."""
        with self._lock:
            for connection in self._connections.values():
                connection.close()
            self._states.clear()
            self._connections.clear()

    def _watch(self) -> None:
        while True:
            time.sleep(PROBE_SECONDS)
            for cell_name in list(self._states):
                self._look(cell_name)

    def _look(self, cell_name: str) -> None:
        try:
            connection = self._connections.get(cell_name)
            if connection is None or connection.closed:
                connection = self._connections[cell_name] = _connect(cell_name)
            row = connection.execute("SELECT pg_last_xact_replay_timestamp() WHERE pg_is_in_recovery()").fetchone()
            self._states[cell_name] = ReplicaState(row[0] if row else None, time.monotonic())
        except (psycopg.Error, LookupError, OSError):
            self._states[cell_name] = ReplicaState(None, time.monotonic())
            broken = self._connections.pop(cell_name, None)
            if broken is not None:
                broken.close()


def _connect(cell_name: str) -> psycopg.Connection[tuple[datetime | None]]:
    served = served_cell(cell_name)
    if served.replica is None:
        raise LookupError(f"cell {cell_name!r} has no replica")
    return psycopg.connect(
        host=served.replica.host,
        port=served.replica.port,
        dbname=connections.settings[f"{cell_name}_crm_replica"]["NAME"],
        user="crm_app",
        password=secret(f"{served.secrets}/database/crm_app"),
        sslmode="verify-full",
        sslrootcert=served.certificate_authority,
        connect_timeout=2,
        autocommit=True,
        options="-c statement_timeout=2000",
    )


probe = ReplicaProbe()
_reading: ContextVar[Reading | None] = ContextVar("fintech_reading", default=None)


@contextmanager
def reading(kind: Literal["report", "own"], *, client_id: UUID | None = None) -> Iterator[Reading]:
    """Let the reads of the block go to the replica; gives where they go and as of when.

    "report" is for dashboards, lists of everybody's, exports and statements; "own" for what the actor, or the client
    of `client_id` (without it: the actor), has changed. Falls back to the primary, and counts it, when the replica is
    down, unknown or further behind than FINTECH_REPLICA_LAG_SECONDS, and for "own" where no mark says how far the
    replica must have come.
    """
    if kind not in ("report", "own"):
        raise ValueError(f"{kind!r} is no way of reading; there are 'report' and 'own'")
    context = current_cell()
    chosen = choose(context.name)
    if chosen.why in ("down", "behind"):
        _fallbacks.labels(cell=context.name, why=chosen.why).inc()
    if kind == "own":
        owner = str(Actor.client(client_id)) if client_id else str(context.actor)
        chosen = replace(chosen, subjects=tuple(sorted({owner, str(context.actor)})))
    token = _reading.set(chosen)
    try:
        yield chosen
    finally:
        _reading.reset(token)


def replica_or_primary(primary: str) -> str:
    """The alias for a read: the replica's inside `reading(…)`, unless a transaction is open on the primary."""
    chosen = _reading.get()
    if chosen is None or connections[primary].in_atomic_block or not chosen.allows(primary):
        return primary
    return f"{primary}_replica"


def _behind_own(primary: str, subjects: tuple[str, ...]) -> str:
    """Why the replica may not show what the subjects have changed last; empty when it may."""
    mark = mark_of(primary, subjects)
    if mark is None:
        return "no mark"
    try:
        with connections[f"{primary}_replica"].cursor() as cursor:
            cursor.execute("SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') >= %s", [mark])
            return "" if cursor.fetchone() == (True,) else "own changes to come"
    except DatabaseError:
        probe.lost(current_cell().name)
        return "down"


def _unreachable(primary: str) -> str:
    """Why the replica can't be read now; empty when it can. The watch may not have noticed yet that it's gone."""
    try:
        connections[f"{primary}_replica"].ensure_connection()
    except DatabaseError:
        probe.lost(current_cell().name)
        return "down"
    return ""


def choose(cell_name: str) -> Reading:
    """Where a report of this cell would be read now, and why not from the replica (`down`, `behind`)."""
    now = datetime.now(UTC)
    if served_cell(cell_name).replica is None:
        return Reading(replica=False, as_of=now, why="none configured")
    state = probe.state(cell_name)
    if state is None or state.as_of is None or time.monotonic() - state.seen > PROBE_FRESH_SECONDS:
        why = "down"
    elif now - state.as_of > timedelta(seconds=settings.FINTECH_REPLICA_LAG_SECONDS):
        why = "behind"
    else:
        return Reading(replica=True, as_of=state.as_of)
    return Reading(replica=False, as_of=now, why=why)
