"""Bodies that trickle, against the real server: they hold up nobody else, and nobody waits for them for ever."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from http.client import HTTPResponse
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings

from tests.bad_input.cast import Cast
from tests.bad_input.right_requests import own
from tests.bad_input.rows import RowWatch
from tests.bad_input.servers import Server

pytestmark = pytest.mark.exhaustive

# More than the service has workers.
CALLERS = 12
DOORS: dict[str, Callable[[Cast], dict[str, str]]] = {
    "/api/v1/deposits": lambda cast: {**own(cast.client), "Idempotency-Key": str(uuid4())},
    "/_allauth/app/v1/auth/login": lambda cast: {},
    "/webhooks/sandbox/": lambda cast: {},
}


def begin(server: Server, cast: Cast, path: str, *, announced: int, sent: bytes) -> socket.socket:
    """A request whose body is announced, and of which only the beginning is sent."""
    headers = {"Host": f"{cast.cell_name}.localhost", "Content-Type": "application/json", **DOORS[path](cast)}
    head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    connection = server.connect()
    connection.sendall(f"{head}Content-Length: {announced}\r\n\r\n".encode() + sent)
    return connection


def answer(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    response = HTTPResponse(connection)
    response.begin()
    assert response.headers["Content-Type"] == "application/problem+json"
    return response.status, json.loads(response.read())


@pytest.mark.parametrize("path", DOORS)
def test_one_that_trickles_is_told_so_and_nothing_is_written(
    path: str, cast: Cast, watch: RowWatch, api_server: Server
) -> None:
    with watch.nothing_written(), begin(api_server, cast, path, announced=5000, sent=b'{"a": "') as connection:
        connection.settimeout(0.2)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            connection.sendall(b"x")
            try:
                if connection.recv(1, socket.MSG_PEEK):
                    break
            except TimeoutError:
                continue
        connection.settimeout(60)
        status, told = answer(connection)
    assert (status, told["type"]) == (408, "/problems/request-timeout")


@pytest.mark.parametrize("path", DOORS)
def test_many_that_trickle_hold_up_nobody(path: str, cast: Cast, api_server: Server) -> None:
    held = [begin(api_server, cast, path, announced=5000, sent=b"{") for _ in range(CALLERS)]
    try:
        with api_server.client(cast.cell_name) as http:
            begun = time.monotonic()
            body = {"wallet_id": cast.has.wallet_id, "amount": cast.money(), "method": "card"}
            headers = {**own(cast.client), "Idempotency-Key": str(uuid4())}
            assert http.post("/api/v1/deposits", json=body, headers=headers).status_code == 201
            assert time.monotonic() - begun < settings.FINTECH_BODY_SECONDS
        told = [answer(connection) for connection in held]
    finally:
        for connection in held:
            connection.close()
    kinds = {(status, problem["type"]) for status, problem in told}
    assert kinds == {(408, "/problems/request-timeout"), (503, "/problems/temporarily-unavailable")}
    assert [status for status, _ in told].count(408) == 2


def test_one_that_ends_too_early_is_malformed_and_writes_nothing(
    cast: Cast, watch: RowWatch, api_server: Server
) -> None:
    with watch.nothing_written():
        for path in DOORS:
            with begin(api_server, cast, path, announced=5000, sent=b'{"a": 1}') as connection:
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(60)
                # Either the server says what is wrong, or it hangs up on who has hung up.
                if connection.recv(1, socket.MSG_PEEK):
                    status, told = answer(connection)
                    assert (status, told["type"]) == (400, "/problems/malformed-request")


def test_a_slow_body_that_comes_in_time_is_taken(cast: Cast, api_server: Server) -> None:
    body = json.dumps({"wallet_id": cast.has.wallet_id, "amount": cast.money(), "method": "card"}).encode()
    with begin(api_server, cast, "/api/v1/deposits", announced=len(body), sent=body[:10]) as connection:
        time.sleep(0.5)  # slower than prompt, quicker than too slow: this is what is tried
        connection.sendall(body[10:])
        response = HTTPResponse(connection)
        response.begin()
        assert response.status == 201


def test_an_upload_above_its_size_is_refused_while_it_is_sent(cast: Cast, watch: RowWatch, api_server: Server) -> None:
    case_id = cast.drafted_case()
    headers = {**own(cast.newcomer), "Idempotency-Key": str(uuid4())}
    with watch.nothing_written(), api_server.client(cast.cell_name) as http:
        response = http.post(
            f"/api/v1/identity-cases/{case_id}/documents",
            data={"kind": "passport"},
            files={"file": ("p.png", b"\x89PNG" + b"\0" * 11_000_000, "image/png")},
            headers=headers,
        )
    assert (response.status_code, response.json()["type"]) == (413, "/problems/payload-too-large")
