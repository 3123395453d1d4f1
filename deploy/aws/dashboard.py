"""A cell's board: what its alerts are about on the left, its infrastructure on the right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from deploy.aws.infrastructure import Watched
from deploy.aws.measures import LOOKS, NAMESPACE
from deploy.definition import Alert

WIDTH, HEIGHT = 12, 6
STATISTICS: Final = {"AVG": "Average"}


def board(
    region: str, labels: Mapping[str, str], alerts: Mapping[str, Alert], infrastructure: Iterable[Watched]
) -> dict[str, Any]:
    """The body of a dashboard of CloudWatch."""
    left = [_of_alert(region, labels, alert) for alert in alerts.values() if LOOKS[alert.condition].statistic != "AVG"]
    by_metric: dict[tuple[str, str], list[Watched]] = {}
    for each in infrastructure:
        by_metric.setdefault((each.namespace, each.metric), []).append(each)
    right = [_of_metric(region, *key, found) for key, found in by_metric.items()]
    widgets = [
        {
            "type": "metric",
            "x": column * WIDTH,
            "y": row * HEIGHT,
            "width": WIDTH,
            "height": HEIGHT,
            "properties": shown,
        }
        for column, widgets_of in enumerate((left, right))
        for row, shown in enumerate(widgets_of)
    ]
    return {"widgets": widgets}


def _of_alert(region: str, labels: Mapping[str, str], alert: Alert) -> dict[str, Any]:
    statistic = LOOKS[alert.condition].statistic
    series = [NAMESPACE, alert.name, *(word for pair in labels.items() for word in pair)]
    return {
        "title": alert.what,
        "region": region,
        "stat": STATISTICS.get(statistic, statistic),
        "period": 60,
        "metrics": [series],
        "annotations": {"horizontal": [{"label": alert.name, "value": alert.threshold}]},
    }


def _of_metric(region: str, namespace: str, metric: str, found: Iterable[Watched]) -> dict[str, Any]:
    each_of = list(found)
    return {
        "title": f"{namespace} {metric}",
        "region": region,
        "stat": each_of[0].statistic,
        "period": each_of[0].period,
        "metrics": [
            [namespace, metric, *(word for pair in each.dimensions.items() for word in pair)] for each in each_of
        ],
    }
