"""Who is woken, and by what: the definition's alerts as rules of Azure's Prometheus, and the stores' own measures."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from azure.mgmt.monitor import models as monitor
from azure.mgmt.monitorworkspaces import models as workspaces
from azure.mgmt.prometheusrulegroups import models as prometheus

from deploy.azure.names import VERSIONS, Names
from deploy.azure.template import Reference, Template, made
from deploy.definition import read_alerts
from deploy.monitoring.prometheus_rules import expressions

# Azure counts from 0, the gravest; what pages is 1, what waits for the working day is 3.
SEVERITIES: Final = {"page": 1, "ticket": 3}
RULES_IN_A_GROUP: Final = 20
# Store: the measure, what it is called, and from when on it is too much, as an average over five minutes.
MEASURES: Final = {
    "Microsoft.DBforPostgreSQL/flexibleServers": (
        ("cpu_percent", "GreaterThan", 80),
        ("memory_percent", "GreaterThan", 90),
        ("storage_percent", "GreaterThan", 80),
        ("is_db_alive", "LessThan", 1),
    ),
    "Microsoft.Cache/redisEnterprise": (
        ("percentProcessorTime", "GreaterThan", 80),
        ("usedmemorypercentage", "GreaterThan", 80),
    ),
    "Microsoft.ContainerService/managedClusters": (
        ("node_cpu_usage_percentage", "GreaterThan", 85),
        ("node_memory_working_set_percentage", "GreaterThan", 85),
        ("node_disk_usage_percentage", "GreaterThan", 80),
    ),
}


def add_alerts(template: Template, names: Names, cluster: Reference) -> None:
    """The pager, the alerts, and how metrics come to where they are asked."""
    pager = _pager(template, names)
    workspace = _workspace(template, names, cluster)
    _add_rules(template, names, cluster, workspace, pager)
    for resource in list(template.resources):
        for metric, operator, threshold in MEASURES.get(resource["type"], ()):
            store = Reference(resource["type"], resource["name"])
            _add_measure(template, names, store, metric, operator, threshold, pager)


def _pager(template: Template, names: Names) -> Reference:
    address = template.secret_parameter("pagerAddress", "Where PagerDuty takes alerts; the address holds its key")
    receiver = made(monitor.WebhookReceiver, name="pagerduty", service_uri=address, use_common_alert_schema=True)
    return template.add(
        Reference("Microsoft.Insights/actionGroups", f"{names.stack}-on-call"),
        VERSIONS["Microsoft.Insights/actionGroups"],
        made(
            monitor.ActionGroupResource,
            location="global",
            group_short_name="on-call",
            enabled=True,
            webhook_receivers=[receiver],
        ),
    )


def _workspace(template: Template, names: Names, cluster: Reference) -> Reference:
    """Where the metrics of the cluster's pods are kept, and the rule by which its agents bring them there."""
    workspace = template.add(
        Reference("Microsoft.Monitor/accounts", names.stack),
        VERSIONS["Microsoft.Monitor"],
        made(workspaces.AzureMonitorWorkspaceResource, location=names.cell.region),
    )
    version = VERSIONS["Microsoft.Insights/dataCollection"]
    endpoint = template.add(
        Reference("Microsoft.Insights/dataCollectionEndpoints", names.stack),
        version,
        made(monitor.DataCollectionEndpointResource, location=names.cell.region, kind="Linux"),
    )
    flow = made(monitor.DataFlow, streams=["Microsoft-PrometheusMetrics"], destinations=["workspace"])
    source = made(monitor.PrometheusForwarderDataSource, name="prometheus", streams=["Microsoft-PrometheusMetrics"])
    target = made(monitor.MonitoringAccountDestination, account_resource_id=workspace.id, name="workspace")
    rule = template.add(
        Reference("Microsoft.Insights/dataCollectionRules", names.stack),
        version,
        made(
            monitor.DataCollectionRuleResource,
            location=names.cell.region,
            kind="Linux",
            data_collection_endpoint_id=endpoint.id,
            data_sources=made(monitor.DataCollectionRuleDataSources, prometheus_forwarder=[source]),
            destinations=made(monitor.DataCollectionRuleDestinations, monitoring_accounts=[target]),
            data_flows=[flow],
        ),
        after=[workspace, endpoint],
    )
    template.add(
        Reference("Microsoft.Insights/dataCollectionRuleAssociations", "prometheus"),
        version,
        made(monitor.DataCollectionRuleAssociationProxyOnlyResource, data_collection_rule_id=rule.id),
        after=[rule, cluster],
        scope=cluster,
    )
    return workspace


def _add_rules(template: Template, names: Names, cluster: Reference, workspace: Reference, pager: Reference) -> None:
    rules = [
        made(
            prometheus.PrometheusRule,
            alert=alert.name,
            expression=expression,
            for_property=timedelta(seconds=alert.for_seconds),
            severity=SEVERITIES[alert.severity],
            enabled=True,
            labels={"severity": alert.severity, "environment": names.environment.name, **labels},
            annotations={"summary": alert.what, "runbook": f"deploy/runbooks/{alert.runbook}"},
            actions=[made(prometheus.PrometheusRuleGroupAction, action_group_id=pager.id)],
        )
        for alert in read_alerts().values()
        for expression, labels in expressions(alert, [names.cell.name])
    ]
    for start in range(0, len(rules), RULES_IN_A_GROUP):
        properties = made(
            prometheus.PrometheusRuleGroupProperties,
            scopes=[workspace.id, cluster.id],
            cluster_name=names.stack,
            interval=timedelta(minutes=1),
            enabled=True,
            rules=rules[start : start + RULES_IN_A_GROUP],
        )
        template.add(
            Reference("Microsoft.AlertsManagement/prometheusRuleGroups", f"{names.stack}-{start // RULES_IN_A_GROUP}"),
            VERSIONS["Microsoft.AlertsManagement"],
            made(prometheus.PrometheusRuleGroupResource, location=names.cell.region, properties=properties),
            after=[workspace, cluster, pager],
        )


def _add_measure(  # noqa: PLR0917  (a line of a table)
    template: Template, names: Names, store: Reference, metric: str, operator: str, threshold: int, pager: Reference
) -> None:
    condition = made(
        monitor.MetricCriteria,
        name=metric,
        metric_name=metric,
        metric_namespace=store.type,
        time_aggregation="Maximum" if operator == "LessThan" else "Average",
        operator=operator,
        threshold=threshold,
    )
    model = made(
        monitor.MetricAlertResource,
        location="global",
        description=f"{store.name}: {metric} {operator} {threshold}",
        severity=SEVERITIES["page"],
        enabled=True,
        scopes=[store.id],
        evaluation_frequency=timedelta(minutes=1),
        window_size=timedelta(minutes=5),
        criteria=made(monitor.MetricAlertSingleResourceMultipleMetricCriteria, all_of=[condition]),
        auto_mitigate=True,
        actions=[made(monitor.MetricAlertAction, action_group_id=pager.id)],
    )
    template.add(
        Reference("Microsoft.Insights/metricAlerts", f"{store.name}-{metric}"),
        VERSIONS["Microsoft.Insights/metricAlerts"],
        model,
        after=[store, pager],
    )
