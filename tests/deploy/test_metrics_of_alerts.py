"""Every metric that an alert or a scaling rule reads is one that the product shows, with the labels asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import pytest
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from deploy.aws.measures import LOOKS, measures
from deploy.definition import Alert, read_alerts, read_services
from fintech.observability.measuring import Measure
from fintech.observability.metrics import LATENCY_BUCKETS, _CallbackGauge

# What only some services import.
MODULES = (
    "fintech.cells.watching",
    "fintech.factlog.relay",
    "fintech.observability.middleware",
    "payments.api.webhooks",
    "trading.engine.engine",
    "trading.feed.connection",
)
SIGNALS = {"fintech_feed_connections", "fintech_webhook_oldest_seconds"}
TYPES = {
    "slower": "histogram",
    "failing": "histogram",
    "counted": "counter",
}


def shown_metrics() -> Mapping[str, tuple[str, frozenset[str]]]:
    """Every metric of the product by its name, with its type and its labels."""
    for module in MODULES:
        import_module(module)
    shown = {}
    for collector in REGISTRY._collector_to_names:
        if isinstance(collector, _CallbackGauge):
            name, _, labels = collector._family
            shown[name] = ("gauge", frozenset(labels))
        elif isinstance(collector, MetricWrapperBase):
            name = f"{collector._name}_total" if collector._type == "counter" else collector._name
            shown[name] = (collector._type, frozenset(collector._labelnames))
    return shown


@pytest.mark.parametrize("alert", read_alerts().values(), ids=lambda alert: alert.name)
def test_an_alert_reads_what_there_is(alert: Alert) -> None:
    for metric in alert.metrics:
        assert metric in shown_metrics(), f"the product shows no {metric}"
        kind, labels = shown_metrics()[metric]
        assert kind == TYPES.get(alert.condition, "gauge")
        assert {*alert.by, *alert.where} <= labels
    if alert.condition == "slower":
        assert alert.threshold in LATENCY_BUCKETS, "the histogram can't tell what is slower than that"
    if alert.condition == "failing":
        assert "status" in shown_metrics()[alert.metric][1]


def test_what_scales_a_service_is_a_metric_of_its_cell() -> None:
    scaled = {service.scaling.metric for service in read_services().services.values()} - {None}
    assert scaled == SIGNALS
    assert all("cell" in shown_metrics()[metric][1] for metric in scaled)  # type: ignore[index]


def test_no_metric_is_without_its_cell_unless_it_is_of_the_process() -> None:
    without = {name for name, (_, labels) in shown_metrics().items() if "cell" not in labels and "_test_" not in name}
    assert without == {
        "fintech_metric_source_failures_total",
        "fintech_probe_passed",
        "fintech_slow_bodies_total",
    }


def test_what_cloudwatch_is_told_is_every_alert_and_every_signal() -> None:
    """As the container beside each service reads it."""
    told = measures(read_alerts(), read_services())
    assert {Measure.told(each).name for each in told} == {*read_alerts(), *SIGNALS}
    assert all(LOOKS[alert.condition] for alert in read_alerts().values())
