"""Scans for secrets in the repository and for known vulnerabilities in what is locked: `python -m tests.scans`.

Without a source of advisories the dependency scan says `not scanned`; with FINTECH_SCANS_REQUIRED=1, as in the
pipeline, that is a failure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent


def secrets_in_repository() -> list[str]:
    """Lines that look like a credential and aren't marked as a known harmless one."""
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    skipped = (".lock", ".png", ".svg", "requirements.txt", "requirements-installer.txt", "openapi.json")
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


def main() -> int:
    """Run both; 1 when either found something."""
    found = secrets_in_repository()
    print("\n".join(found) or "secrets: none in the repository")
    message, fine = vulnerable_dependencies()
    print(message)
    return 0 if fine and not found else 1


if __name__ == "__main__":
    sys.exit(main())
