"""How much of what is needed for a load: tasks of each service, cells of a size, and what fills first. Pure.

A process uses one processor at most (Python's lock), so a task with more than one doesn't answer more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from deploy.cost.load import KINDS, Assumptions, Load
from deploy.cost.measured import Figure
from deploy.cost.price_list import InstanceClass
from deploy.definition import Definition, Service, Size

PROCESSOR: Final = 1024
# RDS' default: memory by so many bytes, and at most so many (parameter max_connections of PostgreSQL).
BYTES_OF_CONNECTION: Final = 9_531_392
MOST_CONNECTIONS: Final = 5000
# Of a process for each database (fintech/project/settings/production.py).
POOL: Final = 8
MILLISECONDS: Final = 1000


@dataclass(frozen=True)
class Need:
    """What a load needs of something, of how much there is; `unit` says what is counted."""

    what: str
    needed: float
    there: float
    unit: str

    @property
    def share(self) -> float:
        """How full it is in the busiest minute."""
        return self.needed / self.there


@dataclass(frozen=True)
class Plan:
    """So many cells of a size for a load; `load`, `needs` and `tasks` are those of one cell."""

    size: Size
    cells: int
    load: Load
    needs: tuple[Need, ...]
    tasks: Mapping[str, int]

    @property
    def fills_first(self) -> Need:
        """What there is least left of."""
        return max(self.needs, key=lambda need: need.share)

    @property
    def storage(self) -> int:
        """GiB of the database: what the size says, or more where that is too little."""
        return max(self.size.database_storage, math.ceil(self.load.database_gib))


@dataclass(frozen=True)
class Model:
    """What a plan is made from."""

    definition: Definition
    assumed: Assumptions
    figures: Mapping[str, Figure]
    classes: Mapping[str, InstanceClass]

    def plan(self, load: Load, sizes: Mapping[str, Size]) -> Plan:
        """The smallest size of which one cell carries the load, else as few as possible of the largest."""
        by_size = sorted(sizes.values(), key=lambda size: self._class(size).processors)
        for size in by_size:
            if self._fits(load, size):
                return self._planned(load, size, 1)
        cells = 2
        while not self._fits(load.share(cells), by_size[-1]):
            cells += 1
        return self._planned(load.share(cells), by_size[-1], cells)

    def needs(self, load: Load, size: Size) -> Iterator[Need]:
        """Everything that a cell can run out of."""
        busy, tasks = self.assumed.of("limits", "busy"), self.tasks(load, size)
        database = self._class(size)
        yield Need("the primary's processors", self._statements_seconds(load), database.processors * busy, "processors")
        yield Need("posts of one primary", load.posts, self.figures["posts"].number * busy, "a second")
        yield Need("the relay that leads", load.facts, self.figures["facts"].number * busy, "facts a second")
        most = min(database.memory * 2**30 / BYTES_OF_CONNECTION, MOST_CONNECTIONS)
        pooled = sum(
            number * len(self.definition.services[name].databases) * POOL
            for name, number in tasks.items()
            if self.definition.services[name].scaling.signal != "none"
        )
        yield Need("the primary's connections, every pool full", pooled, most, "connections")
        yield from self._needs_of_tasks(tasks)

    def _needs_of_tasks(self, tasks: Mapping[str, int]) -> Iterator[Need]:
        for name, service in self.definition.services.items():
            if service.scaling.signal != "none":
                yield Need(f"tasks of {name}", tasks[name], service.scaling.maximum, "tasks")

    def tasks(self, load: Load, size: Size) -> Mapping[str, int]:
        """How many of each service the busiest minute needs; no fewer than its minimum."""
        return {
            name: max(service.scaling.minimum, math.ceil(self._tasks(service, load, size)))
            for name, service in self.definition.services.items()
        }

    def _tasks(self, service: Service, load: Load, size: Size) -> float:
        if service.scaling.signal == "connections":
            return load.connections / (service.scaling.target or 1)
        processors = min(PROCESSOR, size.services[service.name].processor) / PROCESSOR
        return self._busy(service.name, load) / (processors * self._target(service))

    def _busy(self, service: str, load: Load) -> float:
        """Processors that a service's work keeps busy."""
        if service == "worker":
            return load.rates["webhooks"] * self.figures["applying-milliseconds"].number / MILLISECONDS
        return sum(
            load.rates[kind] * self.figures[f"{like}-milliseconds"].number / MILLISECONDS
            for kind, (whose, like) in KINDS.items()
            if whose == service
        )

    def _target(self, service: Service) -> float:
        if service.scaling.signal == "cpu" and service.scaling.target:
            return service.scaling.target / 100
        return self.assumed.of("limits", "busy")

    def _statements_seconds(self, load: Load) -> float:
        """Processors that all statements keep busy; reads of the replica are counted here as well."""
        statements = sum(
            load.rates[kind] * self.figures[f"{like}-statements"].number for kind, (_, like) in KINDS.items()
        )
        statements += load.rates["webhooks"] * self.figures["applying-statements"].number
        return statements * self.assumed.of("each", "statement_seconds")

    def _class(self, size: Size) -> InstanceClass:
        return self.classes[f"db.{size.database_class}"]

    def _fits(self, load: Load, size: Size) -> bool:
        return all(need.share <= 1 for need in self.needs(load, size))

    def _planned(self, load: Load, size: Size, cells: int) -> Plan:
        return Plan(size, cells, load, tuple(self.needs(load, size)), self.tasks(load, size))
