"""Asks a new version, before clients reach it, whether it is ready; ECS goes back unless it says so.

ECS calls it when its test listener leads to the new version. What it asks stands in the hook's details.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from typing import Any, Final

SECONDS: Final = 10
TRIES: Final = 3


def handler(event: Mapping[str, Any], _context: object) -> dict[str, str]:
    """What ECS does next: goes on, or back."""
    details = event["hookDetails"]
    answers = [
        status_of(details["balancer"], int(details["port"]), details["host"], details["path"], details["service"])
        for _ in range(TRIES)
    ]
    print({"service": details["service"], "answers": answers})
    return {"hookStatus": "SUCCEEDED" if set(answers) == {200} else "FAILED"}


def status_of(balancer: str, port: int, host: str, path: str, service: str) -> int:
    """The status of one answer; 0 when there is none, or the certificate isn't the host's."""
    try:
        connection = _Asking(balancer, port, host)
        connection.request("GET", path, headers={"Host": host, "X-Service": service})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0


class _Asking(http.client.HTTPSConnection):
    """To the load balancer by its own name, by the certificate of the host that is asked for."""

    def __init__(self, balancer: str, port: int, host: str) -> None:
        super().__init__(balancer, port, timeout=SECONDS, context=ssl.create_default_context())
        self._asked_for = host

    def connect(self) -> None:
        """Connect, and check whose certificate it is."""
        plain = socket.create_connection((self.host, self.port), SECONDS)
        self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self._asked_for)
