"""How connections are made: by the password of the moment, pooled or not, Django's or plain.

Imports no Django at load: settings are made with it.
"""

from __future__ import annotations

from typing import Any, Self

import psycopg

from fintech.secrets import fresh_on_failure


class ConnectionBySecret(psycopg.Connection[Any]):
    """A connection whose password is looked up when it is made, and anew when the server refuses it.

    So a rotated password needs no restart, of pools either. The server says why it refuses in words only, which are in
    its own language: after any refusal the store is asked whether the secret has changed.
    """

    @classmethod
    def connect(cls, conninfo: str = "", *, secret_name: str, **kwargs: Any) -> Self:  # type: ignore[override]
        """Connect with the password of this name. Raises psycopg.OperationalError, SecretsUnavailable."""
        connect = super().connect
        return fresh_on_failure(
            secret_name,
            lambda password: connect(conninfo, password=password, **kwargs),
            refused=lambda error: isinstance(error, psycopg.OperationalError),
        )


def connect_plainly(alias: str, *, autocommit: bool = True) -> psycopg.Connection[Any]:
    """A connection of its own, outside Django's, by the alias's role of the moment. Raises psycopg.OperationalError."""
    from django.db import connections

    parameters = connections[alias].get_connection_params()
    for ours in ("context", "cursor_factory"):
        parameters.pop(ours, None)
    return ConnectionBySecret.connect(**parameters, autocommit=autocommit)
