"""A process is ready when the databases that it needs are there, and looks at no others."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.connection import ConnectionDoesNotExist

from fintech.cells.probes import every_primary_answers, every_replica_is_near
from fintech.cells.replicas import probe


def test_every_database_that_is_needed_is_asked(both_cells: None, settings: Any) -> None:
    settings.FINTECH_NEEDED_DATABASES = ("crm", "trading")
    every_primary_answers()
    settings.FINTECH_NEEDED_DATABASES = ("crm", "weather")
    with pytest.raises(ConnectionDoesNotExist):
        every_primary_answers()


def test_who_needs_no_database_asks_none(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.FINTECH_NEEDED_DATABASES = ()
    monkeypatch.setattr(probe, "state", lambda cell_name: pytest.fail("the replica was looked at"))
    every_primary_answers()
    every_replica_is_near()
