"""How full this process's connection pools are, as metrics: a pool that is over 80 % used is alerted on (P25)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper

from fintech.observability.metrics import gauge_from

LABELS = ("cell", "concern", "role")


def pool_metrics() -> None:
    """Register the gauges; once, when the app is ready. A process without pools shows no values."""
    for name, documentation, value in (
        ("fintech_pool_connections_max", "Connections that a pool may have.", lambda pool: pool.max_size),
        ("fintech_pool_connections_in_use", "Connections that are lent out at this moment.", _in_use),
        ("fintech_pool_requests_waiting", "Callers that wait for a connection.", _waiting),
    ):
        gauge_from(name, documentation, _of_each_pool(value), LABELS)


def _of_each_pool(value: Callable[[Any], float]) -> Callable[[], dict[tuple[str, ...], float]]:
    return lambda: {labels: value(pool) for labels, pool in _pools()}


def _pools() -> Iterator[tuple[tuple[str, ...], Any]]:
    # Django keeps the pools by alias, and has no public way to them; a test notices if that changes.
    for alias, pool in list(DatabaseWrapper._connection_pools.items()):  # type: ignore[attr-defined]
        database = connections.settings[alias]
        yield (database["CELL"], database["CONCERN"], "replica" if "REPLICA_OF" in database else "primary"), pool


def _in_use(pool: Any) -> float:
    stats = pool.get_stats()
    return float(stats.get("pool_size", 0) - stats.get("pool_available", 0))


def _waiting(pool: Any) -> float:
    return float(pool.get_stats().get("requests_waiting", 0))
