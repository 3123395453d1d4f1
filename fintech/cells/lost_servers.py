"""What a connection pool does while its server is away: quick to say so, and quick to find it again.

Imports no Django: settings are made with it.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg


def tell_those_who_wait(pool: Any) -> None:
    """For a pool whose server has just refused a connection: whoever waits for one is told, instead of timing out.

    Connections that lie in the pool are as dead as the server; those that are lent out may still come back, and as
    long as there are such it's right to wait for one.
    """
    pool.drain()
    if pool.get_stats()["pool_size"]:
        return
    # The pool tells its waiting clients of an error only when it is closed; a test notices if this changes.
    with pool._lock:
        waiting = list(pool._waiting)
        pool._waiting.clear()
    for client in waiting:
        client.fail(psycopg.OperationalError("the database takes no connections"))


# Without these a caller waits for the pool's time-out, and a pool that has waited long for its server goes on
# waiting, twice as long each time, after the server is back.
WHEN_THE_SERVER_IS_AWAY: Final = {"reconnect_timeout": 0.0, "reconnect_failed": tell_those_who_wait}
