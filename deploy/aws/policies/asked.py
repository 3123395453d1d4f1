"""Asks every policy of every stack that it is about."""

from __future__ import annotations

from collections.abc import Mapping

from deploy.aws.policies import POLICIES, Subject, findings
from deploy.aws.synthesis import regions, synthesise
from deploy.definition import read_alerts, read_environments, read_services


def subjects(kind: str) -> Mapping[str, Subject]:
    """The stacks of this kind of every cell of every environment, by name. Raises NotSynthesised."""
    templates, stand_in = synthesise(), regions()
    definition, alerts = read_services(), read_alerts()
    return {
        name: Subject(templates[name], environment, cell, definition, alerts, stand_in[name])
        for environment in read_environments().values()
        for cell in environment.cells.values()
        for name in [f"{environment.name}-{cell.name}-{kind}"]
        if cell.cloud == "aws" and name in templates
    }


def ask() -> tuple[int, list[str]]:
    """How many questions were asked, and everything that isn't as promised. Raises NotSynthesised."""
    asked, found = 0, []
    for kind, policies in POLICIES.items():
        for name, subject in subjects(kind).items():
            asked += len(policies)
            found += [f"{name}: {finding}" for finding in findings(kind, subject)]
    return asked, found
