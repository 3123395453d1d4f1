"""Alertmanager's configuration for each environment, rendered: `python -m deploy.monitoring.alertmanager [--write]`.

It brings Prometheus' alerts to PagerDuty: those of severity `page` wake the engineer on call, those of `ticket` wait
for the working day. Each severity has a service there, whose key stands in a file: none is written here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, get_args

from deploy.definition import read_environments
from deploy.definition.alerts import Severity
from deploy.monitoring.prometheus_rules import FOLDER as BESIDE
from deploy.rendered_file import write_or_compare

FOLDER: Final = BESIDE.parent / "alertmanager"
# As a secret is mounted; the definition calls it pagerduty/page and pagerduty/ticket.
KEYS: Final = "/run/secrets/pagerduty"
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
# PagerDuty's own words for how urgent it is.
URGENCY: Final[Mapping[Severity, str]] = {"page": "critical", "ticket": "warning"}
# How long one more alert of the same kind is waited for, and when somebody is told again of what goes on.
WAITS: Final[Mapping[Severity, tuple[str, str, str]]] = {"page": ("10s", "1m", "1h"), "ticket": ("5m", "30m", "24h")}


def rendered() -> Mapping[Path, str]:
    """What each file is to hold. JSON is YAML, too."""
    return {
        FOLDER / f"{environment}.json": json.dumps(configuration(environment), indent=2) + "\n"
        for environment in read_environments()
    }


def configuration(environment: str) -> dict[str, Any]:
    """Routes by severity; what has none that is known pages: an alert that nobody is told of is the worst."""
    return {
        "global": {"resolve_timeout": "5m"},
        "route": {
            "receiver": receiver("page"),
            "group_by": ["alertname", "environment", "cell"],
            **_waits("page"),
            "routes": [_route(severity) for severity in SEVERITIES],
        },
        "receivers": [
            {"name": receiver(severity), "pagerduty_configs": [_pagerduty(environment, severity)]}
            for severity in SEVERITIES
        ],
    }


def receiver(severity: Severity) -> str:
    """Who is told of alerts of this severity."""
    return f"pagerduty-{severity}"


def _route(severity: Severity) -> dict[str, Any]:
    return {"receiver": receiver(severity), "matchers": [f'severity="{severity}"'], **_waits(severity)}


def _waits(severity: Severity) -> dict[str, str]:
    group, again, still = WAITS[severity]
    return {"group_wait": group, "group_interval": again, "repeat_interval": still}


def _pagerduty(environment: str, severity: Severity) -> dict[str, Any]:
    return {
        "routing_key_file": f"{KEYS}/{severity}",
        "severity": URGENCY[severity],
        "send_resolved": True,
        "class": "{{ .CommonLabels.alertname }}",
        "component": "{{ .CommonLabels.cell }}",
        "group": environment,
        "description": "{{ .CommonLabels.cell }}: {{ .CommonAnnotations.summary }}",
        "details": {"runbook": "{{ .CommonAnnotations.runbook }}", "firing": "{{ .Alerts.Firing | len }}"},
    }


def main() -> int:
    """Write or compare; 1 when a file isn't as it should be."""
    return write_or_compare(rendered(), command="python -m deploy.monitoring.alertmanager")


if __name__ == "__main__":
    sys.exit(main())
