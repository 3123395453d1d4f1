"""What is promised of the other region: the stores follow, the services wait, the names and the document take over."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from deploy.aws.policies.subject import Policy, Subject

KEPT_DAYS: Final = 35


def standby_is_lawful(subject: Subject) -> Iterator[str]:
    """P30: what stands in the other region stands where the jurisdiction's file lets backups lie."""
    law = subject.cell.jurisdiction
    if subject.stands_in != f"aws://{subject.cell.account}/{law.backup_region}":
        yield f"P30 the stack stands in {subject.stands_in}, not in {law.backup_region}"


def standby_follows_the_primary(subject: Subject) -> Iterator[str]:
    """P32: a replica of the cell's own primary stands here, ready to be one: two zones, 35 days, under our key."""
    source = f"arn:aws:rds:{subject.cell.region}:{subject.cell.account}:db:{subject.prefix.replace('/', '-')}"
    databases = list(subject.of("AWS::RDS::DBInstance"))
    if [properties.get("SourceDBInstanceIdentifier") for _, properties in databases] != [source]:
        yield "P32 nothing follows the cell's primary"
    for name, properties in databases:
        if properties.get("MultiAZ") is not True:
            yield f"P12 {name}: stands in one zone"
        if properties.get("BackupRetentionPeriod") != KEPT_DAYS:
            yield f"P13 {name}: promoted, it couldn't go back {KEPT_DAYS} days"
        if "KmsKeyId" not in properties:
            yield f"P14 {name}: isn't under a key of ours"


def services_wait(subject: Subject) -> Iterator[str]:
    """P32: every service is defined in the other region, and none runs there before it takes over."""
    for name, properties in subject.of("AWS::ECS::Service"):
        if properties.get("DesiredCount") != 0:
            yield f"P32 {name}: runs beside the cell's own"
    for name, properties in subject.of("AWS::ApplicationAutoScaling::ScalableTarget"):
        if properties.get("MinCapacity") != 0:
            yield f"P32 {name}: is scaled up beside the cell's own"


def failover_is_written_down(subject: Subject) -> Iterator[str]:
    """P33: one document promotes the database, and then runs each service."""
    documents = [properties for _, properties in subject.of("AWS::SSM::Document")]
    if [found.get("DocumentType") for found in documents] != ["Automation"]:
        yield "P33 there is no document to carry out"
        return
    steps = documents[0]["Content"]["mainSteps"]
    apis = [step["inputs"].get("Api") for step in steps]
    wanted = ["PromoteReadReplica", "DescribeDBInstances", "UpdateService"]
    if [apis.index(api) for api in wanted if api in apis] != sorted(apis.index(api) for api in wanted if api in apis):
        yield "P33 services run before the database is promoted"
    for api in sorted(set(wanted) - set(apis)):
        yield f"P33 the document doesn't {api}"
    run = {step["inputs"].get("service") for step in steps if step["inputs"].get("Api") == "UpdateService"}
    for service in sorted(set(subject.definition.services) - run):
        yield f"P33 {service}: isn't run"


def failover_ends_in_time(subject: Subject) -> Iterator[str]:
    """P32: the document waits for the promoted database for less than 15 minutes."""
    for _, properties in subject.of("AWS::SSM::Document"):
        steps = properties["Content"]["mainSteps"]
        before = [step for step in steps if step["inputs"].get("Service") == "rds"]
        if sum(step.get("timeoutSeconds", 0) for step in before) > 15 * 60:
            yield "P32 the promotion alone may take longer than 15 minutes"


def failover_can_do_no_more(subject: Subject) -> Iterator[str]:
    """P31: who carries out the document may touch this cell's standby, and nothing else."""
    for name, properties in subject.of("AWS::IAM::Policy"):
        for statement in properties["PolicyDocument"]["Statement"]:
            if statement["Resource"] == "*" or statement["Action"] == "*":
                yield f"P31 {name}: may touch everything"
        text = json.dumps(properties)
        for other in subject.environment.cells:
            if other != subject.cell.name and f"{subject.environment.name}-{other}" in text:
                yield f"P31 {name}: may touch the cell {other}"


def names_lead_to_who_serves(subject: Subject) -> Iterator[str]:
    """P33: the health check of the names looks at the cell's own alarm, and a region that says nothing is lost."""
    checks = {name: properties["HealthCheckConfig"] for name, properties in subject.of("AWS::Route53::HealthCheck")}
    for name, check in checks.items():
        if check.get("InsufficientDataHealthStatus") != "Unhealthy":
            yield f"P33 {name}: takes a silent region for one that serves"
        alarm = check.get("AlarmIdentifier", {})
        if alarm.get("Region") != subject.cell.region or not alarm.get("Name", "").endswith("-nobody-serves"):
            yield f"P33 {name}: looks elsewhere than at the cell"


def names_are_in_two_regions(subject: Subject) -> Iterator[str]:
    """P33: each of the cell's names has a first and a second place, and somebody asks whether the first one serves."""
    by_host: dict[str, dict[str, Mapping[str, Any]]] = {}
    for _, record in subject.of("AWS::Route53::RecordSet"):
        by_host.setdefault(record["Name"], {})[record.get("Failover", "")] = record
    if set(by_host) != _hosts(subject):
        yield f"P33 the names are {sorted(by_host)}, not {sorted(_hosts(subject))}"
    for host, records in by_host.items():
        if set(records) != {"PRIMARY", "SECONDARY"}:
            yield f"P33 {host} leads to one region only"
        elif "HealthCheckId" not in records["PRIMARY"]:
            yield f"P33 {host}: nobody asks whether the region serves"


STANDBY: Final[tuple[Policy, ...]] = (standby_is_lawful, standby_follows_the_primary)
SERVICES: Final[tuple[Policy, ...]] = (standby_is_lawful, services_wait)
FAILOVER: Final[tuple[Policy, ...]] = (
    standby_is_lawful,
    failover_is_written_down,
    failover_ends_in_time,
    failover_can_do_no_more,
)
NAMES: Final[tuple[Policy, ...]] = (standby_is_lawful, names_lead_to_who_serves, names_are_in_two_regions)


def _hosts(subject: Subject) -> set[str]:
    assert subject.cell.aws is not None
    hosts = subject.cell.hosts
    return {f"origin.{hosts[0]}."} if subject.cell.aws.front == "cloudflare" else {f"{host}." for host in hosts}
