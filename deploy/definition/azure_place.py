"""What only a cell on Azure has: where its region stands there, its directory, its names, its services' identities."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fintech.jurisdictions.reading import TableReader

# The jurisdictions' files name places as AWS does; these stand in the same cities (Microsoft's list of Azure regions).
REGIONS: Final[Mapping[str, str]] = MappingProxyType(
    {"eu-central-1": "germanywestcentral", "eu-west-2": "uksouth", "ap-southeast-2": "australiaeast"}
)
# Where Azure itself keeps the copies of what stands in a region, in the same country; it lets nobody choose.
PAIRS: Final[Mapping[str, str]] = MappingProxyType(
    {"germanywestcentral": "germanynorth", "uksouth": "ukwest", "australiaeast": "australiasoutheast"}
)
ZONES: Final = ("1", "2", "3")

_UNIQUE: Final = re.compile(r"[a-z][a-z0-9]{3,7}")
_IDENTIFIER: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True)
class AzurePlace:
    """The parts of a cell that Azure alone knows.

    `tenant` is the directory. `unique` begins the names that nobody else on Azure may have. `nodes` is the size of the
    nodes' machines, `smtp_host` takes the mails. `metrics` is where Azure's Prometheus is asked, `identities` are the
    client ids of the services' and tasks' managed identities: the template makes both, and its first deployment tells
    them.
    """

    tenant: str
    unique: str
    nodes: str
    smtp_host: str
    metrics: str
    identities: Mapping[str, str]


def lawful_regions(region: str, backup_region: str) -> tuple[str, str]:
    """Azure's own names for the two regions of a jurisdiction; for one that Azure has nothing in, none that there is.

    Copies go to the region's pair, unless the law knows one region only.
    """
    here = REGIONS.get(region, f"none of Azure's is in {region}")
    return here, here if backup_region == region else PAIRS.get(here, here)


def read_azure_place(cell: TableReader, commands: Collection[str]) -> AzurePlace:
    """The table `azure` of a cell. Raises the table's error for what can't be."""
    table = cell.table("azure")
    tables = table.table("identities")
    place = AzurePlace(
        tenant=_identifier(table, "tenant"),
        unique=_unique(table),
        nodes=table.text("nodes"),
        smtp_host=table.text("smtp_host"),
        metrics=table.text("metrics"),
        identities=MappingProxyType({name: _identifier(tables, name) for name in commands}),
    )
    tables.finish()
    table.finish()
    return place


def _unique(table: TableReader) -> str:
    unique = table.text("unique")
    if not _UNIQUE.fullmatch(unique):
        raise table.error("unique", f"is {unique!r}", "write four to eight small letters and digits")
    return unique


def _identifier(table: TableReader, key: str) -> str:
    if not _IDENTIFIER.fullmatch(text := table.text(key)):
        raise table.error(key, f"is {text!r}", "write an id of Azure's directory (a GUID)")
    return text
