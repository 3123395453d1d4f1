"""gitlab-ci-local, which runs a pipeline's file as GitLab would, on this machine: locked in package-lock.json.

`python -m deploy.gitlab.local_runner JOB …` runs jobs of the repository's own pipeline, one after the other.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from deploy.locked_environment import REPOSITORY

LOCKED: Final = tuple(Path(__file__).with_name(name) for name in ("package.json", "package-lock.json"))
# Apart from the code: nothing that looks through the repository shall look through thousands of files of others.
FOLDER: Final = REPOSITORY / ".local" / "node"
RUNNER: Final = FOLDER / "node_modules" / "gitlab-ci-local" / "src" / "index.js"
CDK: Final = FOLDER / "node_modules" / ".bin" / "cdk"


class NotRun(RuntimeError):
    """The runner couldn't be set up; the message says why, or what to install."""


def set_up() -> None:
    """Install what is locked, unless it's there. Raises NotRun."""
    if missing := [program for program in ("node", "npm") if shutil.which(program) is None]:
        raise NotRun(f"{missing[0]} isn't on the path; Node 20 or newer with npm is needed")
    mark = FOLDER / "installed"
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in LOCKED)).hexdigest()
    if mark.exists() and mark.read_text(encoding="ascii") == wanted:
        return
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
        raise NotRun(f"npm ci failed:\n{done.stderr[-2000:]}")
    mark.write_text(wanted, encoding="ascii")


def command(*arguments: str) -> list[str]:
    """What runs it without containers in the folder that it is started in."""
    return ["node", str(RUNNER), "--force-shell-executor", "--no-color", *arguments]


def main() -> int:
    """Run the named jobs; 1 at the first that fails."""
    try:
        set_up()
        if shutil.which("rsync") is None:
            raise NotRun("rsync isn't on the path; the runner needs it")
    except NotRun as why:
        print(why)
        return 1
    for job in sys.argv[1:]:
        if subprocess.run(command(job), cwd=REPOSITORY, check=False).returncode:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
