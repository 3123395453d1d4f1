from __future__ import annotations

import http.server
import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from fintech.observability.cloudwatch import AT_ONCE, data_of, tell, watch
from fintech.observability.measuring import Measure, Reading
from tests.clouds.amazon import Amazon

LABELS = {"environment": "production", "cell": "eu"}


class Taking:
    """CloudWatch that keeps what it is told, and lets the watching end after so much."""

    def __init__(self, ended: threading.Event, last: int) -> None:
        self.told: list[dict[str, Any]] = []
        self._ended, self._last = ended, last

    def put_metric_data(self, **data: Any) -> None:
        self.told.append(data)
        if len(self.told) == self._last:
            self._ended.set()


@pytest.fixture
def process() -> Iterator[tuple[str, list[str]]]:
    """A process whose metrics are the next of a list; without one it fails."""
    shown: list[str] = []

    class Doors(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if shown else 500)
            self.end_headers()
            self.wfile.write(shown.pop(0).encode() if shown else b"")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Doors)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/metrics", shown
    server.shutdown()
    server.server_close()


def environment(*told: dict[str, Any]) -> dict[str, str]:
    return {
        "FINTECH_MEASURES": json.dumps(told),
        "FINTECH_MEASURES_NAMESPACE": "Fintech",
        "FINTECH_MEASURES_LABELS": json.dumps(LABELS),
    }


def reading(condition: str, **group: str) -> Reading:
    measure = Measure("it", condition, "m", tuple(group))
    return Reading(measure, frozenset(group.items()), {0.0: 97.0, 1.0: 3.0})


def test_a_share_is_told_for_each_group_and_the_rest_for_the_cell() -> None:
    failing, above = data_of([reading("failing", endpoint="orders"), reading("above", queue="mail")], LABELS)
    cell = [{"Name": "environment", "Value": "production"}, {"Name": "cell", "Value": "eu"}]
    assert failing["Dimensions"] == [*cell, {"Name": "endpoint", "Value": "orders"}]
    assert above["Dimensions"] == cell
    assert (failing["Values"], failing["Counts"]) == ([0.0, 1.0], [97.0, 3.0])


def test_amazons_own_client_takes_what_is_told() -> None:
    client = boto3.client("cloudwatch", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    data = list(data_of([reading("failing", endpoint="orders")], LABELS))
    with Stubber(client) as stubbed:
        stubbed.add_response("put_metric_data", {}, {"Namespace": "Fintech", "MetricData": data})
        tell(client, "Fintech", data)
        stubbed.assert_no_pending_responses()


def test_more_than_may_be_told_at_once_is_told_in_parts() -> None:
    taking = Taking(threading.Event(), 0)
    tell(taking, "Fintech", [{"MetricName": str(number)} for number in range(AT_ONCE + 1)])
    assert [len(told["MetricData"]) for told in taking.told] == [AT_ONCE, 1]


def test_it_looks_again_and_again_and_outlives_a_process_that_fails(
    process: tuple[str, list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    url, shown = process
    shown += ["m 1\n", "m {\n", "m 3\n"]
    ended = threading.Event()
    taking = Taking(ended, 2)
    with caplog.at_level(logging.WARNING):
        watch(url, 0.001, taking, ended, environment({"name": "it", "condition": "above", "metric": "m", "by": []}))
    assert [told["MetricData"][0]["Values"] for told in taking.told] == [[1.0], [3.0]]
    assert "nothing told this time" in caplog.text


@pytest.fixture
def monitoring() -> Iterator[Any]:
    """CloudWatch, as moto's server plays it."""
    amazon = Amazon()
    yield amazon.client("cloudwatch")
    amazon.stop()


def test_what_is_told_is_there_by_the_name_and_the_labels_of_its_alarm(
    process: tuple[str, list[str]], monitoring: Any
) -> None:
    url, shown = process
    shown += ["m 97\n", "m 3\n"]
    ended = threading.Event()
    measured = {"name": "it", "condition": "above", "metric": "m", "by": []}
    watch(url, 0.001, ending_after(2, monitoring, ended), ended, environment(measured))
    of_the_cell = [{"Name": name, "Value": value} for name, value in LABELS.items()]
    now = datetime.now(UTC)
    (point,) = monitoring.get_metric_statistics(
        Namespace="Fintech",
        MetricName="it",
        Dimensions=of_the_cell,
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=86_400,
        Statistics=["Maximum", "Minimum", "SampleCount"],
    )["Datapoints"]
    assert (point["Maximum"], point["Minimum"], point["SampleCount"]) == (97.0, 3.0, 2.0)


def test_an_alarm_of_it_can_be_rung_by_hand(monitoring: Any) -> None:
    topic = "arn:aws:sns:eu-central-1:123456789012:production-eu-page"
    monitoring.put_metric_alarm(
        AlarmName="production-eu-it",
        Namespace="Fintech",
        MetricName="it",
        Dimensions=[{"Name": name, "Value": value} for name, value in LABELS.items()],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=5.0,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )
    monitoring.set_alarm_state(AlarmName="production-eu-it", StateValue="ALARM", StateReason="tried by hand")
    (alarm,) = monitoring.describe_alarms(StateValue="ALARM")["MetricAlarms"]
    assert (alarm["AlarmName"], alarm["StateReason"], alarm["AlarmActions"]) == (
        "production-eu-it", "tried by hand", [topic],
    )  # fmt: skip


def ending_after(times: int, client: Any, ended: threading.Event) -> Any:
    """The client itself, which lets the watching end after so much was told."""

    class Ending:
        told = 0

        def put_metric_data(self, **data: Any) -> None:
            client.put_metric_data(**data)
            self.told += 1
            if self.told == times:
                ended.set()

    return Ending()
