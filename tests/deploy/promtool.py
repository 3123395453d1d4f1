"""Prometheus' own tool on the rendered rules: `python -m tests.deploy.promtool`.

It reads the rules, and lets each alert meet series that must set it off and series that mustn't. The tool is Debian's
package `prometheus` (its `promtool`); FINTECH_PROMTOOL names one that stands elsewhere.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy.definition import read_alerts
from deploy.monitoring.prometheus_rules import FOLDER

ENVIRONMENT = "production"
DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Case:
    """Series, a value every 15 seconds, and what an alert makes of them at a moment: fire for these labels, or not."""

    alert: str
    why: str
    series: Mapping[str, str]
    at: str
    fires: Mapping[str, str] | None = field(default=None)


def webhooks(labels: str, *, every: str, quick: str) -> dict[str, str]:
    """A histogram of webhooks: how many in all, and how many within five seconds."""
    return {
        f"fintech_webhook_applied_seconds_count{{{labels}}}": every,
        f'fintech_webhook_applied_seconds_bucket{{{labels},le="5.0"}}': quick,
    }


def requests(*, fine: str, failed: str) -> dict[str, str]:
    """Requests of an endpoint by how they ended."""
    name = 'fintech_http_request_seconds_count{cell="eu",endpoint="api/v1/wallets",status='
    return {f'{name}"200"}}': fine, f'{name}"500"}}': failed}


def pool(in_use: str) -> dict[str, str]:
    """A pool of eight."""
    labels = 'cell="eu",concern="crm",role="primary",instance="a"'
    return {
        f"fintech_pool_connections_in_use{{{labels}}}": in_use,
        f"fintech_pool_connections_max{{{labels}}}": "8x60",
    }


PSP = 'cell="eu",psp="stripe",outcome="applied"'
OF_EU = {"cell": "eu"}
CASES = (
    Case(
        alert="webhook-slow",
        why="one of many is slow",
        series=webhooks(PSP, every="5x8 6x20", quick="5x29"),
        at="3m",
        fires={"cell": "eu", "psp": "stripe"},
    ),
    Case(
        alert="webhook-slow",
        why="the very first one is slow: its series begins with it",
        series=webhooks(PSP, every="_x8 1x20", quick="_x8 0x20"),
        at="3m",
        fires={"cell": "eu", "psp": "stripe"},
    ),
    Case(
        alert="webhook-slow",
        why="all are quick",
        series=webhooks(PSP, every="0+3x60", quick="0+3x60"),
        at="10m",
    ),
    Case(
        alert="webhook-slow",
        why="a slow one was long ago",
        series=webhooks(PSP, every="5x4 6x80", quick="5x85"),
        at="20m",
    ),
    Case(
        alert="webhook-waiting",
        why="one waits and waits",
        series={'fintech_webhook_oldest_seconds{cell="eu"}': "0+15x20"},
        at="3m",
        fires=OF_EU,
    ),
    Case(
        alert="webhook-waiting",
        why="one waits for four seconds",
        series={'fintech_webhook_oldest_seconds{cell="eu"}': "4x20"},
        at="3m",
    ),
    Case(
        alert="pool-full",
        why="seven of eight are in use",
        series=pool("7x60"),
        at="5m",
        fires={"cell": "eu", "concern": "crm", "role": "primary"},
    ),
    Case(alert="pool-full", why="six of eight are in use", series=pool("6x60"), at="5m"),
    Case(alert="pool-full", why="full for a moment only", series=pool("2x8 8x2 2x40"), at="2m45s"),
    Case(
        alert="endpoint-errors",
        why="two in a hundred fail",
        series=requests(fine="0+98x60", failed="0+2x60"),
        at="10m",
        fires={"cell": "eu", "endpoint": "api/v1/wallets"},
    ),
    Case(
        alert="endpoint-errors",
        why="one in two hundred fails",
        series=requests(fine="0+199x60", failed="0+1x60"),
        at="10m",
    ),
    Case(
        alert="queue-growing",
        why="it grows for ten minutes",
        series={'fintech_queue_depth{cell="eu",queue="mail"}': "0+5x60"},
        at="10m",
        fires={"cell": "eu", "queue": "mail"},
    ),
    Case(
        alert="queue-growing",
        why="it is long, and stays as it is",
        series={'fintech_queue_depth{cell="eu",queue="mail"}': "500x60"},
        at="10m",
    ),
    Case(
        alert="queue-growing",
        why="it grows for three minutes, and is worked off",
        series={'fintech_queue_depth{cell="eu",queue="mail"}': "0x20 0+20x12 240-20x12 0x20"},
        at="9m",
    ),
    Case(
        alert="certificate-ending",
        why="29 days are left",
        series={'fintech_certificate_ends_at_seconds{cell="eu",server="primary"}': f"{29 * DAY}x20"},
        at="1m",
        fires={"cell": "eu", "server": "primary"},
    ),
    Case(
        alert="certificate-ending",
        why="31 days are left",
        series={'fintech_certificate_ends_at_seconds{cell="eu",server="primary"}': f"{31 * DAY}x20"},
        at="1m",
    ),
    Case(
        alert="audit-verification-failed",
        why="one thing is wrong",
        series={
            'fintech_check_findings{cell="eu",check="audit_log"}': "1x20",
            'fintech_check_findings{cell="eu",check="in_transit"}': "0x20",
        },
        at="1m",
        fires=OF_EU,
    ),
    Case(
        alert="audit-verification-failed",
        why="another check found something",
        series={
            'fintech_check_findings{cell="eu",check="audit_log"}': "0x20",
            'fintech_check_findings{cell="eu",check="in_transit"}': "1x20",
        },
        at="1m",
    ),
    Case(
        alert="in-transit-imbalance",
        why="one line differs",
        series={'fintech_check_findings{cell="eu",check="in_transit"}': "1x20"},
        at="1m",
        fires=OF_EU,
    ),
    Case(
        alert="in-transit-check-late",
        why="it never ended",
        series={'fintech_check_ended_at_seconds{cell="eu",check="in_transit"}': "0x200"},
        at="40m",
        fires=OF_EU,
    ),
    Case(
        alert="in-transit-check-late",
        why="it ended ten minutes ago",
        series={'fintech_check_ended_at_seconds{cell="eu",check="in_transit"}': "1800x200"},
        at="40m",
    ),
    Case(
        alert="audit-verification-late",
        why="it ended long ago",
        series={'fintech_check_ended_at_seconds{cell="eu",check="audit_log"}': f"-{2 * DAY}x200"},
        at="20m",
        fires=OF_EU,
    ),
    Case(
        alert="audit-checkpoint-refused",
        why="the first refusal: its series begins with it",
        series={'fintech_audit_checkpoints_refused_total{cell="eu"}': "_x20 1x20"},
        at="6m",
        fires=OF_EU,
    ),
    Case(
        alert="audit-checkpoint-refused",
        why="one more refusal",
        series={'fintech_audit_checkpoints_refused_total{cell="eu"}': "1x60 2x20"},
        at="16m",
        fires=OF_EU,
    ),
    Case(
        alert="audit-checkpoint-refused",
        why="a refusal of long ago",
        series={'fintech_audit_checkpoints_refused_total{cell="eu"}': "1x100"},
        at="20m",
    ),
    Case(
        alert="audit-checkpoint-late",
        why="entries wait",
        series={'fintech_audit_uncovered_seconds{cell="eu"}': "0+15x40"},
        at="10m",
        fires=OF_EU,
    ),
    Case(
        alert="relay-lag",
        why="a follower is behind",
        series={
            'fintech_follower_lag_seconds{cell="eu",follower="trading.client_standing"}': "20x40",
            'fintech_follower_lag_seconds{cell="eu",follower="audit.crm.fact"}': "0x40",
        },
        at="5m",
        fires={"cell": "eu", "follower": "trading.client_standing"},
    ),
    Case(alert="relay-away", why="nobody shows anything", series={}, at="5m", fires=OF_EU),
    Case(
        alert="relay-away",
        why="two run, and none leads",
        series={
            'fintech_relay_leading{cell="eu",instance="a"}': "0x40",
            'fintech_relay_leading{cell="eu",instance="b"}': "0x40",
            'fintech_relay_leading{cell="au",instance="a"}': "1x40",
        },
        at="5m",
        fires=OF_EU,
    ),
    Case(
        alert="relay-away",
        why="one leads, one is ready",
        series={
            'fintech_relay_leading{cell="eu",instance="a"}': "1x40",
            'fintech_relay_leading{cell="eu",instance="b"}': "0x40",
            'fintech_relay_leading{cell="au",instance="a"}': "1x40",
        },
        at="5m",
    ),
    Case(
        alert="follower-stopped",
        why="one stopped",
        series={'fintech_followers_stopped{cell="eu"}': "1x20"},
        at="1m",
        fires=OF_EU,
    ),
    Case(
        alert="fact-parked",
        why="the first that is set aside",
        series={'fintech_facts_parked_total{cell="eu",follower="trading.client_standing"}': "_x20 1x20"},
        at="6m",
        fires={"cell": "eu", "follower": "trading.client_standing"},
    ),
    Case(
        alert="horizon-held",
        why="a transaction stays open",
        series={'fintech_horizon_age_seconds{cell="eu"}': "0+15x20"},
        at="3m",
        fires=OF_EU,
    ),
    Case(
        alert="replica-lag",
        why="it falls behind",
        series={'fintech_replica_lag_seconds{cell="eu"}': "0+15x40"},
        at="8m",
        fires=OF_EU,
    ),
    Case(
        alert="replica-away",
        why="it doesn't answer",
        series={'fintech_replica_answers{cell="eu"}': "0x40", 'fintech_replica_answers{cell="au"}': "1x40"},
        at="5m",
        fires=OF_EU,
    ),
    Case(
        alert="engine-away",
        why="none leads",
        series={'fintech_engine_leading{cell="eu"}': "0x40", 'fintech_engine_leading{cell="au"}': "1x40"},
        at="5m",
        fires=OF_EU,
    ),
    Case(
        alert="close-outs-waiting",
        why="one waits",
        series={'fintech_close_outs_waiting{cell="eu"}': "1x20"},
        at="2m",
        fires=OF_EU,
    ),
)


def as_the_tool_reads(case: Case) -> dict[str, Any]:
    """A case in promtool's words."""
    alert = read_alerts()[case.alert]
    annotations = {"summary": alert.what, "runbook": f"deploy/runbooks/{alert.runbook}"}
    # Alerts that ask each cell for itself fire for every cell that shows nothing.
    cells = ["eu", "au"] if alert.condition == "nobody" and not case.series else ["eu"]
    labels = {"environment": ENVIRONMENT, "severity": alert.severity, **(case.fires or {})}
    expected = [
        {"exp_labels": {**labels, "cell": cell}, "exp_annotations": annotations}
        for cell in cells
        if case.fires is not None
    ]
    return {
        "name": f"{case.alert}: {case.why}",
        "interval": "15s",
        "input_series": [{"series": series, "values": values} for series, values in case.series.items()],
        "alert_rule_test": [{"eval_time": case.at, "alertname": case.alert, "exp_alerts": expected}],
    }


