"""When is a service ready? Questions that a supervisor asks until they are answered with yes."""

from __future__ import annotations

import http.client
from collections.abc import Callable

from fintech.stack import ports

Question = Callable[[], bool]
ANSWER_SECONDS = 2.0


def listens_at(port: int) -> Question:
    """Somebody accepts connections at the port of the loopback address."""
    return lambda: ports.accepts_connections(port)


def answers_at(port: int, path: str, *, host: str = "localhost") -> Question:
    """An HTTP GET for this host name, sent to 127.0.0.1 (names like eu.localhost needn't resolve), succeeds."""

    def ask() -> bool:
        connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", path, headers={"Host": host})
            return connection.getresponse().status < 400
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ask
