"""A stack of a cell, as a policy is asked about it. Pure: a template is JSON, nothing of the CDK is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.definition import Alert, CellPlace, Definition, Environment


@dataclass(frozen=True)
class Subject:
    """One rendered stack, and what it is to be."""

    template: Mapping[str, Any]
    environment: Environment
    cell: CellPlace
    definition: Definition
    alerts: Mapping[str, Alert]
    stands_in: str

    @property
    def prefix(self) -> str:
        """Where the cell's secrets stand."""
        return f"{self.environment.name}/{self.cell.name}"

    def of(self, *types: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The resources of these types, with their properties."""
        for name, resource in self.template["Resources"].items():
            if resource["Type"] in types:
                yield name, resource.get("Properties", {})


Policy = Callable[[Subject], Iterator[str]]


def reference(value: object) -> str:
    """The name of the resource that a property refers to; empty for what is no reference."""
    if not isinstance(value, dict):
        return ""
    attribute = value.get("Fn::GetAtt", [""])
    return str(value.get("Ref", attribute[0]))


def statements(properties: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What a policy of IAM allows or denies."""
    yield from properties["PolicyDocument"]["Statement"]


def text_of(value: object) -> str:
    """A text that CloudFormation joins, with * for what only it knows."""
    if not isinstance(value, dict):
        return str(value)
    return "".join(part if isinstance(part, str) else "*" for part in value.get("Fn::Join", ["", ["*"]])[1])


def listed(value: object) -> list[Any]:
    """What IAM writes alone when it is one, and as a list when it is several."""
    return value if isinstance(value, list) else [value]
