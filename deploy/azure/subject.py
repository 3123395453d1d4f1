"""What a policy is asked about: a cell with everything that is rendered of it for Azure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.azure.synthesis import Rendered
from deploy.definition import CellPlace, Command, Definition, Environment


@dataclass(frozen=True)
class Subject:
    """A cell with what is rendered of it."""

    rendered: Rendered
    environment: Environment
    cell: CellPlace
    definition: Definition

    def of(self, *types: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Resources of these types: name, and properties with what stands beside them."""
        for resource in self.rendered.template["resources"]:
            if resource["type"] in types:
                yield resource["name"], {**resource, **resource.get("properties", {})}

    def manifests(self, *kinds: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Manifests of these kinds by their names; tasks are among the jobs."""
        for manifest in [*self.rendered.shared, *self.rendered.tasks.values()]:
            if manifest["kind"] in kinds:
                yield manifest["metadata"]["name"], manifest

    @property
    def commands(self) -> Mapping[str, Command]:
        """Services and tasks by their names."""
        return {**self.definition.services, **self.definition.tasks}


Policy = Callable[[Subject], Iterator[str]]
