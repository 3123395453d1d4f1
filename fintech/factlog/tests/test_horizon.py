"""An id is called final only when nothing can appear below it any more, and finding that out holds nobody back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connections, transaction
from psycopg.pq import TransactionStatus

from fintech.cells import CellContext
from fintech.cells.identifiers import uuid7
from fintech.factlog import horizon as horizons
from fintech.factlog import wake_up
from fintech.factlog.horizon import Horizon, connect_for_relay
from fintech.factlog.wake_up import wake_relay
from tests.clusters import TestClusters

RECORD = "SELECT fact_id FROM factlog_record_v1('crm.test.final', 1::smallint, 'final', %s, '{}'::jsonb)"


@pytest.fixture
def writer(eu: CellContext) -> Iterator[psycopg.Connection[Any]]:
    """A connection of its own to crm, as the application's role."""
    connection = connect_for_relay("eu_crm")
    yield connection
    connection.close()


class Interrupted(Horizon):
    """A horizon of crm's log; somebody else begins to write the moment before it reads the last id."""

    def __init__(self, writer: psycopg.Connection[Any]) -> None:
        super().__init__("eu", ["crm.fact"])
        self.writer = writer
        self.drawn = 0

    def _last_drawn(self) -> dict[str, int]:
        self.writer.execute("BEGIN")
        row = self.writer.execute(RECORD, [str(uuid7())]).fetchone()
        assert row is not None
        self.drawn = row[0]
        return super()._last_drawn()


def test_an_id_drawn_while_the_horizon_looks_is_waited_for(writer: psycopg.Connection[Any]) -> None:
    horizon = Interrupted(writer)
    try:
        assert horizon.advance()["crm.fact"] < horizon.drawn
        assert horizon.pending
        writer.execute("COMMIT")
        assert horizon.advance()["crm.fact"] == horizon.drawn
    finally:
        horizon.close()


def test_who_looks_uses_up_no_transaction_id_and_keeps_none_open(
    writer: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    horizon = Horizon("eu", ["crm.fact"])
    try:
        writer.execute(RECORD, [str(uuid7())])
        while not horizon.final["crm.fact"] or horizon.pending:
            horizon.advance()
        for connection in horizon._connections.values():
            assert connection.info.transaction_status is TransactionStatus.IDLE
        ask = horizon._any

        def count(query: str) -> int:
            asked.append(query)
            return ask(query)

        monkeypatch.setattr(horizon, "_any", count)
        horizon.advance()
        assert asked == [], "nothing was drawn since"
    finally:
        horizon.close()


def test_a_horizon_that_cant_see_every_log_keeps_no_connection(
    eu: CellContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[psycopg.Connection[Any]] = []

    def connect(alias: str) -> psycopg.Connection[Any]:
        if opened:
            raise psycopg.OperationalError("the second server is down")
        opened.append(connect_for_relay(alias))
        return opened[0]

    monkeypatch.setattr(horizons, "connect_for_relay", connect)
    with pytest.raises(psycopg.OperationalError):
        Horizon("eu", ["crm.fact", "payments.fact"])
    assert opened[0].closed


# Waking the relay


@pytest.fixture
def listener(writer: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> psycopg.Connection[Any]:
    """A connection that hears what the relay hears; this process hasn't woken it lately."""
    monkeypatch.setattr(wake_up, "_last", {})
    return writer


def heard(listener: psycopg.Connection[Any]) -> int:
    """How many notices there are: those of a moment ago have been delivered once a later one is."""
    with connections["eu_crm"].cursor() as cursor:
        cursor.execute(f"NOTIFY {wake_up.CHANNEL}, 'last'")
    for number, notice in enumerate(listener.notifies(timeout=10)):
        if notice.payload == "last":
            return number
    raise TimeoutError


def test_the_relay_is_woken_at_most_every_few_milliseconds(
    listener: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wake_up, "AT_MOST_EVERY_SECONDS", 60.0)
    for _ in range(3):
        wake_relay("eu_crm")
    assert heard(listener) == 1


def test_the_relay_is_not_woken_by_a_transaction_that_is_still_open(listener: psycopg.Connection[Any]) -> None:
    """A NOTIFY inside it would make all commits wait for each other."""
    with transaction.atomic(using="eu_crm"):
        wake_relay("eu_crm")
    assert heard(listener) == 0


def test_a_relay_that_cant_be_woken_fails_nothing_that_was_committed(
    clusters: TestClusters, eu: CellContext, caplog: pytest.LogCaptureFixture
) -> None:
    connection = connections["eu_crm"]
    connection.ensure_connection()
    with clusters.superuser("eu") as superuser:
        superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])
    wake_relay("eu_crm")
    assert "the relay wasn't woken" in caplog.text
    connection.close()
