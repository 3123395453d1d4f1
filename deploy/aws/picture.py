"""A cell on AWS as a picture, drawn from its templates: `python -m deploy.aws.picture [--write]`.

What stands in docs/pictures/aws.svg is read from the templates of the cell below, none of it from here: services with
their numbers and sizes, stores, what watches them, and the standby. Without `--write` it says whether the picture is as
the templates are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

from deploy.aws.drawing import Box, Drawing
from deploy.aws.synthesis import NotSynthesised, Template, regions, synthesise
from deploy.locked_environment import REPOSITORY
from deploy.rendered_file import write_or_compare

CELL: Final = "production-eu"
PICTURE: Final = REPOSITORY / "docs" / "pictures" / "aws.svg"
SIZE: Final = (1180, 720)

Properties = Mapping[str, Any]


class Cell:
    """The templates of one cell, asked for what is drawn."""

    def __init__(self, name: str, templates: Mapping[str, Template], places: Mapping[str, str]) -> None:
        self.name = name
        self._templates, self._places = templates, places

    def of(self, stack: str, kind: str) -> list[Properties]:
        """The properties of all resources of a type in one of the cell's stacks."""
        found = self._templates[f"{self.name}-{stack}"]["Resources"].values()
        return [each.get("Properties", {}) for each in found if each["Type"] == f"AWS::{kind}"]

    def region(self, stack: str) -> str:
        """Where a stack stands."""
        return self._places[f"{self.name}-{stack}"].rpartition("/")[2]

    def front(self) -> str:
        """What stands before the load balancer."""
        return "AWS WAF" if self.of("services", "WAFv2::WebACLAssociation") else "Cloudflare"

    def services(self, *, public: bool, stack: str = "services") -> Iterator[tuple[str, str]]:
        """Each service with its numbers and size."""
        sizes = {found["Family"]: found for found in self.of(stack, "ECS::TaskDefinition")}
        bounds = {
            found["ResourceId"].rpartition("/")[2]: f"{found['MinCapacity']} to {found['MaxCapacity']}"
            for found in self.of(stack, "ApplicationAutoScaling::ScalableTarget")
        }
        for found in self.of(stack, "ECS::Service"):
            name = found["ServiceName"]
            size = sizes[f"{self.name}-{name}"]
            number = bounds.get(name, str(found.get("DesiredCount")))
            if bool(found.get("LoadBalancers")) == public:
                yield name, f"{number} of {int(size['Cpu']) / 1024:g} vCPU, {int(size['Memory']) / 1024:g} GiB"

    def tasks(self) -> list[str]:
        """What runs to its end, by name."""
        running = {found["ServiceName"] for found in self.of("services", "ECS::Service")}
        families = [
            found["Family"].removeprefix(f"{self.name}-") for found in self.of("services", "ECS::TaskDefinition")
        ]
        return [family for family in families if family not in running]


def drawn(cell: Cell) -> str:
    """The picture as SVG."""
    drawing = Drawing(*SIZE, title=f"The cell {cell.name} on AWS, drawn from its templates")
    drawing.frame(20, 110, 880, 430, f"{cell.region('stores')}: its own account and network")
    drawing.frame(
        20,
        570,
        880,
        130,
        f"{cell.region('standby')}: the standby, whose services wait until the region is lost",
        below=True,
    )
    outside = drawing.box(Box(40, 40, 250, 48, ("Clients, back office,", "payment providers"), "outside"))
    front = drawing.box(Box(335, 40, 230, 48, (cell.front(), "alone reaches the load balancer"), "outside"))
    door = drawing.box(Box(360, 140, 180, 48, ("Load balancer", "TLS, test listener"), "door"))
    drawing.arrow(outside.right, front.left)
    drawing.arrow(front.bottom, door.top)
    _services(drawing, cell, door)
    _stores(drawing, cell)
    _watching(drawing, cell)
    _standby(drawing, cell)
    return drawing.svg()


def _services(drawing: Drawing, cell: Cell, door: Box) -> None:
    for place, (name, numbers) in enumerate(cell.services(public=True)):
        service = drawing.box(Box(150 + place * 220, 220, 190, 52, (f"{name} (blue, green)", numbers), "service"))
        drawing.arrow(door.bottom, service.top)
    for place, (name, numbers) in enumerate(cell.services(public=False)):
        drawing.box(Box(40 + place * 175, 300, 165, 48, (name, numbers), "service"))
    drawing.box(Box(740, 300, 140, 48, ("tasks", ", ".join(cell.tasks())), "service"))


