"""Alertmanager brings each alert to PagerDuty by its severity, New Relic gets our metrics, and no key is written."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from prometheus_client import Counter

from deploy.definition import read_alerts, read_environments
from deploy.monitoring import alertmanager, new_relic
from deploy.rendered_file import outdated
from fintech.observability import business


@pytest.fixture(params=["staging", "production"])
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_what_is_rendered_is_as_the_definition_says() -> None:
    assert outdated({**alertmanager.rendered(), **new_relic.rendered()}) == []


def brought_to(configuration: dict[str, Any], labels: dict[str, str]) -> str:
    """The receiver of an alert, as Alertmanager looks for it: the first child whose matchers all hold."""
    for route in configuration["route"]["routes"]:
        matchers = [re.fullmatch(r'(\w+)="(\w+)"', matcher) for matcher in route["matchers"]]
        if all(found and labels.get(found[1]) == found[2] for found in matchers):
            return str(route["receiver"])
    return str(configuration["route"]["receiver"])


def test_each_alert_is_brought_to_its_severitys_service(environment: str) -> None:
    configuration = alertmanager.configuration(environment)
    receivers = {receiver["name"]: receiver["pagerduty_configs"] for receiver in configuration["receivers"]}
    for alert in read_alerts().values():
        found = brought_to(configuration, {"severity": alert.severity})
        assert found == f"pagerduty-{alert.severity}"
        (told,) = receivers[found]
        assert told["routing_key_file"] == f"/run/secrets/pagerduty/{alert.severity}"
        assert told["details"]["runbook"] == "{{ .CommonAnnotations.runbook }}"


def test_an_alert_without_a_severity_that_is_known_wakes_somebody(environment: str) -> None:
    assert brought_to(alertmanager.configuration(environment), {"severity": "shrug"}) == "pagerduty-page"


def test_no_key_is_written_anywhere() -> None:
    for path, text in {**alertmanager.rendered(), **new_relic.rendered()}.items():
        assert not re.search(r'"(routing_key|service_key|credentials|bearer_token|api_key)"', text), path.name


def test_new_relic_gets_our_metrics_in_europe_and_no_others(environment: str) -> None:
    (write,) = new_relic.server(read_environments()[environment])["remote_write"]
    assert write["url"].startswith("https://metric-api.eu.newrelic.com/")
    assert write["write_relabel_configs"] == [{"source_labels": ["__name__"], "regex": "fintech_.*", "action": "keep"}]


def queries_of(environment: str, page_name: str = "") -> list[str]:
    dashboard = new_relic.dashboard(read_environments()[environment], read_alerts())
    return [
        widget["rawConfiguration"]["nrqlQueries"][0]["query"]
        for page in dashboard["pages"]
        for widget in page["widgets"]
        if page_name in ("", page["name"])
    ]


def shown_names() -> set[str]:
    return {
        metric.name
        for metric in business.__dict__.values()
        if isinstance(metric, Counter)
        for metric in metric.describe()
    }


def test_the_dashboard_shows_what_is_promised_and_what_alerts_are_about(environment: str) -> None:
    asked = queries_of(environment)
    for promised in (
        "fintech_deposits_settled_total",
        "fintech_filled_lots_total",
        "fintech_commission_paid_minor_total",
    ):
        assert [query for query in asked if f"rate(sum({promised}), 1 hour)" in query], promised
        assert promised.removesuffix("_total") in shown_names(), f"the product shows no {promised}"
    application = "\n".join(queries_of(environment, "Application"))
    for wanted in ("rate(sum(fintech_http_request_seconds_count), 1 minute)", "status LIKE '5%'", "_sum)", "pool"):
        assert wanted in application
    for alert in read_alerts().values():
        for metric in alert.metrics:
            assert [query for query in asked if metric in query], alert.name
    assert all(f"environment = '{environment}'" in query for query in asked)


def test_no_widget_lies_on_another(environment: str) -> None:
    text = {path.name: text for path, text in new_relic.rendered().items()}[f"{environment}.json"]
    for page in json.loads(text)["pages"]:
        places = [(widget["layout"]["column"], widget["layout"]["row"]) for widget in page["widgets"]]
        assert len(set(places)) == len(places)
        assert max(column for column, _ in places) + new_relic.WIDTH - 1 <= new_relic.COLUMNS
