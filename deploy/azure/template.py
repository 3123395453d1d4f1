"""A template of Azure's Resource Manager, made of the typed models of Azure's own libraries.

A property that a model doesn't have is refused here, and not by Azure months later; so is one that is missing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

SCHEMA: Final = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


class NotAProperty(TypeError):
    """A model has no such property; the message names both."""


def made(model: Any, /, **properties: Any) -> Any:
    """An object of a model, with these properties only. Raises NotAProperty."""
    # Of two generations of the libraries the older one would leave out what it doesn't know, and only log it.
    older = getattr(model, "_attribute_map", None)
    if older is not None and (strangers := sorted(set(properties) - set(older))):
        raise NotAProperty(f"{model.__module__}.{model.__name__} has no {', '.join(strangers)}")
    try:
        return model(**properties)
    except TypeError as refused:
        raise NotAProperty(f"{model.__module__}.{model.__name__}: {refused}") from refused


def as_json(model: Any) -> dict[str, Any]:
    """What Azure is told of a model, in its own words."""
    text: dict[str, Any] = model.serialize() if hasattr(model, "serialize") else model.as_dict(exclude_readonly=True)
    return text


@dataclass(frozen=True)
class Reference:
    """A resource by its type and name; a part of another has both names, with a slash between."""

    type: str
    name: str

    @property
    def expression(self) -> str:
        """Its id, without the brackets that make an expression of a text."""
        names = ", ".join(f"'{name}'" for name in self.name.split("/"))
        return f"resourceId('{self.type}', {names})"

    @property
    def id(self) -> str:
        """Its id, as an expression that Azure fills in."""
        return f"[{self.expression}]"

    def part(self, kind: str, name: str) -> Reference:
        """A part of it: a subnet of a network, a database of a server."""
        return Reference(f"{self.type}/{kind}", f"{self.name}/{name}")


@dataclass
class Template:
    """The resources of one cell, in one group of Azure's; `parameters` are told when it is deployed."""

    tags: Mapping[str, str]
    parameters: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    resources: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        reference: Reference,
        version: str,
        model: Any,
        *,
        after: Sequence[Reference] = (),
        scope: Reference | None = None,
    ) -> Reference:
        """Add a resource as its model says; it is made after others, and what extends another has that as its scope."""
        resource = {"type": reference.type, "apiVersion": version, "name": reference.name, **as_json(model)}
        if "location" in resource:
            resource["tags"] = dict(self.tags)
        if after:
            resource["dependsOn"] = [each.id for each in after]
        if scope is not None:
            resource["scope"] = scope.id
        self.resources.append(resource)
        return reference

    def secret_parameter(self, name: str, what: str) -> str:
        """A value that never stands in the template; gives the expression for it."""
        self.parameters[name] = {"type": "securestring", "metadata": {"description": what}}
        return f"[parameters('{name}')]"

    def rendered(self) -> dict[str, Any]:
        """The template."""
        whole = {
            "$schema": SCHEMA,
            "contentVersion": "1.0.0.0",
            "parameters": self.parameters,
            "resources": self.resources,
            "outputs": self.outputs,
        }
        copy: dict[str, Any] = json.loads(json.dumps(whole))
        return copy
