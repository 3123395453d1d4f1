"""What the infrastructure of a cell may suffer from, and from when on somebody is to know (P21)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from deploy.aws.copies import RULE
from deploy.aws.services import Services
from deploy.aws.stores import Stores
from deploy.definition import CellPlace, Definition, Service
from deploy.definition.alerts import Severity

GIB: Final = 1024**3
PAGE: Final[Severity] = "page"
TICKET: Final[Severity] = "ticket"
OVER, UNDER = "GreaterThanThreshold", "LessThanThreshold"


@dataclass(frozen=True, kw_only=True)
class Watched:
    """One metric of AWS's own: over (or under) the threshold for all of the periods, it is an alarm."""

    name: str
    what: str
    severity: Severity
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    threshold: float
    promise: str = "P21"
    statistic: str = "Average"
    comparison: str = OVER
    periods: int = 5
    period: int = 60
    silence: str = "notBreaching"


def watched(*, cell: CellPlace, definition: Definition, stores: Stores, services: Services) -> tuple[Watched, ...]:
    """Everything that is watched of a cell."""
    return (
        *_databases(cell, stores),
        *_cache(cell, stores),
        *_door(services),
        *_services(definition, services),
        *_tasks(services),
        *_copies(stores),
    )


def _databases(cell: CellPlace, stores: Stores) -> Iterator[Watched]:
    instances = {"primary": stores.cluster.primary}
    instances |= {f"replica-{number}": each for number, each in enumerate(stores.cluster.replicas, 1)}
    for name, instance in instances.items():
        yield from _database(name, instance.instance_identifier, cell.size.database_storage * GIB)
    yield Watched(
        name="database-replica-lag",
        what="The first replica is more than 30 seconds behind.",
        severity="ticket",
        promise="P11",
        namespace="AWS/RDS",
        metric="ReplicaLag",
        dimensions={"DBInstanceIdentifier": stores.cluster.replicas[0].instance_identifier},
        statistic="Maximum",
        threshold=30,
    )


def _database(name: str, identifier: str, room: float) -> Iterator[Watched]:
    for metric, what, severity, threshold, comparison in (
        ("CPUUtilization", "has little processor left", PAGE, 85, OVER),
        ("FreeStorageSpace", "has less than 15 % of its storage left", PAGE, room * 0.15, UNDER),
        ("FreeableMemory", "has less than half a GiB of memory left", TICKET, GIB / 2, UNDER),
        ("DiskQueueDepth", "waits for its disk", TICKET, 64, OVER),
    ):
        yield Watched(
            name=f"database-{name}-{_words(metric)}",
            what=f"The {name} {what}.",
            severity=severity,
            namespace="AWS/RDS",
            metric=metric,
            dimensions={"DBInstanceIdentifier": identifier},
            threshold=threshold,
            comparison=comparison,
            periods=10,
        )


_OF_A_CACHE: Final = (
    ("EngineCPUUtilization", "has little processor left", 80),
    ("DatabaseMemoryUsagePercentage", "has little memory left", 80),
    ("Evictions", "forgets what it was to keep", 0),
)


def _cache(cell: CellPlace, stores: Stores) -> Iterator[Watched]:
    for number in range(1, cell.size.cache_replicas + 2):
        node = f"{stores.cache.nodes.ref}-{number:03d}"
        for metric, what, threshold in _OF_A_CACHE:
            yield Watched(
                name=f"cache-{number}-{_words(metric)}",
                what=f"Node {number} of Valkey {what}.",
                severity="page",
                namespace="AWS/ElastiCache",
                metric=metric,
                dimensions={"CacheClusterId": node},
                threshold=threshold,
            )


def _door(services: Services) -> Iterator[Watched]:
    balancer = services.door.balancer
    of = {"LoadBalancer": balancer.load_balancer_full_name}
    yield Watched(
        name="door-errors",
        what="The load balancer itself answers with errors: no process takes what it brings.",
        severity="page",
        namespace="AWS/ApplicationELB",
        metric="HTTPCode_ELB_5XX_Count",
        dimensions=of,
        statistic="Sum",
        threshold=10,
        periods=2,
    )
    yield Watched(
        name="door-slow",
        what="Answers take longer than two seconds in the mean.",
        severity="ticket",
        namespace="AWS/ApplicationELB",
        metric="TargetResponseTime",
        dimensions=of,
        threshold=2,
    )
    yield Watched(
        name="door-certificate-ending",
        what="The load balancer's certificate ends within 30 days, and wasn't renewed.",
        severity="ticket",
        promise="P28",
        namespace="AWS/CertificateManager",
        metric="DaysToExpiry",
        dimensions={"CertificateArn": services.door.certificate.certificate_arn},
        statistic="Minimum",
        threshold=30,
        comparison=UNDER,
        periods=1,
        period=86_400,
    )


def _services(definition: Definition, services: Services) -> Iterator[Watched]:
    for service in definition.services.values():
        yield from _service(service, {"ClusterName": str(services.cluster.cluster_name), "ServiceName": service.name})


def _service(service: Service, of: Mapping[str, str]) -> Iterator[Watched]:
    for metric, what, threshold in (
        ("CPUUtilization", "has little processor left", 90),
        ("MemoryUtilization", "has little memory left", 85),
    ):
        yield Watched(
            name=f"{service.name}-{_words(metric)}",
            what=f"{service.name} {what}.",
            severity=TICKET,
            namespace="AWS/ECS",
            metric=metric,
            dimensions=of,
            threshold=threshold,
            periods=10,
        )
    yield Watched(
        name=f"{service.name}-too-few",
        what=f"Fewer processes of {service.name} run than its minimum.",
        severity=PAGE,
        promise="P33",
        namespace="ECS/ContainerInsights",
        metric="RunningTaskCount",
        dimensions=of,
        statistic="Minimum",
        threshold=service.scaling.minimum,
        comparison=UNDER,
        silence="breaching",
    )


def _tasks(services: Services) -> Iterator[Watched]:
    for task, queue in services.tasks.not_started.items():
        yield Watched(
            name=f"{task}-not-started",
            what=f"The schedule couldn't start {task}.",
            severity=TICKET,
            promise="P32",
            namespace="AWS/SQS",
            metric="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": queue.queue_name},
            statistic="Maximum",
            threshold=0,
            periods=1,
        )


def _copies(stores: Stores) -> Iterator[Watched]:
    for kind, source in stores.objects.names.items():
        if (copy := stores.copied_to.get(kind)) is None:
            continue
        yield Watched(
            name=f"{kind}-not-copied",
            what=f"S3 couldn't copy some of the {kind} to the backup region.",
            severity=TICKET,
            promise="P32",
            namespace="AWS/S3",
            metric="OperationsFailedReplication",
            dimensions={"SourceBucket": source, "DestinationBucket": copy, "RuleId": RULE},
            statistic="Sum",
            threshold=0,
            periods=1,
            period=300,
        )


def _words(metric: str) -> str:
    return (
        "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in metric)
        .strip("-")
        .replace("c-p-u-", "cpu-")
    )
