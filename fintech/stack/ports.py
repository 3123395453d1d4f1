"""Is a port of this machine free for us?"""

from __future__ import annotations

import socket

from fintech.stack.errors import PortTaken

LOOPBACK = "127.0.0.1"


def require_free(port: int, *, what: str) -> None:
    """Raise PortTaken when somebody listens at the port of the loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of an earlier server that are still winding down don't count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise PortTaken(port=port, what=what) from error


def accepts_connections(port: int) -> bool:
    """Whether somebody listens at the port of the loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0
