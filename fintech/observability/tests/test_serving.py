"""A process without HTTP of its own shows at a port whether it lives, whether it may be given work, and its metrics."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from urllib.error import HTTPError

import pytest

from fintech.observability.health import Probes
from fintech.observability.metrics import gauge
from fintech.observability.serving import serve_doors


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> Probes:
    """The probes of this process during the test: none yet."""
    fresh = Probes()
    monkeypatch.setattr("fintech.observability.serving.probes", fresh)
    return fresh


@pytest.fixture
def port() -> Iterator[int]:
    """Where the doors are."""
    server = serve_doors(0)
    yield server.server_port
    server.shutdown()
    server.server_close()


def asked(port: int, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
            return response.status, response.read()
    except HTTPError as refused:
        return refused.code, refused.read()


def test_it_is_alive_whatever_it_lacks(probes: Probes, port: int) -> None:
    probes.register("database", broken, essential=True)
    assert asked(port, "/health/live") == (200, b'{"status": "live"}')


def test_it_is_unready_without_what_is_essential_and_says_no_more_than_that(probes: Probes, port: int) -> None:
    probes.register("database", broken, essential=True)
    status, body = asked(port, "/health/ready")
    assert (status, json.loads(body)) == (503, {"status": "unready", "probes": {"database": "failed"}})


def test_it_shows_its_metrics(port: int) -> None:
    gauge("fintech_test_served", "Served.").set(3)
    status, body = asked(port, "/metrics")
    assert status == 200
    assert "fintech_test_served 3.0" in body.decode()


def test_there_is_no_other_door(port: int) -> None:
    assert asked(port, "/metrics/..")[0] == 404


def test_a_port_that_is_taken_is_an_error(port: int) -> None:
    with pytest.raises(OSError, match="in use"):
        serve_doors(port)


def broken() -> None:
    raise ConnectionError("database at 10.1.2.3 is gone")
