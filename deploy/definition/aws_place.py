"""What only a cell on AWS has: who stands in front of it, its place in DNS, its standby, its budget."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from fintech.jurisdictions.reading import TableReader

Front = Literal["cloudflare", "waf"]

_HOSTED_ZONE: Final = re.compile(r"Z[0-9A-Z]{10,31}")
# For each processor, in thousandths of one: the least and the most memory in MiB, and the step between. From AWS's
# "Fargate task definition considerations", task CPU and memory.
_FARGATE: Final = {
    512: (1024, 4096, 1024),
    1024: (2048, 8192, 1024),
    2048: (4096, 16_384, 1024),
    4096: (8192, 30_720, 1024),
    8192: (16_384, 61_440, 4096),
    16_384: (32_768, 122_880, 8192),
}
_SMALLEST: Final = {256: (512, 1024, 2048)}


@dataclass(frozen=True, kw_only=True)
class AwsPlace:
    """The parts of a cell that AWS alone knows.

    `front`: Cloudflare stands before the load balancer, or AWS's own firewall for web applications does. `zone` is the
    DNS zone that holds the cell's hosts, `hosted_zone` its id. `standby_zones` are zones of the backup region.
    `smtp_host` takes the mails. `monthly_budget` is in US dollars.
    """

    front: Front
    zone: str
    hosted_zone: str
    standby_zones: tuple[str, ...]
    smtp_host: str
    monthly_budget: int


def read_aws_place(cell: TableReader, hosts: Collection[str]) -> AwsPlace:
    """The table `aws` of a cell. Raises the table's error for what can't be."""
    fronts: tuple[Front, ...] = ("cloudflare", "waf")
    table = cell.table("aws")
    place = AwsPlace(
        front=table.choice("front", fronts),
        zone=table.text("zone"),
        hosted_zone=table.text("hosted_zone"),
        standby_zones=table.texts("standby_zones"),
        smtp_host=table.text("smtp_host"),
        monthly_budget=table.integer("monthly_budget", low=1, high=10_000_000),
    )
    if strays := [host for host in hosts if not host.endswith(f".{place.zone}")]:
        raise table.error("zone", f"is {place.zone!r}, which doesn't hold {strays[0]}", "write the zone of the hosts")
    if not _HOSTED_ZONE.fullmatch(place.hosted_zone):
        raise table.error("hosted_zone", f"is {place.hosted_zone!r}", "write the id that Route 53 gave it")
    if len(place.standby_zones) < 2:
        raise table.error("standby_zones", "is one zone", "write two at least: one may fail")
    table.finish()
    return place


def fits_fargate(processor: int, memory: int) -> bool:
    """Whether Fargate has tasks of this size."""
    if processor in _SMALLEST:
        return memory in _SMALLEST[processor]
    if processor not in _FARGATE:
        return False
    least, most, step = _FARGATE[processor]
    return least <= memory <= most and (memory - least) % step == 0
