"""What a cell on AWS costs in a month, line by line: how many of what, times its price. Pure.

What there is once in a cell, keys and secrets and alarms and ways out, is counted in deploy/aws/kept, which holds a
line for each resource of each stack. Tasks are billed as if the busiest minute lasted all month: scaling takes some of
it back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.cost.capacity import PROCESSOR, Plan
from deploy.cost.load import Assumptions
from deploy.cost.price_list import TIMES, Price, PriceList
from deploy.definition import CellPlace
from deploy.definition.reading import DEPLOY

KEPT: Final = DEPLOY / "aws" / "kept"
HOURS: Final = 730
MIB: Final = 1024
HERE: Final = ("stores", "services", "alarms", "guard")
THERE: Final = ("backups", "standby", "standby-services")
# Of AWS's load balancers: new connections a second, open ones, and GB an hour that make a unit.
UNIT_NEW: Final = 25
UNIT_OPEN: Final = 3000
UNIT_GB: Final = 1


@dataclass(frozen=True)
class Line:
    """How many of what, `times` to make a month of it, and the price of one; no price when none was found."""

    part: str
    what: str
    number: float
    times: int
    price: Price | None

    @property
    def dollars(self) -> float:
        """What it comes to; nothing where no price was found."""
        return self.number * self.times * self.price.dollars if self.price else 0.0


def resources(cell: str, stacks: tuple[str, ...], folder: Path = KEPT) -> Counter[str]:
    """How many resources of each type the stacks of a cell have."""
    lines = [
        line
        for stack in stacks
        if (path := folder / f"{cell}-{stack}.txt").is_file()
        for line in path.read_text(encoding="ascii").splitlines()
    ]
    return Counter(line.split()[0].removeprefix("AWS::") for line in lines)


@dataclass(frozen=True)
class Biller:
    """What a bill is made with: prices, assumptions, and the cell whose stacks are counted."""

    prices: PriceList
    assumed: Assumptions
    environment: str
    cell: CellPlace

    def lines(self, plan: Plan) -> list[Line]:
        """Each line for one cell."""
        here, there = self.cell.region, self.cell.backup_region
        return [
            *self._services(plan, here),
            *self._database(plan, here, there),
            *self._cache(plan, here, there),
            *self._network(here, HERE, self.cell.zones),
            *self._network(there, THERE, self.cell.aws.standby_zones if self.cell.aws else ()),
            *self._door(plan, here),
            *self._kept(plan, here, there),
            *self._watching(plan, here),
        ]

    def _services(self, plan: Plan, region: str) -> Iterator[Line]:
        for name, tasks in plan.tasks.items():
            size = plan.size.services[name]
            number, what = (
                tasks * size.processor / PROCESSOR,
                f"{tasks} {TIMES} {name}, {size.processor / PROCESSOR:g} vCPU",
            )
            yield self._line("services", what, number, HOURS, "fargate-processor", region)
            number, what = tasks * size.memory / MIB, f"{tasks} {TIMES} {name}, {size.memory / MIB:g} GiB"
            yield self._line("services", what, number, HOURS, "fargate-memory", region)

    def _database(self, plan: Plan, here: str, there: str) -> Iterator[Line]:
        item, replicas, storage = f"db.{plan.size.database_class}", plan.size.database_replicas, plan.storage
        yield self._line("database", f"primary {item} in two zones", 2, HOURS, item, here)
        yield self._line("database", f"{replicas} replicas {item}", replicas, HOURS, item, here)
        copies = 2 + replicas
        yield self._line("database", f"{copies} {TIMES} {storage} GB", copies * storage, 1, "database-storage", here)
        backup = self.assumed.of("limits", "backup") * plan.load.database_gib
        yield self._line("database", "backups beyond the database's size", backup, 1, "database-backup", here)
        if there != here:
            yield self._line("standby", f"{item} in two zones, {there}", 2, HOURS, item, there)
            yield self._line("standby", f"2 {TIMES} {storage} GB, {there}", 2 * storage, 1, "database-storage", there)
            copied = (1 + self.assumed.of("limits", "backup")) * plan.load.database_gib
            yield self._line("standby", f"copies of the backups, {there}", copied, 1, "database-backup", there)

    def _cache(self, plan: Plan, here: str, there: str) -> Iterator[Line]:
        item, nodes = f"cache.{plan.size.cache_class}", 1 + plan.size.cache_replicas
        yield self._line("cache", f"{nodes} nodes {item}", nodes, HOURS, item, here)
        if there != here:
            yield self._line("standby", f"{nodes} nodes {item}, {there}", nodes, HOURS, item, there)

    def _network(self, region: str, stacks: tuple[str, ...], zones: tuple[str, ...]) -> Iterator[Line]:
        found, part = self._resources(stacks), "network" if stacks == HERE else "standby"
        where = "" if stacks == HERE else f", {region}"
        gateways, balancers = found["EC2::NatGateway"], found["ElasticLoadBalancingV2::LoadBalancer"]
        # The one to S3 costs nothing.
        endpoints = max(0, found["EC2::VPCEndpoint"] - 1)
        yield self._line(part, f"{gateways} NAT gateways{where}", gateways, HOURS, "nat-gateway", region)
        what = f"{endpoints} endpoints in {len(zones)} zones{where}"
        yield self._line(part, what, endpoints * len(zones), HOURS, "endpoint", region)
        addresses = found["EC2::EIP"] + balancers * len(zones)
        yield self._line(part, f"{addresses} public addresses{where}", addresses, HOURS, "public-address", region)
        yield self._line(part, f"{balancers} load balancer{where}", balancers, HOURS, "load-balancer", region)

    def _door(self, plan: Plan, region: str) -> Iterator[Line]:
        load = plan.load
        new = load.requests * self.assumed.of("each", "new_connections") / UNIT_NEW
        units = max(new, load.connections / UNIT_OPEN, load.out_gb / HOURS / UNIT_GB)
        yield self._line("network", "load balancer's units", units, HOURS, "load-balancer-capacity", region)
        yield self._line("network", "data out", load.out_gb, 1, "data-out", region)

    def _kept(self, plan: Plan, here: str, there: str) -> Iterator[Line]:
        found, away = self._resources(HERE), self._resources(THERE)
        copies = 2 if away["S3::Bucket"] > 1 else 1
        yield self._line("kept", f"{copies} {TIMES} documents", copies * plan.load.document_gb, 1, "objects", here)
        secrets, keys = found["SecretsManager::Secret"], found["KMS::Key"] + away["KMS::Key"]
        regions = 1 if here == there else 2
        what = f"{secrets} secrets in {regions} regions"
        yield self._line("kept", what, secrets * regions, 1, "secret", here)
        yield self._line("kept", f"{keys} keys", keys, 1, "key", here)

    def _watching(self, plan: Plan, here: str) -> Iterator[Line]:
        found, away = self._resources(HERE), self._resources(THERE)
        alarms = found["CloudWatch::Alarm"] + away["CloudWatch::Alarm"]
        yield self._line("watching", f"{alarms} alarms", alarms, 1, "alarm", here)
        metrics = self.assumed.of("each", "metrics_of_cell")
        yield self._line("watching", f"{metrics:g} metrics", metrics, 1, "metric", here)
        yield self._line("watching", "logs taken in", plan.load.log_gb, 1, "log", here)

    def _resources(self, stacks: tuple[str, ...]) -> Counter[str]:
        return resources(f"{self.environment}-{self.cell.name}", stacks)

    def _line(  # noqa: PLR0917  (in the order in which the page shows them)
        self, part: str, what: str, number: float, times: int, item: str, region: str
    ) -> Line:
        return Line(part, what, number, times, self.prices.price(item, region))


def parts(lines: list[Line]) -> Mapping[str, float]:
    """What each part of a bill comes to."""
    found: dict[str, float] = {}
    for line in lines:
        found[line.part] = found.get(line.part, 0.0) + line.dollars
    return found


def listed_share(lines: list[Line]) -> float:
    """How much of a bill is by prices that were found for the very region."""
    total = sum(line.dollars for line in lines)
    return sum(line.dollars for line in lines if line.price and not line.price.standing) / total
