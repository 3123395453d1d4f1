"""What is defined, for one cell: what each stack of it is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deploy.definition import Alert, AwsPlace, CellPlace, Definition, Environment
from deploy.definition.pipeline import Pipeline


@dataclass(frozen=True, kw_only=True)
class Told:
    """An environment's cell, the definition of services and alerts, and whose pipeline acts there."""

    environment: Environment
    cell: CellPlace
    definition: Definition
    alerts: Mapping[str, Alert]
    pipeline: Pipeline

    @property
    def prefix(self) -> str:
        """Where the cell's secrets stand: `production/eu`."""
        return f"{self.environment.name}/{self.cell.name}"

    @property
    def dashed(self) -> str:
        """The same in names that may hold no slash."""
        return f"{self.environment.name}-{self.cell.name}"

    @property
    def aws(self) -> AwsPlace:
        """What only a cell on AWS has."""
        assert self.cell.aws is not None
        return self.cell.aws
