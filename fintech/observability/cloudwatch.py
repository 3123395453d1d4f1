"""Tells CloudWatch what a process beside it shows: `python -m fintech.observability.cloudwatch URL SECONDS`.

Runs in a container of its own next to each service (deploy/aws/containers.py). What it measures stands in
FINTECH_MEASURES as JSON, under which names in FINTECH_MEASURES_NAMESPACE and FINTECH_MEASURES_LABELS.
A measure is told once for the whole cell; what fails is told for each of its groups, since a share of all hides one.
While the process or CloudWatch doesn't answer, nothing is told: an alarm on silence is CloudWatch's part.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from threading import Event
from typing import Any, Final, Protocol

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from fintech.observability.measuring import Measure, Measuring, Reading

TIMEOUT_SECONDS: Final = 5.0
# The most that CloudWatch takes at once.
AT_ONCE: Final = 1000
# Conditions of which a share is formed, so that each group is looked at by itself.
BY_GROUP: Final = ("failing",)

logger = logging.getLogger(__name__)


class Monitoring(Protocol):
    """What is used of boto3's client for CloudWatch."""

    def put_metric_data(self, **data: Any) -> Any:
        """Take some data."""


def data_of(readings: Iterable[Reading], labels: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The readings as CloudWatch takes them."""
    for reading in readings:
        dimensions = dict(labels)
        if reading.measure.condition in BY_GROUP:
            dimensions |= dict(sorted(reading.group))
        yield {
            "MetricName": reading.measure.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            "Values": list(reading.values),
            "Counts": list(reading.values.values()),
        }


def tell(client: Monitoring, namespace: str, data: list[dict[str, Any]]) -> None:
    """Put the data, as much at once as may be."""
    for start in range(0, len(data), AT_ONCE):
        client.put_metric_data(Namespace=namespace, MetricData=data[start : start + AT_ONCE])


def watch(url: str, seconds: float, client: Monitoring, ended: Event, environment: Mapping[str, str]) -> None:
    """Look and tell until `ended`; what fails is logged and tried again at the next look."""
    measuring = Measuring(tuple(Measure.told(told) for told in json.loads(environment["FINTECH_MEASURES"])))
    namespace = environment["FINTECH_MEASURES_NAMESPACE"]
    labels = json.loads(environment["FINTECH_MEASURES_LABELS"])
    while not ended.wait(seconds):
        try:
            readings = measuring.look(_shown(url), time.time())
            tell(client, namespace, list(data_of(readings, labels)))
        except (OSError, ValueError, BotoCoreError, ClientError) as failure:
            logger.warning("nothing told this time: %s", failure)


def _shown(url: str) -> str:
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - of this task's own
        return str(answer.read().decode())


def main() -> int:
    """Watch until the container is asked to end."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    url, seconds = sys.argv[1], float(sys.argv[2])
    ended = Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    watch(url, seconds, boto3.client("cloudwatch", region_name=os.environ["FINTECH_REGION"]), ended, os.environ)
    return 0


if __name__ == "__main__":
    sys.exit(main())
