"""Synthesises the templates into `.local/aws`, and gives them back.

Needs Node for the CDK's own code, and no account, no network and no npm. What was synthesised from the same files isn't
synthesised again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from deploy.locked_environment import REPOSITORY, locked_python

OUTPUT: Final = REPOSITORY / ".local" / "aws"
REQUIREMENTS: Final = Path(__file__).parent / "requirements.txt"
# What the templates are made of.
SOURCES: Final = ("deploy", "fintech/jurisdictions")
# What only asks of them afterwards.
ASKING: Final = {"policies", "kept", "accepted.toml", "proof.py", "scans.py", "snapshots.py", "tests", "cost", "image"}
REPORT: Final = "validation-report.json"
# The CDK's own validation. What it finds is a fault; what the rules of others find is looked at by deploy/aws/scans.py.
OWN: Final = "CloudFormation Validate"

Template = dict[str, Any]


class NotSynthesised(RuntimeError):
    """The templates couldn't be made; the message says why, or what to install."""


def synthesise(output: Path = OUTPUT) -> Mapping[str, Template]:
    """Every stack's template by its name (`production-eu-stores`). Raises NotSynthesised."""
    made_from = output / "made-from"
    wanted = _fingerprint()
    if not made_from.exists() or made_from.read_text(encoding="ascii") != wanted:
        _run(output)
        made_from.write_text(wanted, encoding="ascii")
    return {
        path.name.partition(".")[0]: json.loads(path.read_text()) for path in sorted(output.glob("*.template.json"))
    }


def regions(output: Path = OUTPUT) -> Mapping[str, str]:
    """In which account and region each stack stands, as `aws://<account>/<region>`."""
    artifacts = json.loads((output / "manifest.json").read_text())["artifacts"]
    return {name: artifact["environment"] for name, artifact in artifacts.items() if "environment" in artifact}


def reported(output: Path = OUTPUT) -> Mapping[str, list[Mapping[str, Any]]]:
    """What validation found, by the name of who validated."""
    report = output / REPORT
    plugins = json.loads(report.read_text())["pluginReports"] if report.exists() else []
    return {plugin["pluginName"]: plugin["violations"] for plugin in plugins}


def _run(output: Path) -> None:
    if shutil.which("node") is None:
        raise NotSynthesised("the CDK needs Node 20 or newer on the path")
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    # It warns of Node versions in a box of its own on each start.
    told = {**os.environ, "CDK_OUTDIR": str(output), "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1"}
    command = [str(locked_python(".venv-aws", REQUIREMENTS)), "-m", "deploy.aws.app"]
    done = subprocess.run(command, cwd=REPOSITORY, env=told, capture_output=True, text=True, check=False)
    # With findings the CDK ends as if it had failed; then its report is there, and so is every template.
    if done.returncode and not (output / REPORT).exists():
        raise NotSynthesised(f"the templates couldn't be made:\n{(done.stdout + done.stderr)[-4000:]}")
    findings = [f"{found['ruleName']}: {found['description']}" for found in reported(output).get(OWN, [])]
    if findings:
        raise NotSynthesised("the CDK's own validation found:\n" + "\n".join(findings))


def _fingerprint() -> str:
    found = hashlib.sha256()
    for source in SOURCES:
        for path in sorted((REPOSITORY / source).rglob("*")):
            if path.is_file() and path.suffix in (".py", ".toml", ".txt") and not ASKING & {*path.parts}:
                found.update(str(path.relative_to(REPOSITORY)).encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()
