"""Too many requests are turned away; a cache that is gone turns nobody away, and is noticed."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from prometheus_client import REGISTRY

from fintech.cells.identifiers import uuid7
from fintech.http import throttles
from fintech.http.tests.conftest import Api
from fintech.http.throttles import ActorThrottle, Limit, limit_of


@pytest.fixture
def address(settings: Any) -> str:
    """A network address that nobody else counts under, with three requests in ten minutes."""
    settings.FINTECH_THROTTLES = {"test": "3/600"}
    ActorThrottle._paused_until = 0.0
    return f"2001:db8::{uuid7().hex[-4:]}:{uuid7().hex[-4:]}"


def asked(api: Api, address: str) -> Any:
    return api.client.get("/api/v1/throttled", REMOTE_ADDR=address)


def counted(name: str) -> float:
    return REGISTRY.get_sample_value(name, {"cell": "eu", "scope": "test"}) or 0.0


def test_requests_above_the_limit_are_turned_away_and_told_when_to_come_again(api: Api, address: str) -> None:
    before = counted("fintech_throttled_total")
    assert [asked(api, address).status_code for _ in range(3)] == [200, 200, 200]
    response = asked(api, address)
    assert response.status_code == 429
    assert response.json()["type"] == "/problems/throttled"
    assert 1 <= int(response["Retry-After"]) <= 600
    assert counted("fintech_throttled_total") == before + 1


def test_one_caller_does_not_use_up_the_limit_of_another_or_of_another_cell(
    api: Api, api_au: Api, address: str
) -> None:
    for _ in range(4):
        asked(api, address)
    assert asked(api, address).status_code == 429
    assert asked(api, f"{address}1").status_code == 200
    assert asked(api_au, address).status_code == 200


def test_the_limit_slides_on_with_time(api: Api, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start = 600_000_000.0
    monkeypatch.setattr(throttles.time, "time", lambda: start)
    assert [asked(api, address).status_code for _ in range(4)] == [200, 200, 200, 429]
    monkeypatch.setattr(throttles.time, "time", lambda: start + 601)
    assert asked(api, address).status_code == 429
    monkeypatch.setattr(throttles.time, "time", lambda: start + 1800)
    assert asked(api, address).status_code == 200


def test_without_the_cache_everybody_is_let_through_and_it_is_counted(api: Api, address: str, settings: Any) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        gone = f"redis://127.0.0.1:{unused.getsockname()[1]}/0"
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": gone}}
    before = counted("fintech_throttle_failed_open_total")
    assert [asked(api, address).status_code for _ in range(6)] == [200] * 6
    assert counted("fintech_throttle_failed_open_total") == before + 6


@pytest.mark.parametrize("text", ["", "5", "5/", "/5", "0/5", "5/0", "5/min", "-1/5"])
def test_a_limit_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="requests/seconds"):
        Limit.parse(text)


def test_a_scope_without_a_limit_is_an_error_not_a_free_pass() -> None:
    with pytest.raises(LookupError, match="FINTECH_THROTTLES"):
        limit_of("nobody-set-this")
