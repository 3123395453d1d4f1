"""What a clock starts: every entry names a task that there is, and beat publishes it to the cell's own queue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from celery.beat import SchedulingError
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from crm.tasks import clear_expired_sessions
from fintech.cells import CellContext, bound_cell
from fintech.cells.identifiers import uuid7
from fintech.cells.management.commands.beat import _InMemory


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What beat gives to the broker, instead of a broker."""
    messages: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(
        "celery.app.base.Celery.send_task", lambda self, name, *_, **options: messages.append((name, options))
    )
    return messages


def test_every_entry_names_a_task_that_there_is() -> None:
    current_app.loader.import_default_modules()
    assert settings.CELERY_BEAT_SCHEDULE
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        assert entry["task"] in current_app.tasks, name


def test_beat_publishes_each_entry_to_its_cells_queue(
    eu: CellContext, published: list[tuple[str, dict[str, Any]]]
) -> None:
    scheduler = _InMemory(current_app)
    for entry in list(scheduler.schedule.values()):
        scheduler.apply_async(entry)
    tasks = {name: (options["queue"], options["headers"]["cell"]) for name, options in published}
    assert tasks["audit.make_partitions"] == ("eu.default", "eu")
    assert tasks["crm.clear_expired_sessions"] == ("eu.default", "eu")


def test_beat_publishes_nothing_without_a_cell(published: list[tuple[str, dict[str, Any]]]) -> None:
    assert bound_cell() is None
    scheduler = _InMemory(current_app)
    with pytest.raises(SchedulingError, match="no cell is bound"):
        scheduler.apply_async(next(iter(scheduler.schedule.values())))
    assert not published


def test_only_sessions_that_have_expired_are_cleared(eu: CellContext) -> None:
    keys = {"over": uuid7().hex, "going on": uuid7().hex}
    for key, hours in (("over", -1), ("going on", 1)):
        Session.objects.create(
            session_key=keys[key], session_data="", expire_date=timezone.now() + timedelta(hours=hours)
        )
    clear_expired_sessions.push_request(headers={"cell": "eu", "actor": ["system", "beat"], "request_id": "r"})
    try:
        clear_expired_sessions()
    finally:
        clear_expired_sessions.pop_request()
    assert set(Session.objects.filter(session_key__in=keys.values()).values_list("session_key", flat=True)) == {
        keys["going on"]
    }
