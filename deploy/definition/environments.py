"""`deploy/environments/*.toml`, typed: the cells of staging and production, where they stand and how large they are.

A cell stands where its jurisdiction's file says that its data live, and backs up where that file says (P30).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from deploy.definition.aws_place import AwsPlace, fits_fargate, read_aws_place
from deploy.definition.azure_place import ZONES, AzurePlace, lawful_regions, read_azure_place
from deploy.definition.reading import DEPLOY, DefinitionError, opened
from deploy.definition.services import Definition, read_services
from fintech.jurisdictions import Jurisdiction, UnknownJurisdiction, jurisdiction
from fintech.jurisdictions.reading import TableReader

FOLDER: Final = DEPLOY / "environments"

Cloud = Literal["aws", "azure"]


@dataclass(frozen=True, kw_only=True)
class ServiceSize:
    """What one process of a service gets: `processor` in thousandths of one, `memory` in MiB."""

    processor: int
    memory: int


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a cell is: its cluster (storage in GiB), its cache and each of its services."""

    name: str
    database_class: str
    database_storage: int
    database_replicas: int
    cache_class: str
    cache_replicas: int
    services: Mapping[str, ServiceSize]


@dataclass(frozen=True, kw_only=True)
class CellPlace:
    """Where a cell of an environment stands, and under which names its entity's clients find it.

    `aws` and `azure` are what only a cell on that cloud has, and None elsewhere.
    """

    name: str
    jurisdiction: Jurisdiction
    cloud: Cloud
    account: str
    region: str
    zones: tuple[str, ...]
    backup_region: str
    hosts: tuple[str, ...]
    size: Size
    aws: AwsPlace | None
    azure: AzurePlace | None


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Staging or production, with its cells by name."""

    name: str
    cells: Mapping[str, CellPlace]


def read_environments(folder: Path = FOLDER) -> Mapping[str, Environment]:
    """Every environment by its name. Raises DefinitionError with the problems of all files."""
    definition = read_services()
    found: dict[str, Environment] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            found[path.stem] = read_environment(path, definition)
        except DefinitionError as faulty:
            problems += faulty.problems
    if problems or not found:
        raise DefinitionError(problems or [f"{folder}: holds no *.toml"])
    return MappingProxyType(found)


def read_environment(path: Path, definition: Definition) -> Environment:
    """Read one environment's file; its name is the environment's. Raises DefinitionError."""
    top = opened(path)
    if (name := top.slug("name")) != path.stem:
        raise top.error("name", f"is {name!r}", f"write the file's own name, {path.stem!r}")
    size_tables, cell_tables = top.table("sizes"), top.table("cells")
    sizes = {size: _size(size, size_tables.table(size), definition) for size in size_tables.names()}
    commands = (*definition.services, *definition.tasks)
    cells = {cell: _cell(cell, cell_tables.table(cell), sizes, commands) for cell in cell_tables.names()}
    if unused := set(sizes) - {cell.size.name for cell in cells.values()}:
        raise top.error(f"sizes.{min(unused)}", "is no cell's size", "drop it, or give it to a cell")
    _stand_apart(top, cells)
    top.finish()
    return Environment(name=name, cells=MappingProxyType(cells))


def _stand_apart(top: TableReader, cells: Mapping[str, CellPlace]) -> None:
    """Each cell on AWS has its account's region for itself: what watches over an account there is there once (P31)."""
    first: dict[tuple[str, str], str] = {}
    for name, cell in cells.items():
        other = first.setdefault((cell.account, cell.region), name)
        if cell.cloud == "aws" and other != name:
            found = f"is {cell.account!r}, in whose {cell.region} the cell {other} stands"
            raise top.error(f"cells.{name}.account", found, "write an account of its own")


def _size(name: str, table: TableReader, definition: Definition) -> Size:
    services = table.table("services")
    size = Size(
        name=name,
        database_class=table.text("database_class"),
        database_storage=table.integer("database_storage", low=20, high=65_536),
        database_replicas=table.integer("database_replicas", low=1, high=15),
        cache_class=table.text("cache_class"),
        cache_replicas=table.integer("cache_replicas", low=1, high=5),
        services={service: _service_size(services.table(service)) for service in definition.services},
    )
    services.finish()
    table.finish()
    return size


def _service_size(table: TableReader) -> ServiceSize:
    size = ServiceSize(
        processor=table.integer("processor", low=256, high=16_384),
        memory=table.integer("memory", low=512, high=122_880),
    )
    table.finish()
    return size


def _cell(name: str, table: TableReader, sizes: Mapping[str, Size], commands: Collection[str]) -> CellPlace:
    clouds: tuple[Cloud, ...] = ("aws", "azure")
    law = _jurisdiction_of(name, table)
    size = table.choice("size", tuple(sizes))
    cloud = table.choice("cloud", clouds)
    hosts = table.texts("hosts")
    place = CellPlace(
        name=name,
        jurisdiction=law,
        cloud=cloud,
        account=table.text("account"),
        region=table.text("region"),
        zones=table.texts("zones"),
        backup_region=table.text("backup_region"),
        hosts=hosts,
        size=sizes[size],
        aws=read_aws_place(table, hosts) if cloud == "aws" else None,
        azure=read_azure_place(table, commands) if cloud == "azure" else None,
    )
    regions = (law.region, law.backup_region)
    region, backup_region = regions if cloud == "aws" else lawful_regions(*regions)
    for key, value, lawful in (
        ("region", place.region, region),
        ("backup_region", place.backup_region, backup_region),
    ):
        if value != lawful:
            raise table.error(key, f"is {value!r}, but {law.code}.toml keeps the data elsewhere", f"write {lawful!r}")
    if len(place.zones) < 2:
        raise table.error("zones", "is one zone", "write two at least: one may fail")
    if strays := [zone for zone in place.zones if not _is_zone_of(place, zone)]:
        raise table.error("zones", f"holds {strays[0]!r}", f"write zones of {place.region}")
    if unknown := sorted(set(place.hosts) - set(law.hosts)):
        raise table.error("hosts", f"holds {unknown[0]!r}", f"write hosts of an entity in {law.code}.toml")
    if place.aws is not None:
        _fits_aws(table, place, place.aws)
    table.finish()
    return place


def _is_zone_of(place: CellPlace, zone: str) -> bool:
    return zone.startswith(place.region) if place.cloud == "aws" else zone in ZONES


def _fits_aws(table: TableReader, place: CellPlace, aws: AwsPlace) -> None:
    """Fargate has its pairs of processor and memory, and a standby stands in zones of the backup region."""
    for service, size in place.size.services.items():
        if not fits_fargate(size.processor, size.memory):
            found = f"is {place.size.name!r}, whose {service} has {size.processor} and {size.memory} MiB"
            raise table.error("size", found, "write a pair that Fargate has")
    if strays := [zone for zone in aws.standby_zones if not zone.startswith(place.backup_region)]:
        raise table.error("aws.standby_zones", f"holds {strays[0]!r}", f"write zones of {place.backup_region}")


def _jurisdiction_of(name: str, table: TableReader) -> Jurisdiction:
    """The jurisdiction of a cell's own name, unless the cell names another."""
    code = table.text("jurisdiction") if "jurisdiction" in table else name
    try:
        return jurisdiction(code)
    except UnknownJurisdiction as unknown:
        raise table.error("jurisdiction", f"is {code!r}", "write one that has a file") from unknown
