"""What is needed of Node, locked in deploy/node: gitlab-ci-local, which plays the pipeline, and the CDK's command."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Final

from deploy.locked_environment import REPOSITORY

LOCKED: Final = tuple(REPOSITORY / "deploy" / "node" / name for name in ("package.json", "package-lock.json"))
# Apart from the code: nothing that looks through the repository shall look through thousands of files of others.
FOLDER: Final = REPOSITORY / ".local" / "node"
CDK: Final = FOLDER / "node_modules" / ".bin" / "cdk"


class NotInstalled(RuntimeError):
    """It couldn't be installed; the message says why, or what to install first."""


def installed() -> Path:
    """The folder `node_modules` as it is locked, installed unless it's there. Raises NotInstalled."""
    if missing := [program for program in ("node", "npm") if shutil.which(program) is None]:
        raise NotInstalled(f"{missing[0]} isn't on the path; Node 20 or newer with npm is needed")
    modules, mark = FOLDER / "node_modules", FOLDER / "installed"
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in LOCKED)).hexdigest()
    if mark.exists() and mark.read_text(encoding="ascii") == wanted:
        return modules
    FOLDER.mkdir(parents=True, exist_ok=True)
    mark.unlink(missing_ok=True)
    for path in LOCKED:
        shutil.copy(path, FOLDER)
    done = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotInstalled(f"npm ci failed:\n{done.stderr[-2000:]}")
    mark.write_text(wanted, encoding="ascii")
    return modules
