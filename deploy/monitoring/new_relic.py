"""What brings our metrics to New Relic, and a dashboard there: `python -m deploy.monitoring.new_relic [--write]`.

For each environment Prometheus' own configuration, which loads our rules, tells Alertmanager, and forwards our metrics
(and no others) to New Relic; and a dashboard of throughput, errors, times and connections (P20), with a widget for each
metric that an alert is about. Alerts aren't made a second time there: what wakes somebody comes from one place.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from deploy.definition import Alert, Environment, read_alerts, read_environments
from deploy.monitoring.prometheus_rules import FOLDER as PROMETHEUS
from deploy.rendered_file import write_or_compare

FOLDER: Final = PROMETHEUS.parent / "new_relic"
# New Relic keeps data in the United States or in Europe. Our metrics name endpoints and cells, and no client.
WRITE: Final = "https://metric-api.eu.newrelic.com/prometheus/v1/write"
KEY: Final = "/run/secrets/new-relic/license-key"
REQUESTS: Final = "fintech_http_request_seconds"
OURS: Final = "fintech_.*"
SCRAPED_EVERY: Final = "15s"
# A dashboard has twelve columns.
WIDTH: Final = 4
HEIGHT: Final = 3
COLUMNS: Final = 12


def rendered() -> Mapping[Path, str]:
    """What each file is to hold. JSON is YAML, too."""
    found: dict[Path, str] = {}
    for name, environment in read_environments().items():
        found[PROMETHEUS / f"{name}.server.json"] = json.dumps(server(environment), indent=2) + "\n"
        found[FOLDER / f"{name}.json"] = json.dumps(dashboard(environment, read_alerts()), indent=2) + "\n"
    return found


def server(environment: Environment) -> dict[str, Any]:
    """Prometheus' configuration: it asks what its `targets` folder lists, which whoever places it fills."""
    return {
        "global": {"scrape_interval": SCRAPED_EVERY, "external_labels": {"environment": environment.name}},
        "rule_files": [f"{environment.name}.rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": ["alertmanager:9093"]}]}]},
        "scrape_configs": [
            {
                "job_name": "fintech",
                "metrics_path": "/metrics",
                "file_sd_configs": [{"files": [f"targets/{environment.name}/*.json"]}],
            }
        ],
        "remote_write": [
            {
                "url": f"{WRITE}?prometheus_server=fintech-{environment.name}",
                "authorization": {"credentials_file": KEY},
                "write_relabel_configs": [{"source_labels": ["__name__"], "regex": OURS, "action": "keep"}],
            }
        ],
    }


def dashboard(environment: Environment, alerts: Mapping[str, Alert]) -> dict[str, Any]:
    """A page of what the business does, one of what the application does, and one of what alerts are about."""
    here = f"environment = '{environment.name}'"
    return {
        "name": f"Fintech, {environment.name}",
        "description": "Rendered from deploy/monitoring/alerts.toml: change that file, not this dashboard.",
        "permissions": "PUBLIC_READ_ONLY",
        "pages": [
            {"name": "Business", "widgets": _laid_out(_business(here))},
            {"name": "Application", "widgets": _laid_out(_application(here))},
            {"name": "What alerts are about", "widgets": _laid_out(_of_alerts(alerts, here))},
        ],
    }


def _business(here: str) -> Iterator[tuple[str, str]]:
    """Deposits an hour, trade volume, commission payouts (P22); money in minor units, each currency by itself."""
    for title, counted, by in (
        ("Deposits an hour", "fintech_deposits_settled_total", "currency"),
        ("Deposited in an hour, minor units", "fintech_deposits_settled_minor_total", "currency"),
        ("Volume traded in an hour, lots", "fintech_filled_lots_total", "instrument"),
        ("Commission paid out in an hour, minor units", "fintech_commission_paid_minor_total", "currency"),
    ):
        yield title, _query(f"rate(sum({counted}), 1 hour)", here, ("cell", by))


def _application(here: str) -> Iterator[tuple[str, str]]:
    """Throughput, errors and times of each endpoint; what databases and queues are asked for."""
    endpoint = ("cell", "endpoint")
    counted, summed = f"sum({REQUESTS}_count)", f"sum({REQUESTS}_sum)"
    failed = f"filter({counted}, WHERE status LIKE '5%')"
    used, most = "max(fintech_pool_connections_in_use)", "max(fintech_pool_connections_max)"
    yield "Requests a minute", _query(f"rate({counted}, 1 minute)", here, endpoint)
    yield "Errors, per cent of requests", _query(f"{failed} / {counted} * 100", here, endpoint)
    yield "Seconds of a request, mean", _query(f"{summed} / {counted}", here, endpoint)
    yield "Pools in use", _query(f"{used} / {most}", here, ("cell", "concern", "role"))
    yield "Depth of queues", _query("max(fintech_queue_depth)", here, ("cell", "queue"))


def _of_alerts(alerts: Mapping[str, Alert], here: str) -> Iterator[tuple[str, str]]:
    shown: set[tuple[str, ...]] = set()
    for alert in alerts.values():
        narrowed = tuple(f"{label} = '{value}'" for label, value in alert.where.items())
        if (*alert.metrics, *narrowed) not in shown:
            shown.add((*alert.metrics, *narrowed))
            yield alert.what, _query(_seen(alert), " AND ".join((here, *narrowed)), alert.by)


def _query(seen: str, where: str, by: Sequence[str]) -> str:
    """A line for each group, in New Relic's language."""
    return " ".join(["SELECT", seen, "FROM Metric WHERE", where, "FACET", ", ".join(by), "TIMESERIES"])


def _seen(alert: Alert) -> str:
    """The number that a condition is about, as far as a line of it can be read by a person."""
    match alert.condition:
        case "slower":
            return f"sum({alert.metric}_sum) / sum({alert.metric}_count)"
        case "failing":
            counted = f"sum({alert.metric}_count)"
            return f"filter({counted}, WHERE status LIKE '5%') / {counted}"
        case "counted":
            return f"sum({alert.metric})"
        case "ending":
            return f"min({alert.metric})"
    return f"max({alert.metric})" if alert.of is None else f"max({alert.metric}) / max({alert.of})"


def _laid_out(widgets: Iterator[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {
            "title": title,
            "layout": _layout(place),
            "visualization": {"id": "viz.line"},
            # 0 stands for the account that the dashboard is imported into.
            "rawConfiguration": {"nrqlQueries": [{"accountIds": [0], "query": query}]},
        }
        for place, (title, query) in enumerate(widgets)
    ]


def _layout(place: int) -> dict[str, int]:
    row, column = divmod(place, COLUMNS // WIDTH)
    return {"column": 1 + column * WIDTH, "row": 1 + row * HEIGHT, "width": WIDTH, "height": HEIGHT}


def main() -> int:
    """Write or compare; 1 when a file isn't as it should be."""
    return write_or_compare(rendered(), command="python -m deploy.monitoring.new_relic")


if __name__ == "__main__":
    sys.exit(main())
