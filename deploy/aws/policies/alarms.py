"""What is promised of alarms: each alert is one, it reaches who is on call, and the infrastructure is watched too."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from deploy.aws.measures import LOOKS, NAMESPACE, threshold
from deploy.aws.policies.subject import Policy, Subject, reference, text_of
from deploy.definition import Alert
from deploy.definition.alerts import Severity

ALARM: Final = "AWS::CloudWatch::Alarm"
NEW_RELIC: Final = "https://aws-api.eu01.nr-data.net/"
# What tells of throughput, errors and queries besides our own.
MEASURED: Final = ("AWS/ApplicationELB", "AWS/RDS")
# Of each of these something is watched.
WATCHED: Final = {
    "AWS/RDS": {"CPUUtilization", "FreeStorageSpace", "FreeableMemory", "DiskQueueDepth", "ReplicaLag"},
    "AWS/ElastiCache": {"EngineCPUUtilization", "DatabaseMemoryUsagePercentage"},
    "AWS/ApplicationELB": {"HTTPCode_ELB_5XX_Count", "TargetResponseTime"},
    "AWS/ECS": {"CPUUtilization", "MemoryUtilization"},
    "ECS/ContainerInsights": {"RunningTaskCount"},
    "AWS/CertificateManager": {"DaysToExpiry"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible"},
}


def every_alert_is_an_alarm(subject: Subject) -> Iterator[str]:
    """P24, P25, P26, P27, P28, P18: each alert of the definition is an alarm of this cell, by its own threshold."""
    alarms = _by_name(subject)
    for alert in subject.alerts.values():
        found = alarms.get(f"{subject.prefix.replace('/', '-')}-{alert.name}")
        if found is None:
            yield f"{_promise(alert)} {alert.name}: is no alarm"
            continue
        if not _is_as_defined(subject, alert, found):
            yield f"{_promise(alert)} {alert.name}: isn't looked at as defined"


def silence_is_an_alarm(subject: Subject) -> Iterator[str]:
    """P32: where somebody must be there, nobody saying anything is an alarm."""
    alarms = _by_name(subject)
    for alert in subject.alerts.values():
        found = alarms.get(f"{subject.prefix.replace('/', '-')}-{alert.name}", {})
        if alert.condition == "nobody" and found.get("TreatMissingData") != "breaching":
            yield f"P32 {alert.name}: is silent when nobody is there"


def alarms_reach_somebody(subject: Subject) -> Iterator[str]:
    """P23: each alarm is on and rings its severity's topic, which leads to PagerDuty."""
    for name, properties in subject.of(ALARM):
        if properties.get("ActionsEnabled") is False:
            yield f"P23 {name}: is off"
        if "Paging" not in json.dumps(properties.get("AlarmActions", [])):
            yield f"P23 {name}: rings nobody"
    alarms = _by_name(subject)
    for alert in subject.alerts.values():
        found = alarms.get(f"{subject.prefix.replace('/', '-')}-{alert.name}", {})
        if f"Paging{alert.severity.capitalize()}" not in json.dumps(found.get("AlarmActions", "")):
            yield f"P23 {alert.name}: rings another topic than its severity's"


def topics_lead_to_pagerduty(subject: Subject) -> Iterator[str]:
    """P23: each severity's topic leads to PagerDuty by HTTPS, at an address that is kept as a secret of the cell."""
    led = {str(found.get("Endpoint")): found.get("Protocol") for _, found in subject.of("AWS::SNS::Subscription")}
    for severity in get_args(Severity):
        if led.get(f"{{{{resolve:secretsmanager:{subject.prefix}/pagerduty/{severity}}}}}") != "https":
            yield f"P23 {severity}: leads to nobody"


def metrics_reach_new_relic(subject: Subject) -> Iterator[str]:
    """P20: throughput, errors, queries and our own measures are streamed to New Relic in Europe, by a kept key."""
    streams = {name: properties for name, properties in subject.of("AWS::KinesisFirehose::DeliveryStream")}
    streamed = {
        str(each["Namespace"])
        for _, found in subject.of("AWS::CloudWatch::MetricStream")
        if reference(found["FirehoseArn"]) in streams
        for each in found.get("IncludeFilters", [])
    }
    for namespace in sorted({NAMESPACE, *MEASURED} - streamed):
        yield f"P20 {namespace}: doesn't reach New Relic"
    for name, properties in streams.items():
        to = properties["HttpEndpointDestinationConfiguration"]["EndpointConfiguration"]
        if not str(to["Url"]).startswith(NEW_RELIC):
            yield f"P20 {name}: leads elsewhere than to New Relic in Europe"
        if to.get("AccessKey") != f"{{{{resolve:secretsmanager:{subject.prefix}/new-relic/license-key}}}}":
            yield f"P19 {name}: has another key than the cell's secret"


