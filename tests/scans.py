"""Scans for secrets in the repository and for known vulnerabilities in what is locked: `python -m tests.scans`.

Without a source of advisories the dependency scan says `not scanned`; with FINTECH_SCANS_REQUIRED=1, as in the
pipeline, that is a failure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
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
    plugins = [f"--disable-plugin={name}" for name in ("KeywordDetector", "Base64HighEntropyString", "HexHighEntropyString", "PrivateKeyDetector")]  # fmt: skip
    scan = subprocess.run(
        [BIN / "detect-secrets", "scan", "--no-verify", *plugins, *names],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(scan.stdout)["results"]
    return [f"{name}:{hit['line_number']} {hit['type']}" for name, hits in found.items() for hit in hits]


def vulnerable_dependencies() -> tuple[str, bool]:
    """What the audit of the lock says, and whether it is all right."""
    try:
        audit = subprocess.run(
            [BIN / "pip-audit", "--requirement", "requirements.txt", "--disable-pip", "--progress-spinner", "off",
             "--timeout", "10"],
            cwd=ROOT, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "not scanned: the advisory source doesn't answer", _may_be_left_out()
    if audit.returncode == 0:
        return "dependencies: no known vulnerabilities", True
    if "Found" in audit.stderr:
        return audit.stdout, False
    return "not scanned: there is no advisory source here", _may_be_left_out()


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
