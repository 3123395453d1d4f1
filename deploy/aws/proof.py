"""Everything that can be known of AWS without an account: `python -m deploy.aws.proof`.

Synthesises the templates, asks what is promised of them, compares them with what is kept of them, and lets others'
rules look. Tells what was counted, and ends with 1 when something isn't as it is to be.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator

from deploy.accepted_findings import judged, read_accepted
from deploy.aws import scans, snapshots
from deploy.aws.policies import table
from deploy.aws.policies.asked import ask
from deploy.aws.synthesis import NotSynthesised, synthesise


def proven() -> Iterator[tuple[str, list[str]]]:
    """What was looked at, in numbers, with what isn't as it is to be. Raises NotSynthesised."""
    templates = synthesise()
    kinds = Counter(found["Type"] for template in templates.values() for found in template["Resources"].values())
    yield f"templates: {len(templates)} stacks, {sum(kinds.values()):,} resources of {len(kinds)} types", []
    asked, found = ask()
    promises = {row.split("|")[1].strip() for row in table.rendered().splitlines() if row.startswith("| P")}
    yield f"policies: {asked:,} questions about {len(promises)} promises, {len(found)} findings", found
    changed = snapshots.outdated(templates)
    yield f"snapshots: {len(changed)} differences", [*changed, snapshots.WRITE] if changed else []
    yield from _scanned()


def _scanned() -> Iterator[tuple[str, list[str]]]:
    accepted, scanned = read_accepted(scans.ACCEPTED), scans.scan()
    left = judged(scanned.findings, accepted, file=scans.ACCEPTED.name)
    yield from ((line, []) for line in scans.counted(scanned))
    kept = len(scanned.findings) - len([line for line in left if not line.startswith(scans.ACCEPTED.name)])
    yield f"others' rules: {len(left)} left, {kept} accepted for {len(accepted)} written reasons", left


def main() -> int:
    """Tell each number as soon as it is known, and at the end what isn't right."""
    wrong: list[str] = []
    try:
        for number, found in proven():
            print(number, flush=True)
            wrong += found
    except (NotSynthesised, ValueError) as why:
        wrong.append(str(why))
    print("\n".join(wrong) or "AWS: as promised")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
