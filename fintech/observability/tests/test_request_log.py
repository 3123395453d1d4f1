"""Each request leaves a line and a measure by its endpoint; what the caller typed stays out of both."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client
from prometheus_client import REGISTRY


def measured(endpoint: str, status: str, method: str = "GET") -> float:
    labels = {"cell": "eu", "method": method, "endpoint": endpoint, "status": status}
    return REGISTRY.get_sample_value("fintech_http_request_seconds_count", labels) or 0.0


@pytest.fixture
def client(both_cells: None, settings: Any) -> Client:
    settings.ROOT_URLCONF = "fintech.http.tests.endpoints"
    return Client(raise_request_exception=False, HTTP_HOST="eu.localhost")


def test_a_request_is_measured_by_its_pattern_and_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    endpoint = "api/v1/raise/<slug:name>"
    before = measured(endpoint, "409")
    with caplog.at_level(logging.INFO, "fintech.requests"):
        client.get("/api/v1/raise/refusal?email=maria@example.com")
    assert measured(endpoint, "409") == before + 1
    (line,) = [record for record in caplog.records if record.name == "fintech.requests"]
    assert (line.method, line.endpoint, line.status) == ("GET", endpoint, 409)  # type: ignore[attr-defined]
    assert "maria" not in str(line.__dict__)


def test_addresses_that_do_not_exist_and_invented_methods_make_no_series_of_their_own(client: Client) -> None:
    before = measured("unmatched", "404"), measured("unmatched", "404", "other")
    client.get("/api/v1/maria-rossi")
    client.generic("MARIA", "/api/v1/rossi")
    assert (measured("unmatched", "404"), measured("unmatched", "404", "other")) == (
        before[0] + 1,
        before[1] + 1,
    )


def test_an_exception_is_an_error_in_the_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "fintech.requests"):
        client.get("/api/v1/raise/unforeseen")
    (line,) = [record for record in caplog.records if record.name == "fintech.requests"]
    assert line.levelno == logging.ERROR
