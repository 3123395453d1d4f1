"""The doors of a process without HTTP of its own: is it alive, may it be given work, and its metrics."""

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

from fintech.observability.health import probes
from fintech.observability.metrics import CONTENT_TYPE, exposition

_JSON: Final = "application/json"


class _Doors(BaseHTTPRequestHandler):
    """The same answers as fintech/observability/doors.py gives in services with HTTP."""

    # Whoever scrapes keeps the connection; one that says nothing is let go.
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        """Answer one of three addresses."""
        match self.path:
            case "/health/live":
                self._answer(200, _JSON, b'{"status": "live"}')
            case "/health/ready":
                found = probes.readiness()
                self._answer(200 if found.ready else 503, _JSON, json.dumps(found.told()).encode())
            case "/metrics":
                self._answer(200, CONTENT_TYPE, exposition())
            case _:
                self._answer(404, "text/plain", b"")

    def log_message(self, *_: object) -> None:
        """Leave probes and scrapes out of the log."""

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve_doors(port: int, *, address: str = "127.0.0.1") -> ThreadingHTTPServer:
    """Answer on a port of this process, from a daemon thread, until it ends or `shutdown` is called.

    Raises OSError when the port is taken. Port 0 takes a free one: `server.server_port`.
    """
    server = ThreadingHTTPServer((address, port), _Doors)
    Thread(target=server.serve_forever, name="doors", daemon=True).start()
    return server


def serve_doors_if_asked() -> None:
    """Serve them where FINTECH_DOORS_PORT says, at FINTECH_DOORS_ADDRESS (by default only to this machine)."""
    if port := os.environ.get("FINTECH_DOORS_PORT"):
        serve_doors(int(port), address=os.environ.get("FINTECH_DOORS_ADDRESS", "127.0.0.1"))
