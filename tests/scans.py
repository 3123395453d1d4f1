"""Scans of what is committed: `python -m tests.scans [secrets|code|python|node …]`; by default secrets, python.

Secrets in the repository; what static analysis finds in the code; known vulnerabilities in what is locked, of Python
and of Node. Without a source of advisories the last two say `not scanned`; with FINTECH_SCANS_REQUIRED=1, as in the
pipeline, that is a failure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from deploy.locked_environment import locked_python

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
NODE: Final = ROOT / "deploy" / "node"
SCANNERS: Final = ROOT / "deploy" / "gitlab" / "requirements.txt"
PACKAGES: Final = ("fintech", "crm", "payments", "trading", "audit", "deploy", "manage.py")


def secrets_in_repository() -> list[str]:
    """Lines that look like a credential and aren't marked as a known harmless one."""
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    skipped = (".lock", ".png", ".svg", "requirements.txt", "requirements-installer.txt", "openapi.json", "lock.json")
    names = [name for name in tracked.stdout.splitlines() if not name.endswith(skipped) and (ROOT / name).is_file()]
    guessing = ("KeywordDetector", "Base64HighEntropyString", "HexHighEntropyString", "PrivateKeyDetector")
    plugins = [f"--disable-plugin={name}" for name in guessing]
    scan = subprocess.run(
        [BIN / "detect-secrets", "scan", "--no-verify", *plugins, *names],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(scan.stdout)["results"]
    return [f"{name}:{hit['line_number']} {hit['type']}" for name, hits in found.items() for hit in hits]


def vulnerable_dependencies() -> tuple[str, bool]:
    """What the audit of the lock says, and whether it is all right.

    A scanner without its source of advisories finds nothing and says so in green. So it is first shown a release
    that is known to be vulnerable: one that it finds nothing in proves that nobody looked.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as canary:
        canary.write("django==2.0.0\n")
        canary.flush()
        if not _audit("--requirement", canary.name, "--no-deps"):
            return "dependencies: not scanned, since there is no advisory source here", _may_be_left_out()
    found = _audit("--requirement", "requirements.txt")
    if found is None:
        return "dependencies: not scanned, since the advisory source went away", _may_be_left_out()
    return "\n".join(found) or "dependencies: no known vulnerabilities", not found


def _audit(*arguments: str) -> list[str] | None:
    """The vulnerable packages with their advisories; None when the scanner couldn't do its work."""
    command = [BIN / "pip-audit", "--disable-pip", "--progress-spinner", "off", "--timeout", "10", "--format", "json"]
    try:
        audit = subprocess.run(
            [*command, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        packages = json.loads(audit.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return None
    return [
        f"{package['name']} {package['version']}: {', '.join(hit['id'] for hit in package['vulns'])}"
        for package in packages
        if package.get("vulns")
    ]


def _may_be_left_out() -> bool:
    return os.environ.get("FINTECH_SCANS_REQUIRED") != "1"


def found_in_the_code() -> tuple[str, bool]:
    """What bandit finds of high severity; what is below that is ruff's to find, with a reason where it stays."""
    python = locked_python(".venv-scans", SCANNERS)
    scan = subprocess.run(
        [python, "-m", "bandit", "--quiet", "--recursive", "--severity-level", "high", "--format", "json", *PACKAGES],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        report = json.loads(scan.stdout)
    except ValueError:
        return f"code: not scanned: {scan.stderr[-500:]}", False
    wrong = [f"{error['filename']}: {error['reason']}" for error in report["errors"]]
    wrong += [
        f"{hit['filename']}:{hit['line_number']} {hit['test_id']} {hit['issue_text']}" for hit in report["results"]
    ]
    lines = report["metrics"]["_totals"]["loc"]
    return "\n".join(wrong) or f"code: nothing of high severity in {lines} lines", not wrong and lines > 0


def vulnerable_node_packages() -> tuple[str, bool]:
    """What npm says of the lock; first of one with a release that is known to be vulnerable, as for Python."""
    with tempfile.TemporaryDirectory() as folder:
        canary = {"name": "canary", "version": "1.0.0", "dependencies": {"minimist": "0.0.8"}}
        locked = {"": canary, "node_modules/minimist": {"version": "0.0.8"}}
        Path(folder, "package.json").write_text(json.dumps(canary))
        Path(folder, "package-lock.json").write_text(
            json.dumps({"name": "canary", "version": "1.0.0", "lockfileVersion": 3, "packages": locked})
        )
        if not _npm_audit(Path(folder)):
            return "node packages: not scanned, since there is no advisory source here", _may_be_left_out()
    found = _npm_audit(NODE)
    if found is None:
        return "node packages: not scanned, since the advisory source went away", _may_be_left_out()
    return "\n".join(found) or "node packages: no known vulnerabilities of high severity", not found


def _npm_audit(folder: Path) -> list[str] | None:
    """The packages with advisories of high severity and above; None when npm couldn't do its work."""
    try:
        audit = subprocess.run(
            ["npm", "audit", "--package-lock-only", "--json"],
            cwd=folder, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        packages = json.loads(audit.stdout)["vulnerabilities"]
    except (subprocess.TimeoutExpired, OSError, ValueError, KeyError):
        return None
    return [
        f"{name} {package['range']}: {package['severity']}"
        for name, package in packages.items()
        if package["severity"] in ("high", "critical")
    ]


def _secrets() -> tuple[str, bool]:
    found = secrets_in_repository()
    return "\n".join(found) or "secrets: none in the repository", not found


SCANS: Final[dict[str, Callable[[], tuple[str, bool]]]] = {
    "secrets": _secrets,
    "code": found_in_the_code,
    "python": vulnerable_dependencies,
    "node": vulnerable_node_packages,
}


def main(names: list[str]) -> int:
    """Run those that are named; 1 when one found something or, where scans are required, couldn't look."""
    told = [SCANS[name]() for name in names or ("secrets", "python")]
    print("\n".join(message for message, _ in told))
    return 0 if all(fine for _, fine in told) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
