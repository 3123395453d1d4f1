"""Metrics have names of one form, and one broken source hides no other."""

from __future__ import annotations

import urllib.request

import pytest
from prometheus_client import REGISTRY

from fintech.observability.metrics import counter, exposition, gauge, gauge_from, histogram, serve_metrics


def test_names_start_with_the_product_and_counters_say_that_they_count() -> None:
    for make in (histogram, gauge):
        with pytest.raises(ValueError, match="starts with fintech_"):
            make("requests_seconds", "Time.")
    with pytest.raises(ValueError, match="_total"):
        counter("fintech_requests", "Requests.")


def test_a_gauge_asks_its_source_when_somebody_looks() -> None:
    asked: list[int] = []

    def depth() -> dict[tuple[str, ...], float]:
        asked.append(1)
        return {("eu",): float(len(asked)), ("au",): 0.0}

    gauge_from("fintech_test_queue_depth", "Depth.", depth, ("cell",))
    assert asked == []
    assert 'fintech_test_queue_depth{cell="eu"} 1.0' in exposition().decode()
    assert 'fintech_test_queue_depth{cell="eu"} 2.0' in exposition().decode()


def test_a_source_that_fails_is_left_out_and_counted() -> None:
    def broken() -> float:
        raise ConnectionError("no database")

    gauge_from("fintech_test_broken", "Broken.", broken)
    gauge_from("fintech_test_whole", "Whole.", lambda: 5.0)
    text = exposition().decode()
    assert "fintech_test_whole 5.0" in text
    assert "\nfintech_test_broken " not in text
    failures = REGISTRY.get_sample_value("fintech_metric_source_failures_total", {"metric": "fintech_test_broken"})
    assert failures == 1.0


def test_one_name_is_given_once() -> None:
    gauge_from("fintech_test_twice", "Twice.", lambda: 1.0)
    with pytest.raises(ValueError, match="Duplicated"):
        gauge_from("fintech_test_twice", "Twice.", lambda: 1.0)


def test_a_process_without_http_serves_its_metrics_on_a_port() -> None:
    gauge("fintech_test_served", "Served.").set(3)
    server, thread = serve_metrics(0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/metrics", timeout=5) as response:
            assert "fintech_test_served 3.0" in response.read().decode()
        with pytest.raises(OSError, match="in use"):
            serve_metrics(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
