"""Plants violations in rendered templates: what each policy must find."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from deploy.aws.policies import Subject, findings
from deploy.aws.synthesis import regions, synthesise
from deploy.definition import read_alerts, read_environments, read_services

Change = Callable[[dict[str, Any]], object]


def subjects(kind: str) -> Mapping[str, Subject]:
    """The stacks of this kind of every cell of every environment, by name."""
    templates, stand_in = synthesise(), regions()
    definition, alerts = read_services(), read_alerts()
    return {
        name: Subject(templates[name], environment, cell, definition, alerts, stand_in[name])
        for environment in read_environments().values()
        for cell in environment.cells.values()
        for name in [f"{environment.name}-{cell.name}-{kind}"]
    }


def found_in(kind: str, subject: Subject, planted: Change) -> list[str]:
    """What is found after the change."""
    template = copy.deepcopy(dict(subject.template))
    planted(template)
    assert template != subject.template
    return findings(kind, replace(subject, template=template))


def of(template: dict[str, Any], *types: str, which: str = "") -> Iterator[dict[str, Any]]:
    for name, resource in template["Resources"].items():
        if resource["Type"] in types and which in name:
            yield resource


def setting(types: str, key: str, value: object, which: str = "") -> Change:
    """Sets a property of the first resource of a type."""

    def change(template: dict[str, Any]) -> None:
        next(of(template, types, which=which))["Properties"][key] = value

    return change


def without(types: str, key: str, which: str = "") -> Change:
    """Takes a property from the first resource of a type."""
    return lambda template: next(of(template, types, which=which))["Properties"].pop(key)


def without_resource(which: str, type_: str = "") -> Change:
    """Takes away the first resource whose name begins so, of the type when one is told."""

    def change(template: dict[str, Any]) -> None:
        resources = template["Resources"]
        del resources[
            next(name for name in resources if name.startswith(which) and type_ in ("", resources[name]["Type"]))
        ]

    return change
