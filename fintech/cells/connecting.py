"""How connections are made: by the password of the moment, pooled or not, Django's or plain.

Imports no Django at load: settings are made with it.
"""

from __future__ import annotations

import math
import select
import time
from typing import Any, Final, Self

import psycopg
from psycopg_pool import ConnectionPool

from fintech.secrets import fresh_on_failure

ASK_AFTER_SECONDS: Final = 1.0
"""A pooled connection that was found alive so long ago is asked again before it is lent."""


class ConnectionBySecret(psycopg.Connection[Any]):
    """A connection whose password is looked up when it is made, and anew when the server refuses it.

    So a rotated password needs no restart, of pools either. The server says why it refuses in words only, which are in
    its own language: after any refusal the store is asked whether the secret has changed.
    """

    alive_at: float = -math.inf
    """When it was last known to be alive (monotonic clock, seconds)."""

    @classmethod
    def connect(cls, conninfo: str = "", *, secret_name: str, **kwargs: Any) -> Self:  # type: ignore[override]
        """Connect with the password of this name. Raises psycopg.OperationalError, SecretsUnavailable."""
        connect = super().connect
        return fresh_on_failure(
            secret_name,
            lambda password: connect(conninfo, password=password, **kwargs),
            refused=lambda error: isinstance(error, psycopg.OperationalError),
        )


def refuse_dead(connection: ConnectionBySecret) -> None:
    """What a pool asks of a connection before it lends it. Raises psycopg.OperationalError for a dead one.

    The server is asked only after a pause. Within it, a connection that the server has closed or told something about
    has something to be read; one that has nothing is as alive as it was. A network that swallows everything shows
    itself no sooner to a question than to the statement that follows.
    """
    now = time.monotonic()
    if now - connection.alive_at > ASK_AFTER_SECONDS or _has_something_to_read(connection):
        ConnectionPool.check_connection(connection)
    connection.alive_at = now


def _has_something_to_read(connection: ConnectionBySecret) -> bool:
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def connect_plainly(alias: str, *, autocommit: bool = True) -> psycopg.Connection[Any]:
    """A connection of its own, outside Django's, by the alias's role of the moment. Raises psycopg.OperationalError."""
    from django.db import connections

    parameters = connections[alias].get_connection_params()
    for ours in ("context", "cursor_factory"):
        parameters.pop(ours, None)
    return ConnectionBySecret.connect(**parameters, autocommit=autocommit)
