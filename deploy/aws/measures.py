"""What CloudWatch is told of the product's own metrics, and how it looks at it: one measure for each alert and signal.

CloudWatch has no histograms and no counters as Prometheus has them. So a container beside each service reads its
`/metrics` and writes, four times a minute, the number that a condition is about (fintech/observability/cloudwatch.py);
the alarm then knows nothing but a threshold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from deploy.definition import Alert, Definition

NAMESPACE: Final = "Fintech"
PERIOD_SECONDS: Final = 60


@dataclass(frozen=True)
class Look:
    """How an alarm looks at a measure within a period, and whether silence is an alarm."""

    statistic: str
    comparison: str
    silence: str = "notBreaching"


# `slower` and `counted` count what happened; `failing` is the mean of requests that are 0 or 1; the others are levels.
LOOKS: Final[Mapping[str, Look]] = {
    "above": Look("Maximum", "GreaterThanThreshold"),
    "slower": Look("Sum", "GreaterThanThreshold"),
    "failing": Look("AVG", "GreaterThanThreshold"),
    "growing": Look("Maximum", "GreaterThanThreshold"),
    "ending": Look("Minimum", "LessThanThreshold"),
    "older": Look("Maximum", "GreaterThanThreshold"),
    "counted": Look("Sum", "GreaterThanThreshold"),
    "nobody": Look("Maximum", "LessThanThreshold", "breaching"),
}


def measures(alerts: Mapping[str, Alert], definition: Definition) -> list[dict[str, Any]]:
    """What the container beside a service measures: every alert, and every signal that something scales by."""
    found = [_measure(alert) for alert in alerts.values()]
    signals = {service.scaling.metric for service in definition.services.values()} - {None}
    found += [
        {"name": metric, "condition": "above", "metric": metric, "by": []} for metric in sorted(filter(None, signals))
    ]
    return found


def threshold(alert: Alert) -> float:
    """The number that the measure is compared with: what is counted as too slow or as nobody is counted already."""
    return {"slower": 0.0, "nobody": 1.0}.get(alert.condition, alert.threshold)


def _measure(alert: Alert) -> dict[str, Any]:
    told: dict[str, Any] = {"name": alert.name, "condition": alert.condition, "metric": alert.metric}
    told["by"] = [label for label in alert.by if label != "cell"]
    if alert.of is not None:
        told["of"] = alert.of
    if alert.where:
        told["where"] = dict(alert.where)
    if alert.condition == "slower":
        told["limit"] = alert.threshold
    return told