def untried() -> Iterator[str]:
    """Alerts that nothing sets off here."""
    fired = {case.alert for case in CASES if case.fires is not None}
    yield from sorted(set(read_alerts()) - fired)


def main() -> int:
    """Check and try the rules; 1 when something isn't as it should be, or can't be found out."""
    tool = os.environ.get("FINTECH_PROMTOOL") or shutil.which("promtool")
    if tool is None:
        print("promtool isn't there: install Debian's package prometheus, or name one in FINTECH_PROMTOOL")
        return 1
    if missing := list(untried()):
        print(f"nothing here sets these alerts off: {', '.join(missing)}")
        return 1
    rules = sorted(str(path) for path in FOLDER.glob("*.rules.yml"))
    content = {
        "rule_files": [str(FOLDER / f"{ENVIRONMENT}.rules.yml")],
        "evaluation_interval": "15s",
        "tests": [as_the_tool_reads(case) for case in CASES],
    }
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump(content, file)
        file.flush()
        statuses = [
            subprocess.run([tool, "check", "rules", *rules], check=False).returncode,
            subprocess.run([tool, "test", "rules", file.name], check=False).returncode,
        ]
    print(f"{len(CASES)} cases for {len(read_alerts())} alerts")
    return 1 if any(statuses) else 0


if __name__ == "__main__":
    sys.exit(main())
