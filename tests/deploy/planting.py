"""Plants violations in rendered templates: what each policy must find."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from deploy.aws.policies import POLICIES, Policy, Subject, findings

Change = Callable[[dict[str, Any]], object]
# A change, and how a finding of it begins.
Planted = list[tuple[Change, str]]


def policies_that_find(kind: str, subject: Subject, changes: list[Change]) -> set[Policy]:
    """The policies of this kind that find one of the changes."""
    finding = set()
    for change in changes:
        template = copy.deepcopy(dict(subject.template))
        change(template)
        finding |= {policy for policy in POLICIES[kind] if list(policy(replace(subject, template=template)))}
    return finding


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
