"""What others' rules find in the Dockerfile, in Kubernetes' manifests and in Azure's templates.

`python -m deploy.misconfiguration`: checkov looks at all of them, hadolint at the Dockerfile. A finding is mended, or
accepted in misconfiguration.toml with the reason why it stays; a reason that nothing needs is a fault as well. The
manifests and templates are those that `python -m deploy.azure.synthesis` has rendered.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from deploy.accepted_findings import Finding, judged, read_accepted
from deploy.aws.synthesis import REQUIREMENTS as CLOUD_REQUIREMENTS
from deploy.azure.synthesis import OUTPUT as RENDERED
from deploy.locked_environment import REPOSITORY, NotSetUp, locked_python

ACCEPTED: Final = Path(__file__).with_name("misconfiguration.toml")
DOCKERFILE: Final = REPOSITORY / "Dockerfile"
SCANS_REQUIREMENTS: Final = REPOSITORY / "deploy" / "gitlab" / "requirements.txt"
FRAMEWORKS: Final = ("dockerfile", "kubernetes", "arm")

Manifest = dict[str, Any]


class NotLooked(RuntimeError):
    """A tool couldn't do its work, or there was nothing to look at."""


def manifests(rendered: Path = RENDERED) -> Iterator[tuple[str, Manifest]]:
    """Every manifest of every cell, with a name that says which it is. Raises NotLooked where none is rendered."""
    cells = sorted(folder for folder in rendered.glob("*") if folder.is_dir()) if rendered.is_dir() else []
    if not cells:
        raise NotLooked(f"{rendered}: holds no cell; render them with `python -m deploy.azure.synthesis`")
    for cell in cells:
        for listed in sorted(cell.glob("*/manifests.json")):
            for item in json.loads(listed.read_text(encoding="utf-8"))["items"]:
                yield f"{cell.name}-{listed.parent.name}-{item['kind']}-{item['metadata']['name']}", item
        for task in sorted((cell / "tasks").glob("*.json")):
            item = json.loads(task.read_text(encoding="utf-8"))
            yield f"{cell.name}-tasks-{item['kind']}-{item['metadata']['name']}", item


def checkov(
    dockerfile: Path, items: Mapping[str, Manifest], templates: Mapping[str, Path]
) -> tuple[list[Finding], int]:
    """What checkov finds, and how many checks passed. Raises NotLooked."""
    python = locked_python(".venv-aws", CLOUD_REQUIREMENTS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(dockerfile, folder / "Dockerfile")
        for item, manifest in items.items():
            (folder / f"{item}.json").write_text(json.dumps(manifest), encoding="utf-8")
        for cell, template in templates.items():
            shutil.copy(template, folder / f"{cell}-template.json")
        words = ["--framework", *FRAMEWORKS, "--output", "json", "--compact", "--quiet", "--skip-download"]
        answer = _asked(python.parent, "checkov", *words, "--directory", str(folder))
    reports = answer if isinstance(answer, list) else [answer]
    looked = {report.get("check_type") for report in reports if report.get("summary", {}).get("passed")}
    if missing := sorted(set(FRAMEWORKS) - looked):
        raise NotLooked(f"checkov passed no check of {missing[0]}: it hasn't looked")
    if unread := sum(report["summary"]["parsing_errors"] for report in reports):
        raise NotLooked(f"checkov couldn't read {unread} files")
    findings = [_of_checkov(found) for report in reports for found in report["results"]["failed_checks"]]
    return findings, sum(report["summary"]["passed"] for report in reports)


def hadolint(dockerfile: Path) -> list[Finding]:
    """What hadolint finds. Raises NotLooked."""
    python = locked_python(".venv-scans", SCANS_REQUIREMENTS)
    done = subprocess.run(
        [str(python.parent / "hadolint"), "--format", "json", "--no-color", str(dockerfile)],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found = json.loads(done.stdout)
    except ValueError as unreadable:
        raise NotLooked(f"hadolint said nothing that can be read:\n{done.stderr[-2000:]}") from unreadable
    return [Finding("hadolint", each["code"], f"Dockerfile/{each['line']}", each["message"]) for each in found]


def _of_checkov(found: Mapping[str, Any]) -> Finding:
    place = Path(found["file_path"]).stem
    return Finding("checkov", found["check_id"], f"{place}/{found['resource']}", found["check_name"])


def _asked(binaries: Path, tool: str, *arguments: str) -> Any:
    done = subprocess.run(
        [str(binaries / "python"), str(binaries / tool), *arguments],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return json.loads(done.stdout)
    except ValueError as unreadable:
        raise NotLooked(f"{tool} said nothing that can be read:\n{done.stderr[-2000:]}") from unreadable


def look() -> tuple[list[Finding], int, int]:
    """Everything that is found, how many checks passed, and at how many manifests. Raises NotLooked."""
    items = dict(manifests())
    templates = {folder.name: folder / "template.json" for folder in sorted(RENDERED.glob("*")) if folder.is_dir()}
    findings, passed = checkov(DOCKERFILE, items, templates)
    return [*findings, *hadolint(DOCKERFILE)], passed, len(items)


def main(_words: Sequence[str] = ()) -> int:
    """Tell what was counted and what isn't right; 1 when something isn't."""
    try:
        accepted = read_accepted(ACCEPTED)
        findings, passed, looked = look()
    except (NotLooked, NotSetUp, ValueError) as why:
        print(why)
        return 1
    left = judged(findings, accepted, file=ACCEPTED.name)
    by_tool = Counter(found.tool for found in findings)
    counted = f"{by_tool['checkov']} findings, {passed:,} checks passed"
    print(f"checkov: the Dockerfile, {looked} manifests, Azure's templates: {counted}")
    print(f"hadolint: the Dockerfile: {by_tool['hadolint']} findings")
    print(f"others' rules: {len(left)} left, the rest accepted for {len(accepted)} written reasons")
    print("\n".join(left) or "Dockerfile, manifests, Azure's templates: nothing left")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
