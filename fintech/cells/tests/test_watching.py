"""What is true of a whole cell is shown at its relay: queues, replica, certificates, results of checks (P27, P28)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
import redis
from celery import shared_task
from cryptography import x509
from django.conf import settings
from django.core.cache import cache
from kombu.exceptions import OperationalError
from prometheus_client import REGISTRY

from fintech.cells import CellContext, watching
from fintech.cells.tasks import CellCelery, cell_task, depths, waiting
from fintech.cells.watching import show_cell
from fintech.observability.check_results import keep_result
from fintech.stack.layout import LocalLayout


@pytest.fixture
def shown(eu: CellContext) -> Iterator[Callable[..., float | None]]:
    """The values of the cell, as a scraper sees them."""
    show_cell("eu")
    for check in ("audit_log", "in_transit"):
        cache.delete(f"check:{check}")
    yield lambda name, **labels: REGISTRY.get_sample_value(f"fintech_{name}", {"cell": "eu", **labels})
    watching._watches.clear()


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    """The broker, with nothing in the queue of documents."""
    broker = redis.Redis.from_url(settings.CELERY_BROKER_URL)
    broker.delete("eu.documents")
    yield broker
    broker.delete("eu.documents")


def test_the_depth_of_each_queue(shown: Callable[..., float | None], broker: redis.Redis) -> None:
    assert shown("queue_depth", queue="documents") == 0
    broker.lpush("eu.documents", "one", "two")
    assert shown("queue_depth", queue="documents") == 2


def test_no_depth_is_shown_while_the_broker_is_away(
    shown: Callable[..., float | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A number that is made up would look like an empty queue.
    away = CellCelery("away", broker="redis://127.0.0.1:1/0", set_as_current=False)
    away.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    monkeypatch.setattr("fintech.cells.tasks.current_app", away)
    with pytest.raises(OperationalError):
        depths("eu")
    assert shown("queue_depth", queue="documents") is None
    assert (waiting("documents"), shown("replica_answers")) == (0, 1), "nothing else is hidden by it"


def test_work_of_a_kind_that_no_worker_takes_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no queue for 'letters'"):
        cell_task(kind="letters")(shared_task)


def test_when_the_certificates_of_the_servers_end(shown: Callable[..., float | None]) -> None:
    for part in ("primary", "replica"):
        assert shown("certificate_ends_at_seconds", server=part) == certificate_of(part).timestamp()
    days = (shown("certificate_ends_at_seconds", server="valkey") - time.time()) / 86_400  # type: ignore[operator]
    assert 0 < days <= 365


def test_whether_the_replica_answers_and_how_far_behind_it_is(shown: Callable[..., float | None]) -> None:
    assert shown("replica_answers") == 1
    lag = shown("replica_lag_seconds")
    assert lag is not None
    assert lag >= 0


def test_a_replica_that_is_away_answers_nothing_and_has_no_lag(
    shown: Callable[..., float | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    watching.probe.lost("eu")
    monkeypatch.setattr(watching.probe, "_look", lambda cell_name: None)
    assert shown("replica_answers") == 0
    assert shown("replica_lag_seconds") is None
    watching.probe.forget()


def test_a_check_that_has_not_ended_ended_never(shown: Callable[..., float | None]) -> None:
    assert shown("check_ended_at_seconds", check="audit_log") == 0
    assert shown("check_findings", check="audit_log") is None


def test_what_a_check_found_and_when_it_ended(shown: Callable[..., float | None]) -> None:
    begun = time.time()
    keep_result("audit_log", wrong=2)
    assert shown("check_findings", check="audit_log") == 2
    ended = shown("check_ended_at_seconds", check="audit_log")
    assert ended is not None
    assert begun <= ended <= time.time()
    keep_result("audit_log", wrong=0)
    assert shown("check_findings", check="audit_log") == 0


def test_a_check_that_nobody_watches_is_refused(eu: CellContext) -> None:
    with pytest.raises(ValueError, match="nobody watches a check 'weather'"):
        keep_result("weather", wrong=0)


def certificate_of(part: str) -> datetime:
    """The end of the certificate that a server of the cell was given."""
    file = LocalLayout.from_environment().engines / f"postgresql-eu-{part}" / "server.crt"
    return x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
