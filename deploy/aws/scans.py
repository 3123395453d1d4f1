"""What others' rules find in the templates. None may be left without a reason.

cdk-nag's rules (AWS Solutions, PCI DSS 3.2.1) have been asked while synthesising; cfn-lint and checkov are asked here.
Each finding is mended, or accepted in accepted.toml with the reason why it stays; a reason that nothing needs is a
fault as well. All of it runs without an account and without the network.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.accepted_findings import Finding
from deploy.aws.synthesis import OUTPUT, OWN, REQUIREMENTS, NotSynthesised, reported, synthesise
from deploy.locked_environment import REPOSITORY, locked_python

ACCEPTED: Final = Path(__file__).parent / "accepted.toml"


@dataclass(frozen=True)
class Scanned:
    """Everything that was found, and how many checks passed, by the tool that tells it."""

    findings: tuple[Finding, ...]
    passed: Mapping[str, int]


def scan(output: Path = OUTPUT) -> Scanned:
    """Ask all of them. Raises NotSynthesised."""
    synthesise(output)
    binaries = locked_python(".venv-aws", REQUIREMENTS).parent
    templates = sorted(output.glob("*.template.json"))
    with ThreadPoolExecutor(max_workers=2) as both:
        linted, checked = both.submit(_cfn_lint, binaries, templates), both.submit(_checkov, binaries, templates)
        findings = [*_nag(output), *linted.result(), *checked.result()[0]]
    return Scanned(tuple(findings), {"checkov": checked.result()[1]})


def _nag(output: Path) -> Iterator[Finding]:
    for pack, violations in reported(output).items():
        if pack == OWN:
            continue
        for found in violations:
            for construct in found["violatingConstructs"]:
                yield Finding("cdk-nag", found["ruleName"], construct["constructPath"], found["description"])


def _cfn_lint(binaries: Path, templates: Collection[Path]) -> list[Finding]:
    # Of informational rules it says nothing by itself: they are advice on what a template could say shorter.
    answer = _asked(binaries, "cfn-lint", "--format", "json", *map(str, templates))
    return [
        Finding(
            "cfn-lint",
            found["Rule"]["Id"],
            f"{Path(found['Filename']).name.partition('.')[0]}/{'/'.join(map(str, found['Location']['Path'] or []))}",
            found["Message"],
        )
        for found in answer
    ]


def _checkov(binaries: Path, templates: Collection[Path]) -> tuple[list[Finding], int]:
    answer = _asked(
        binaries, "checkov", "--framework", "cloudformation", "--output", "json", "--compact", "--quiet",
        "--skip-download", *(word for path in templates for word in ("--file", str(path))),
    )  # fmt: skip
    if answer["summary"]["parsing_errors"]:
        raise NotSynthesised(f"checkov couldn't read {answer['summary']['parsing_errors']} templates")
    findings = [_of_checkov(found) for found in answer["results"]["failed_checks"]]
    return findings, int(answer["summary"]["passed"])


def _of_checkov(found: Mapping[str, Any]) -> Finding:
    stack, resource = Path(found["file_path"]).name.partition(".")[0], found["resource"].partition(".")[2]
    return Finding("checkov", found["check_id"], f"{stack}/{resource}", found["check_name"])


def _asked(binaries: Path, tool: str, *arguments: str) -> Any:
    """The tool's answer as JSON. Findings make it end with another code than 0, an answer that is none is a fault."""
    done = subprocess.run(
        # Its own script may name another Python than this environment's.
        [str(binaries / "python"), str(binaries / tool), *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return json.loads(done.stdout)
    except ValueError as unreadable:
        raise NotSynthesised(f"{tool} said nothing that can be read:\n{done.stderr[-2000:]}") from unreadable


def counted(scanned: Scanned) -> Iterator[str]:
    """How much each tool found, and how much passed where it tells."""
    tools = Counter(found.tool for found in scanned.findings)
    for tool in ("cdk-nag", "cfn-lint", "checkov"):
        passed = f", {scanned.passed[tool]:,} checks passed" if tool in scanned.passed else ""
        yield f"{tool}: {tools[tool]} findings{passed}"
