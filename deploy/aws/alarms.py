"""The alarms of a cell: every alert of the definition, what its infrastructure may suffer from, and a board of both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_rds as rds
from constructs import Construct

from deploy.aws.dashboard import board
from deploy.aws.infrastructure import Watched, watched
from deploy.aws.measures import LOOKS, NAMESPACE, PERIOD_SECONDS, threshold
from deploy.aws.new_relic import NewRelic
from deploy.aws.paging import lead_to_pagerduty
from deploy.aws.services import Services
from deploy.aws.stores import Stores
from deploy.aws.told import Told
from deploy.definition import Alert

# Over how long something is counted.
WINDOWS: Mapping[str, int] = {"slower": 300, "counted": 600}
# What the database tells by itself, beside its metrics.
EVENTS = ("availability", "failover", "failure", "low storage", "recovery", "security")


class Alarms(cdk.Stack):
    """The stack of a cell's alarms; each rings its severity's topic, and again when it is over."""

    def __init__(self, scope: Construct, name: str, *, told: Told, stores: Stores, services: Services) -> None:
        alerts = told.alerts
        super().__init__(
            scope, name, env=cdk.Environment(account=stores.account, region=stores.region), termination_protection=True
        )
        self._start = stores.prefix.replace("/", "-")
        self._labels = dict(zip(("environment", "cell"), stores.prefix.split("/"), strict=True))
        self._topics = {severity: topic.topic_arn for severity, topic in stores.paging.topics.items()}
        lead_to_pagerduty(self, told.prefix, stores.paging.topics)
        for alert in alerts.values():
            self._of_alert(alert)
        infrastructure = watched(cell=told.cell, definition=told.definition, stores=stores, services=services)
        for each in infrastructure:
            self._of_infrastructure(each)
        rds.CfnEventSubscription(
            self,
            "DatabaseEvents",
            sns_topic_arn=self._topics["page"],
            source_type="db-instance",
            source_ids=[found.instance_identifier for found in (stores.cluster.primary, *stores.cluster.replicas)],
            event_categories=list(EVENTS),
        )
        NewRelic(self, "NewRelic", prefix=told.prefix, key=stores.logs_key)
        self.nobody_serves = self._nobody_serves(services)
        body = board(self.region, self._labels, alerts, infrastructure)
        cloudwatch.CfnDashboard(self, "Board", dashboard_name=self._start, dashboard_body=self.to_json_string(body))

    def _nobody_serves(self, services: Services) -> cloudwatch.Alarm:
        """Clients are answered by nobody: after three minutes the names lead to the standby region (P33)."""
        groups = enumerate(services.deployments["api"].groups)
        healthy = {f"h{number}": group.metrics.healthy_host_count(statistic="Maximum") for number, group in groups}
        alarm = cloudwatch.Alarm(
            self,
            "NobodyServes",
            alarm_name=lost_alarm(self._start),
            alarm_description="No process of api is ready in the region. (P33) See deploy/README.md, A region is lost",
            metric=cloudwatch.MathExpression(
                expression="FILL(h0, 0) + FILL(h1, 0)", using_metrics=healthy, period=cdk.Duration.minutes(1)
            ),
            threshold=1,
            evaluation_periods=3,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        )
        page = self._topics["page"]
        l1 = alarm.node.default_child
        assert isinstance(l1, cloudwatch.CfnAlarm)
        l1.alarm_actions = l1.ok_actions = [page]
        return alarm

    def _of_alert(self, alert: Alert) -> None:
        look = LOOKS[alert.condition]
        period = WINDOWS.get(alert.condition, PERIOD_SECONDS)
        found = self._each_group(alert) if look.statistic == "AVG" else self._of_cell(alert, look.statistic, period)
        promise = f" ({alert.promise})" if alert.promise else ""
        self._alarm(
            alert.name,
            f"{alert.what}{promise} Runbook: deploy/runbooks/{alert.runbook}",
            alert.severity,
            comparison_operator=look.comparison,
            threshold=threshold(alert),
            evaluation_periods=max(1, math.ceil(alert.for_seconds / period)),
            treat_missing_data=look.silence,
            **found,
        )

    def _of_cell(self, alert: Alert, statistic: str, period: int) -> dict[str, Any]:
        return {
            "namespace": NAMESPACE,
            "metric_name": alert.name,
            "dimensions": _dimensions(self._labels),
            "statistic": statistic,
            "period": period,
        }

    def _each_group(self, alert: Alert) -> dict[str, Any]:
        """The worst of the groups, whichever there are."""
        groups = [label for label in alert.by if label != "cell"]
        here = " AND ".join(f"{label} = '{value}'" for label, value in self._labels.items())
        schema = ", ".join([NAMESPACE, *self._labels, *groups])
        query = " ".join(
            [
                *("SELECT", f'AVG("{alert.name}")', "FROM", f"SCHEMA({schema})", "WHERE", here),
                *("GROUP BY", ", ".join(groups), "ORDER BY", "AVG() DESC", "LIMIT 1"),
            ]
        )
        worst = cloudwatch.CfnAlarm.MetricDataQueryProperty(
            id="worst", expression=query, period=PERIOD_SECONDS, return_data=True
        )
        return {"metrics": [worst]}

    def _of_infrastructure(self, each: Watched) -> None:
        self._alarm(
            each.name,
            f"{each.what} ({each.promise})",
            each.severity,
            namespace=each.namespace,
            metric_name=each.metric,
            dimensions=_dimensions(each.dimensions),
            statistic=each.statistic,
            period=each.period,
            threshold=each.threshold,
            comparison_operator=each.comparison,
            evaluation_periods=each.periods,
            treat_missing_data=each.silence,
        )

    def _alarm(self, name: str, what: str, severity: str, **seen: Any) -> None:
        topic = self._topics[severity]
        cloudwatch.CfnAlarm(
            self,
            "".join(word.capitalize() for word in name.split("-")),
            alarm_name=f"{self._start}-{name}",
            alarm_description=what,
            actions_enabled=True,
            alarm_actions=[topic],
            ok_actions=[topic],
            **seen,
        )


def lost_alarm(start: str) -> str:
    """The name of the alarm that the health check of a cell's names looks at."""
    return f"{start}-nobody-serves"


def _dimensions(labels: Mapping[str, str]) -> list[object]:
    return [cloudwatch.CfnAlarm.DimensionProperty(name=name, value=value) for name, value in labels.items()]
