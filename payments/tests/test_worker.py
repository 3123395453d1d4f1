"""Between the answer and the worker: what was stored is applied, whoever dies in the meantime."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.core.management import call_command
from prometheus_client import REGISTRY

from fintech.cells import CellContext
from payments.bells import ring_for_events, ring_for_payouts
from payments.models import PspEvent
from payments.selectors.psp_events import unapplied_events
from payments.tests.sandbox_process import wait_until
from payments.tests.scenes import (
    balance,
    begun,
    deliver,
    euros,
    event_of,
    state_of,
    told,
    verified_client,
    wallet_of,
    work,
)

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def queue() -> Iterator[redis.Redis]:
    """The broker, with the queue of messages empty."""
    broker = redis.Redis.from_url(settings.CELERY_BROKER_URL)
    broker.delete("eu.webhooks")
    yield broker
    broker.delete("eu.webhooks")


def oldest_waits() -> float:
    return REGISTRY.get_sample_value("fintech_webhook_oldest_seconds", {"cell": "eu"}) or 0.0


def start_worker() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "worker", "--cell", "eu", "--kind", "webhooks", "--threads", "1"],
        cwd=REPOSITORY,
        env={**os.environ, "FINTECH_SERVICE": "worker"},
        stderr=subprocess.DEVNULL,
    )


def test_the_next_worker_applies_what_was_stored_when_one_died(eu: CellContext, queue: redis.Redis) -> None:
    wallet = wallet_of(verified_client())
    first, second = begun(wallet, euros("10.00")), begun(wallet, euros("20.00"))
    deliver(told(first, "deposit.settled"))
    # The bell that was rung for it is lost with a worker that was killed; the relay rings again.
    queue.delete("eu.webhooks")
    assert ring_for_events() >= 1
    worker = start_worker()
    try:
        wait_until(lambda: state_of(first) == "settled", "the worker applies", seconds=90)
        deliver(told(second, "deposit.settled"))
        wait_until(lambda: state_of(second) == "settled", "the worker applies at once")
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert balance(wallet).posted == 3_000


def test_a_message_is_stored_and_answered_although_no_broker_is_there(
    eu: CellContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    from celery import current_app

    deposit = begun(wallet_of(verified_client()), euros("10.00"))
    with monkeypatch.context() as patch:
        patch.setattr(current_app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
        event = event_of(deliver(told(deposit, "deposit.settled")))
    assert event.pk in unapplied_events()
    work()
    assert state_of(deposit) == "settled"


def test_a_bell_rings_for_what_is_stored_and_not_for_what_is_applied(eu: CellContext, queue: redis.Redis) -> None:
    work()
    event = event_of(deliver(told(begun(wallet_of(verified_client()), euros("10.00")), "deposit.settled")))
    queue.delete("eu.webhooks")
    assert ring_for_events() == queue.llen("eu.webhooks") == 1
    waited = (datetime.now(UTC) - event.received_at).total_seconds()
    assert 0 < oldest_waits() <= waited
    work()
    assert ring_for_events() == 0
    assert oldest_waits() == 0
    assert ring_for_payouts() >= 0
    event.refresh_from_db()
    assert event.state == "applied"


def test_an_operator_replays_stored_messages(fresh_eu: CellContext, capsys: pytest.CaptureFixture[str]) -> None:
    wallet = wallet_of(verified_client())
    settled, waiting = begun(wallet, euros("10.00")), begun(wallet, euros("20.00"))
    deliver(told(settled, "deposit.settled"))
    work()
    deliver(told(waiting, "deposit.settled"))
    deliver(told(waiting, "deposit.settled", amount_minor=1))
    for _ in range(2):
        call_command("payments", "replay-events", "--cell", "eu")
    said = capsys.readouterr().out.splitlines()
    assert said == ["3 messages: 2 applied, 0 ignored, 0 waiting, 1 in review"] * 2
    assert (state_of(settled), state_of(waiting), balance(wallet).posted) == ("settled", "settled", 3_000)
    assert sorted(PspEvent.objects.values_list("state", flat=True)) == ["applied", "applied", "review"]
