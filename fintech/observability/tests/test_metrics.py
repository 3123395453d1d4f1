"""Metrics have names of one form, and one broken source hides no other."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

from fintech.observability.metrics import counter, exposition, gauge, gauge_from, histogram


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
