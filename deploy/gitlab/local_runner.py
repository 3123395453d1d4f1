"""gitlab-ci-local, which runs a pipeline's file as GitLab would, on this machine.

`python -m deploy.gitlab.local_runner JOB …` runs jobs of the repository's own pipeline, one after the other.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import Final

from deploy.locked_environment import REPOSITORY
from deploy.locked_node import FOLDER, NotInstalled, installed

RUNNER: Final = FOLDER / "node_modules" / "gitlab-ci-local" / "src" / "index.js"


def command(*arguments: str) -> list[str]:
    """What runs it without containers in the folder that it is started in."""
    return ["node", str(RUNNER), "--force-shell-executor", "--no-color", *arguments]


def main() -> int:
    """Run the named jobs; 1 at the first that fails."""
    try:
        installed()
        if shutil.which("rsync") is None:
            raise NotInstalled("rsync isn't on the path; the runner needs it")
    except NotInstalled as why:
        print(why)
        return 1
    for job in sys.argv[1:]:
        if subprocess.run(command(job), cwd=REPOSITORY, check=False).returncode:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
