"""`deploy/cost/prices.toml`, typed: what something costs in a region, and whether that was found or stands in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.definition.reading import opened
from fintech.jurisdictions.reading import TableReader

# As arithmetic writes it.
TIMES: Final = "\u00d7"
FILE: Final = Path(__file__).parent / "prices.toml"


@dataclass(frozen=True)
class Source:
    """Where a price was found, and the day that it names."""

    what: str
    day: str


@dataclass(frozen=True)
class Price:
    """US dollars for a unit; `standing` is empty for a region's own price, else it says which stands in."""

    dollars: float
    unit: str
    source: str
    standing: str


@dataclass(frozen=True)
class InstanceClass:
    """What AWS gives a class of instances: processors, and memory in GiB."""

    processors: int
    memory: int


@dataclass(frozen=True)
class StandIn:
    """Whose prices stand in where a region has none, times what, and why so."""

    region: str
    factor: float
    why: str


@dataclass(frozen=True)
class PriceList:
    """Every price that was found, and what has none."""

    sources: Mapping[str, Source]
    units: Mapping[str, str]
    found: Mapping[tuple[str, str], tuple[float, str]]
    stand_ins: Mapping[str, StandIn]
    classes: Mapping[str, InstanceClass]
    unpriced: Mapping[str, str]

    def price(self, item: str, region: str) -> Price | None:
        """What `item` costs in a region; None when no price was found for it, there or anywhere that may stand in."""
        if (item, region) in self.found:
            dollars, source = self.found[item, region]
            return Price(dollars, self.units[item], source, "")
        stand_in = self.stand_ins.get(region)
        there = self.price(item, stand_in.region) if stand_in else None
        if stand_in is None or there is None:
            return None
        factor = "" if stand_in.factor == 1 else f" {TIMES} {stand_in.factor:.2f}"
        standing = there.standing or f"{stand_in.region}'s"
        return Price(there.dollars * stand_in.factor, there.unit, there.source, f"{standing}{factor}")


def read_prices(path: Path = FILE) -> PriceList:
    """Read prices.toml. Raises DefinitionError for a price without source, and a region that stands in for itself."""
    top = opened(path)
    tables = top.table("sources")
    sources = {name: _source(tables.table(name)) for name in tables.names()}
    units: dict[str, str] = {}
    found: dict[tuple[str, str], tuple[float, str]] = {}
    items = top.table("prices")
    for item in items.names():
        table = items.table(item)
        units[item] = table.text("unit")
        for region in table.names():
            if region != "unit":
                found[item, region] = _found(table.table(region), sources)
        table.finish()
    regions, classes, unpriced = top.table("regions"), top.table("classes"), top.table("unpriced")
    stand_ins = {name: _stand_in(regions.table(name)) for name in regions.names()}
    _lead_somewhere(regions, stand_ins)
    read = PriceList(
        sources=sources,
        units=units,
        found=found,
        stand_ins=stand_ins,
        classes={name: _class(classes.table(name)) for name in classes.names()},
        unpriced={name: unpriced.text(name) for name in unpriced.names()},
    )
    top.finish()
    return read


def _source(table: TableReader) -> Source:
    source = Source(what=table.text("what"), day=table.text("day"))
    table.finish()
    return source


def _found(table: TableReader, sources: Collection[str]) -> tuple[float, str]:
    found = table.number("dollars", low=0.0001, high=100), table.choice("source", tuple(sources))
    table.finish()
    return found


def _stand_in(table: TableReader) -> StandIn:
    stand_in = StandIn(table.text("as"), table.number("factor", low=0.5, high=2), table.text("why"))
    table.finish()
    return stand_in


def _lead_somewhere(table: TableReader, stand_ins: Mapping[str, StandIn]) -> None:
    """Whoever follows those that stand in comes to an end."""
    for name in stand_ins:
        seen, region = {name}, stand_ins[name].region
        while region in stand_ins:
            if region in seen:
                raise table.error(name, f"leads back to {region}", "let a region stand in that has prices of its own")
            seen.add(region)
            region = stand_ins[region].region


def _class(table: TableReader) -> InstanceClass:
    found = InstanceClass(table.integer("processors", low=1, high=256), table.integer("memory", low=1, high=4096))
    table.finish()
    return found