def _stores(drawing: Drawing, cell: Cell) -> None:
    drawing.label(40, 415, "stores: reached by services only, reach nothing")
    drawing.arrow((455, 350), (455, 400))
    for place, lines in enumerate((*_databases(cell), *_kept(cell))):
        drawing.box(Box(40 + place * 172, 430, 160, 66, lines, "store"))


def _databases(cell: Cell) -> Iterator[tuple[str, ...]]:
    databases = cell.of("stores", "RDS::DBInstance")
    primary = next(found for found in databases if "SourceDBInstanceIdentifier" not in found)
    zones = "two zones" if primary["MultiAZ"] else "one zone"
    days = primary["BackupRetentionPeriod"]
    yield f"PostgreSQL {primary['EngineVersion']}", f"{primary['DBInstanceClass']}, {zones}", f"{days} days to go back"
    yield f"{len(databases) - 1} replicas", "lists, dashboards,", "reports"
    (cache,) = cell.of("stores", "ElastiCache::ReplicationGroup")
    nodes = cache["ReplicasPerNodeGroup"] + 1
    yield f"Valkey {cache['EngineVersion']}", f"{nodes} of {cache['CacheNodeType']}", "TLS and password"


def _kept(cell: Cell) -> Iterator[tuple[str, ...]]:
    buckets = cell.of("stores", "S3::Bucket")
    locked = [found for found in buckets if found.get("ObjectLockEnabled")]
    yield "Objects (S3)", f"{len(buckets)} buckets,", f"{len(locked)} locked"
    secrets = len(cell.of("stores", "SecretsManager::Secret"))
    rotated = len(cell.of("stores", "SecretsManager::RotationSchedule"))
    yield "Secrets and keys", f"{secrets} secrets, {rotated} rotated", f"{len(cell.of('stores', 'KMS::Key'))} keys"


def _watching(drawing: Drawing, cell: Cell) -> None:
    drawing.frame(920, 110, 240, 430, "who watches")
    topics = [found["TopicName"].removeprefix(f"{cell.name}-") for found in cell.of("stores", "SNS::Topic")]
    alarms = sum(len(cell.of(stack, "CloudWatch::Alarm")) for stack in ("alarms", "services"))
    rules = len(cell.of("guard", "Config::ConfigRule"))
    alarm = drawing.box(Box(940, 140, 200, 52, ("CloudWatch", f"{alarms} alarms, a board"), "watch"))
    topic = drawing.box(Box(940, 225, 200, 52, ("topics", ", ".join(topics)), "watch"))
    pager = drawing.box(Box(940, 310, 200, 44, ("PagerDuty",), "outside"))
    drawing.arrow(alarm.bottom, topic.top)
    drawing.arrow(topic.bottom, pager.top)
    drawing.box(Box(940, 400, 200, 52, ("CloudTrail, GuardDuty", f"Config with {rules} rules"), "watch"))
    drawing.box(Box(940, 470, 200, 44, ("Budget",), "watch"))


def _standby(drawing: Drawing, cell: Cell) -> None:
    (replica,) = cell.of("standby", "RDS::DBInstance")
    services = len(cell.of("standby-services", "ECS::Service"))
    names = len(cell.of("names", "Route53::RecordSet"))
    follower = drawing.box(Box(40, 590, 190, 66, ("PostgreSQL", replica["DBInstanceClass"], "follows"), "store"))
    drawing.arrow((120, 496), follower.top)
    drawing.box(Box(255, 590, 190, 66, ("Objects, backups", "copied, under a key", "of this region"), "store"))
    drawing.box(Box(470, 590, 190, 66, (f"{services} services", "none runs", "same image, same roles"), "service"))
    drawing.box(Box(685, 590, 195, 66, ("Failover document", "promotes the database,", "starts the services"), "watch"))
    moved = drawing.box(
        Box(940, 590, 200, 66, ("Route 53", f"{names} records, health check", "move by themselves"), "outside")
    )
    drawing.arrow(moved.left, (900, moved.left[1]))


def rendered() -> str:
    """The picture of the cell as its templates are now. Raises NotSynthesised."""
    templates = synthesise()
    return drawn(Cell(CELL, templates, regions()))


def main() -> int:
    """Write or compare; 1 when the picture isn't as the templates are."""
    try:
        picture = rendered()
    except NotSynthesised as why:
        print(why)
        return 1
    return write_or_compare({PICTURE: picture}, command="python -m deploy.aws.picture")


if __name__ == "__main__":
    sys.exit(main())
