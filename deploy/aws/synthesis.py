"""Synthesises the templates and gives them back: `python -m deploy.aws.synthesis` writes them to `.local/aws`.

Needs Node for the CDK's own code, and no account, no network and no npm.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from deploy.locked_environment import REPOSITORY, locked_python

OUTPUT: Final = REPOSITORY / ".local" / "aws"
REQUIREMENTS: Final = Path(__file__).parent / "requirements.txt"

Template = dict[str, Any]


class NotSynthesised(RuntimeError):
    """The templates couldn't be made; the message says why, or what to install."""


def synthesise(output: Path = OUTPUT) -> Mapping[str, Template]:
    """Every stack's template by its name (`production-eu-stores`). Raises NotSynthesised."""
    if shutil.which("node") is None:
        raise NotSynthesised("the CDK needs Node 20 or newer on the path")
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    done = subprocess.run(
        [str(locked_python(".venv-aws", REQUIREMENTS)), "-m", "deploy.aws.app"],
        cwd=REPOSITORY,
        # It warns of Node versions in a box of its own on each start.
        env={**os.environ, "CDK_OUTDIR": str(output), "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotSynthesised(f"the templates couldn't be made:\n{(done.stdout + done.stderr)[-4000:]}")
    _refuse_findings(output)
    return {
        path.name.partition(".")[0]: json.loads(path.read_text()) for path in sorted(output.glob("*.template.json"))
    }


def regions(output: Path = OUTPUT) -> Mapping[str, str]:
    """In which account and region each stack stands, as `aws://<account>/<region>`."""
    artifacts = json.loads((output / "manifest.json").read_text())["artifacts"]
    return {name: artifact["environment"] for name, artifact in artifacts.items() if "environment" in artifact}


def _refuse_findings(output: Path) -> None:
    """The CDK validates what it has made, and only reports it."""
    report = output / "validation-report.json"
    if not report.exists():
        return
    plugins = json.loads(report.read_text())["pluginReports"]
    findings = [f"{found['ruleName']}: {found['description']}" for plugin in plugins for found in plugin["violations"]]
    if findings:
        raise NotSynthesised("the CDK's own validation found:\n" + "\n".join(findings))


def main() -> int:
    """Write the templates, and count what is in them."""
    try:
        templates = synthesise()
    except NotSynthesised as why:
        print(why)
        return 1
    for name, template in templates.items():
        print(f"{name}: {len(template['Resources'])} resources")
    return 0


if __name__ == "__main__":
    sys.exit(main())
