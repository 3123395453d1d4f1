"""The feed through a real ASGI server: who gets in, and that an account's events are neither lost nor doubled."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from fintech.factlog.reading import subject_seq
from fintech.stack import ports, processes
from fintech.stack.layout import REPOSITORY, LocalLayout
from trading.prices.latest import quote_key
from trading.selectors.market import valkey
from trading.services.feed_tickets import issue_ticket
from trading.tests.dealing_room import DealingRoom, Trader

SECONDS = 15


@pytest.fixture(scope="module")
def gateway(shared_databases: None) -> Iterator[int]:
    """The service `ws` on the tests' databases, for the tests of this module; gives its port."""
    port = LocalLayout.from_environment().port("ws")
    command = [sys.executable, "-m", "uvicorn", "fintech.project.asgi:application", "--port", str(port)]
    server = subprocess.Popen(
        [*command, "--ws", "websockets-sansio", "--lifespan", "off", "--log-level", "warning"],
        cwd=REPOSITORY,
        env={**os.environ, "FINTECH_SERVICE": "ws"},
    )
    assert processes.wait_until(lambda: ports.accepts_connections(port), seconds=40)
    yield port
    server.terminate()
    server.wait(20)


def opened(port: int, ticket: str, host: str = "eu.localhost") -> ClientConnection:
    raw = socket.create_connection(("127.0.0.1", port))
    return connect(f"ws://{host}:{port}/feed/?ticket={ticket}", sock=raw, proxy=None)


def connections_open(port: int) -> float:
    """How many the gateway says there are."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    found = [line for line in text.splitlines() if line.startswith('fintech_feed_connections{cell="eu"}')]
    return float(found[0].split()[-1]) if found else 0.0


def heard(connection: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of a kind; others are passed over, for a while."""
    deadline = time.monotonic() + SECONDS
    while True:
        assert time.monotonic() < deadline, f"no {kind} came"
        message: dict[str, Any] = json.loads(connection.recv(timeout=SECONDS))
        if message["type"] == kind:
            return message


def subscribe(connection: ClientConnection, trader: Trader, **more: object) -> None:
    connection.send(json.dumps({"type": "subscribe_account", "trading_account_id": str(trader.account.id), **more}))


def test_a_ticket_opens_once_and_in_its_own_cell_only(room: DealingRoom, gateway: int) -> None:
    ticket = issue_ticket(room.trader().client_id)
    with opened(gateway, ticket, host="au.localhost") as foreign:
        assert heard(foreign, "error")["code"] == "ticket-invalid"
    with opened(gateway, ticket) as first:
        heard(first, "welcome")
        assert processes.wait_until(lambda: connections_open(gateway) == 1, seconds=SECONDS)
    assert processes.wait_until(lambda: connections_open(gateway) == 0, seconds=SECONDS)
    with opened(gateway, ticket) as again:
        assert heard(again, "error")["code"] == "ticket-invalid"
        with pytest.raises(ConnectionClosed) as closed:
            again.recv(timeout=SECONDS)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


def test_events_go_on_where_the_connection_was_cut(room: DealingRoom, gateway: int) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.10000", "1.10000")
    with opened(gateway, issue_ticket(trader.client_id)) as connection:
        subscribe(connection, trader)
        snapshot = heard(connection, "account_snapshot")
        assert snapshot["account"]["cash"] == {"amount": "5000.00", "currency": "USD"}
        trader.buy("0.10")
        room.settle()
        seen = [heard(connection, "account_event")["sequence"]]

    trader.sell("0.05")
    trader.sell("0.05")
    resume = {"history": snapshot["history"], "sequence": seen[-1]}
    with opened(gateway, issue_ticket(trader.client_id)) as connection:
        subscribe(connection, trader, resume=resume)
        heard(connection, "account_resumed")
        room.settle()
        last = subject_seq("trading", ("trading_account", str(trader.account.id)))
        while seen[-1] < last:
            seen.append(heard(connection, "account_event")["sequence"])
    assert seen == list(range(snapshot["sequence"] + 1, last + 1))


def test_a_resume_in_another_history_gets_a_snapshot(room: DealingRoom, gateway: int) -> None:
    trader = room.trader()
    with opened(gateway, issue_ticket(trader.client_id)) as connection:
        subscribe(connection, trader, resume={"history": f"{uuid4()}:00000001", "sequence": 1})
        assert heard(connection, "account_snapshot")["sequence"] > 0


def test_nobody_sees_the_account_of_another(room: DealingRoom, gateway: int) -> None:
    trader, stranger = room.trader(), room.trader()
    with opened(gateway, issue_ticket(stranger.client_id)) as connection:
        subscribe(connection, trader)
        assert heard(connection, "error")["code"] == "unknown-trading-account"


def test_prices_come_as_they_are_published_and_the_latest_known_at_once(room: DealingRoom, gateway: int) -> None:
    valkey().delete(quote_key("eu", "GBPUSD"))  # what other tests have quoted would be the latest known
    with opened(gateway, issue_ticket(room.trader().client_id)) as connection:
        connection.send(json.dumps({"type": "subscribe_prices", "instruments": ["GBPUSD"]}))
        connection.send(json.dumps({"type": "ping"}))
        heard(connection, "heartbeat")
        room.quote("GBPUSD", "1.26510", "1.26530")
        assert heard(connection, "price")["bid"] == "1.26510"
    with opened(gateway, issue_ticket(room.trader().client_id)) as late:
        late.send(json.dumps({"type": "subscribe_prices", "instruments": ["GBPUSD"]}))
        assert heard(late, "price")["ask"] == "1.26530"
