"""A worker that loads an HTTP service: each client is a thread with a connection of its own, kept open.

Standard library only, and little of it: the load generator shares the machine with what it measures.
"""

from __future__ import annotations

import http.client
import json
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from bench.work import Operation, serve_threads

_numbers = count()
CREATED = 201


@contextmanager
def _posts(port: int, path: str, clients: list[dict[str, str]]) -> Iterator[Operation]:
    client = clients[next(_numbers) % len(clients)]
    body = json.dumps(
        {
            "wallet_id": client["wallet_id"],
            "amount": {"amount": "120.50", "currency": "EUR"},
            "method": "card",
        }
    ).encode()
    headers = {"Host": "eu.localhost", "Content-Type": "application/json", "X-Session-Token": client["token"]}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def post() -> int:
        connection.request("POST", path, body, {**headers, "Idempotency-Key": str(uuid.uuid4())})
        response = connection.getresponse()
        answer = response.read()
        if response.status != CREATED:
            raise RuntimeError(f"{response.status}: {answer[:500]!r}")
        return 1

    try:
        yield post
    finally:
        connection.close()


if __name__ == "__main__":
    threads, port, path, clients = sys.argv[1:]
    serve_threads(int(threads), lambda: _posts(int(port), path, json.loads(clients)))
