"""Metrics for Prometheus: names that start with `fintech_`, in the process's one registry.

    webhooks = counter("fintech_webhooks_total", "Webhook messages received.", ("cell", "psp", "outcome"))
    webhooks.labels(cell="eu", psp="sandbox", outcome="stored").inc()

    gauge_from("fintech_relay_lag_rows", "Facts not yet followed.", lag, ("cell", "follower"))

Each process answers for itself: services with HTTP at `/metrics` (`ProbeMiddleware`), the others on
a port of their own (`serve_doors`). Where one service forks (prefork workers), set
PROMETHEUS_MULTIPROC_DIR before it starts: its counters and histograms are then summed over the
children. No label ever holds an id of a person, an amount or free text.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

PREFIX: Final = "fintech_"
CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

# Seconds; from a look-up in a cache to what a person no longer waits for.
LATENCY_BUCKETS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Values = float | Mapping[tuple[str, ...], float]

logger = logging.getLogger(__name__)


def counter(name: str, documentation: str, labels: Sequence[str] = ()) -> Counter:
    """A number that only grows; its name ends in `_total`."""
    if not name.endswith("_total"):
        raise ValueError(f"a counter's name ends in _total: {name}")
    return Counter(_checked(name), documentation, labels)


def histogram(
    name: str, documentation: str, labels: Sequence[str] = (), *, buckets: Sequence[float] = LATENCY_BUCKETS
) -> Histogram:
    """How values spread; durations are in seconds and end in `_seconds`."""
    return Histogram(_checked(name), documentation, labels, buckets=tuple(buckets))


def gauge(
    name: str,
    documentation: str,
    labels: Sequence[str] = (),
    *,
    across_processes: Literal["livesum", "livemax", "livemin", "livemostrecent"] = "livesum",
) -> Gauge:
    """A number that goes up and down, set by code; `across_processes` says how a forking service adds up."""
    return Gauge(_checked(name), documentation, labels, multiprocess_mode=across_processes)


class _CallbackGauge(Collector):
    """A gauge whose values are asked for when somebody looks."""

    def __init__(self, name: str, documentation: str, callback: Callable[[], Values], labels: Sequence[str]) -> None:
        self._family = (name, documentation, tuple(labels))
        self._callback = callback

    def describe(self) -> Iterable[GaugeMetricFamily]:
        # Without this the registry would call the callback at import, to learn the name.
        name, documentation, labels = self._family
        yield GaugeMetricFamily(name, documentation, labels=labels)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        name, documentation, labels = self._family
        family = GaugeMetricFamily(name, documentation, labels=labels)
        try:
            values = self._callback()
            for key, value in values.items() if isinstance(values, Mapping) else [((), values)]:
                family.add_metric(key, value)
        except Exception:
            # One broken source must not hide all other metrics; its absence is itself alerted on.
            logger.exception("a metric's source failed", extra={"metric": name})
            _failed_sources.labels(metric=name).inc()
            return
        yield family


_failed_sources = Counter(
    "fintech_metric_source_failures_total", "Times a metric's value couldn't be found out.", ["metric"]
)
_callback_gauges: list[_CallbackGauge] = []


def gauge_from(name: str, documentation: str, callback: Callable[[], Values], labels: Sequence[str] = ()) -> None:
    """A gauge whose value is asked for at each scrape.

    The callback returns a number, or numbers by tuples of label values. It binds the cells that it
    needs itself, and must be quick (a scrape waits for it). One that raises leaves the gauge out of
    that scrape and counts in `fintech_metric_source_failures_total`.
    """
    collector = _CallbackGauge(_checked(name), documentation, callback, labels)
    REGISTRY.register(collector)
    _callback_gauges.append(collector)


def exposition() -> bytes:
    """All metrics of this process (of its whole service, where it forks) in Prometheus' text form."""
    return generate_latest(_scraped_registry())


def _scraped_registry() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    for collector in _callback_gauges:
        registry.register(collector)
    return registry


def _checked(name: str) -> str:
    if not name.startswith(PREFIX):
        raise ValueError(f"a metric's name starts with {PREFIX}: {name}")
    return name
