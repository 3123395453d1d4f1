"""What others' rules find, and what of it is accepted: with a written reason, at named places, while it is found."""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SHORTEST_REASON: Final = 30


@dataclass(frozen=True, order=True)
class Finding:
    """A rule that something breaks: `place` is the file or stack, and in it the resource or its path."""

    tool: str
    rule: str
    place: str
    what: str


@dataclass(frozen=True)
class Accepted:
    """A rule that may be broken, at the places that match one of the patterns, and why.

    In a rule `<any>` stands for what differs from cell to cell; a star is the rule's own.
    """

    rule: str
    where: tuple[str, ...]
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether it is this rule at one of these places."""
        rule = "[^]]*".join(re.escape(part) for part in self.rule.split("<any>"))
        return bool(re.fullmatch(rule, finding.rule)) and any(
            fnmatch.fnmatchcase(finding.place, each) for each in self.where
        )


def read_accepted(path: Path) -> tuple[Accepted, ...]:
    """The accepted findings of a file. Raises ValueError for a reason that is none."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("accepted", [])
    accepted = tuple(Accepted(entry["rule"], tuple(entry["where"]), entry["reason"]) for entry in entries)
    for entry in accepted:
        if len(entry.reason) < SHORTEST_REASON:
            raise ValueError(f"{path.name}: {entry.rule} is accepted without a reason that says why")
    return accepted


def judged(findings: Collection[Finding], accepted: Collection[Accepted], *, file: str) -> list[str]:
    """What is to be done: findings without a reason, and reasons in the file without a finding."""
    left = [
        f"{found.tool} {found.rule} {found.place}: {found.what}"
        for found in sorted(findings)
        if not any(entry.covers(found) for entry in accepted)
    ]
    idle = [entry for entry in accepted if not any(entry.covers(found) for found in findings)]
    return left + [f"{file}: nothing breaks {entry.rule} at {', '.join(entry.where)}; drop it" for entry in idle]