def alarms_say_what_to_do(subject: Subject) -> Iterator[str]:
    """P33: each alert's alarm names its runbook."""
    alarms = _by_name(subject)
    for alert in subject.alerts.values():
        found = alarms.get(f"{subject.prefix.replace('/', '-')}-{alert.name}", {})
        if f"deploy/runbooks/{alert.runbook}" not in found.get("AlarmDescription", ""):
            yield f"P33 {alert.name}: doesn't say what to do"


def infrastructure_is_watched(subject: Subject) -> Iterator[str]:
    """P21: processor, memory, disk and lag of databases, cache, load balancer and each service are watched."""
    seen: dict[str, set[str]] = {}
    few = set()
    for _, properties in subject.of(ALARM):
        seen.setdefault(str(properties.get("Namespace")), set()).add(str(properties.get("MetricName")))
        if properties.get("MetricName") == "RunningTaskCount":
            few |= {each["Value"] for each in properties["Dimensions"] if each["Name"] == "ServiceName"}
    for namespace, metrics in WATCHED.items():
        for metric in sorted(metrics - seen.get(namespace, set())):
            yield f"P21 {namespace} {metric}: isn't watched"
    for service in sorted(set(subject.definition.services) - few):
        yield f"P21 {service}: nobody counts its processes"


def failovers_are_told(subject: Subject) -> Iterator[str]:
    """P12: when the database fails over, somebody is told; and there is a board to look at."""
    events = [properties for _, properties in subject.of("AWS::RDS::EventSubscription")]
    if not any({"failover", "failure"} <= set(found.get("EventCategories", [])) for found in events):
        yield "P12 nobody is told of a failover"
    boards = [text_of(found["DashboardBody"]) for _, found in subject.of("AWS::CloudWatch::Dashboard")]
    for alert in subject.alerts.values():
        if LOOKS[alert.condition].statistic != "AVG" and not any(f'"{alert.name}"' in board for board in boards):
            yield f"P21 {alert.name}: stands on no board"


def a_lost_region_is_noticed(subject: Subject) -> Iterator[str]:
    """P33: when nobody serves clients in the region, or the region says nothing, it is an alarm within minutes."""
    found = _by_name(subject).get(f"{subject.prefix.replace('/', '-')}-nobody-serves", {})
    if found.get("TreatMissingData") != "breaching" or found.get("ComparisonOperator") != "LessThanThreshold":
        yield "P33 a lost region is noticed by nobody"
    if not 1 <= found.get("EvaluationPeriods", 0) <= 5:
        yield "P33 a lost region is noticed too late"


POLICIES: Final[tuple[Policy, ...]] = (
    every_alert_is_an_alarm,
    silence_is_an_alarm,
    alarms_reach_somebody,
    topics_lead_to_pagerduty,
    metrics_reach_new_relic,
    alarms_say_what_to_do,
    infrastructure_is_watched,
    failovers_are_told,
    a_lost_region_is_noticed,
)


def _promise(alert: Alert) -> str:
    return alert.promise or "P23"


def _by_name(subject: Subject) -> dict[str, Mapping[str, Any]]:
    return {str(properties.get("AlarmName")): properties for _, properties in subject.of(ALARM)}


def _is_as_defined(subject: Subject, alert: Alert, found: Mapping[str, Any]) -> bool:
    look = LOOKS[alert.condition]
    if (found["Threshold"], found["ComparisonOperator"]) != (threshold(alert), look.comparison):
        return False
    environment, cell = subject.prefix.split("/")
    if look.statistic == "AVG":
        (query,) = found["Metrics"]
        return all(f"= '{value}'" in query["Expression"] for value in (environment, cell))
    labels = {each["Name"]: each["Value"] for each in found["Dimensions"]}
    metric = (found["Namespace"], found["MetricName"], found["Statistic"])
    return labels == {"environment": environment, "cell": cell} and metric == (NAMESPACE, alert.name, look.statistic)
