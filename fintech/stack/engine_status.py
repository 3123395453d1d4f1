"""How the engines fare: what runs where, and how far each replica is behind its primary."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from fintech.stack.engine import Engine
from fintech.stack.postgresql import Cluster

# The clock tells the delay only while there is something to replay; a replica that has replayed all is up to date.
LAG = """
    SELECT CASE
        WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
        ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
    END
"""
BEHIND = "SELECT pg_wal_lsn_diff(%s::pg_lsn, pg_last_wal_replay_lsn())"


@dataclass(frozen=True, kw_only=True)
class EngineStatus:
    """One line of the status: `state` is running, starting or stopping, or stopped; lag for replicas that run."""

    name: str
    port: int | None
    pid: int | None
    state: str
    lag_bytes: int | None = None
    lag_seconds: float | None = None


def status_of(engine: Engine, *, primary: Cluster | None = None) -> EngineStatus:
    """The status of one engine; for a replica give its primary."""
    pid = engine.process.pid()
    if pid is None:
        return EngineStatus(name=engine.name, port=engine.port, pid=None, state="stopped")
    if not engine.is_ready():
        return EngineStatus(name=engine.name, port=engine.port, pid=pid, state="starting or stopping")
    behind, seconds = _lag(engine, primary) if primary is not None and isinstance(engine, Cluster) else (None, None)
    return EngineStatus(
        name=engine.name, port=engine.port, pid=pid, state="running", lag_bytes=behind, lag_seconds=seconds
    )


def _lag(replica: Cluster, primary: Cluster) -> tuple[int | None, float | None]:
    try:
        with primary.connect() as source, replica.connect() as reader:
            written = source.execute("SELECT pg_current_wal_lsn()::text").fetchone()
            behind = reader.execute(BEHIND, written).fetchone()
            seconds = reader.execute(LAG).fetchone()
    except psycopg.OperationalError:
        # One of the two has just gone; the next look says which.
        return None, None
    if behind is None or seconds is None or behind[0] is None or seconds[0] is None:
        return None, None
    return max(int(behind[0]), 0), float(seconds[0])
