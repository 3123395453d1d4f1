"""How full a pool of connections is can be seen from outside (P25)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from prometheus_client import REGISTRY

from fintech.cells import CellContext

LABELS = {"cell": "eu", "concern": "crm", "role": "primary"}


@pytest.fixture
def pooled(eu: CellContext) -> Iterator[Any]:
    """A connection to the crm database that comes from a pool of two."""
    wrapper = connections["eu_crm"].copy()
    wrapper.settings_dict["CONN_MAX_AGE"] = 0
    wrapper.settings_dict["OPTIONS"]["pool"] = {"min_size": 0, "max_size": 2, "timeout": 5, "num_workers": 1}
    yield wrapper
    wrapper.close()
    wrapper.close_pool()


def value(name: str) -> float | None:
    return REGISTRY.get_sample_value(f"fintech_pool_{name}", LABELS)


def test_a_pool_tells_its_size_and_its_use(pooled: Any) -> None:
    assert value("connections_max") is None, "no pool is open yet"
    with pooled.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert (value("connections_max"), value("connections_in_use"), value("requests_waiting")) == (2, 1, 0)
    pooled.close()
    assert value("connections_in_use") == 0
