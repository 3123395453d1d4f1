"""The CDK's own Python environment, `.venv-aws`, from the locked and hashed deploy/aws/requirements.txt.

`python -m deploy.aws.own_environment` sets it up where it isn't there or isn't as locked, and prints its Python.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = REPOSITORY / ".venv-aws"
REQUIREMENTS = Path(__file__).parent / "requirements.txt"


class NotSetUp(RuntimeError):
    """The environment couldn't be set up; the message ends with the installer's own."""


def cdk_python() -> Path:
    """The environment's Python, set up first if need be. Raises NotSetUp."""
    python = ENVIRONMENT / "bin" / "python"
    mark = ENVIRONMENT / "installed"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if mark.exists() and mark.read_text(encoding="ascii") == wanted:
        return python
    _run(sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT))
    hashed = ("--require-hashes", str(REQUIREMENTS))
    uv = Path(sys.executable).parent / "uv"
    try:
        _run(str(uv), "pip", "sync", "-q", "--system-certs", "--python", str(python), *hashed)
    except (NotSetUp, OSError):
        # The same where uv doesn't run.
        _run(str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", hashed[0], "-r", hashed[1])
    mark.write_text(wanted, encoding="ascii")
    return python


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotSetUp(f"the CDK's environment couldn't be set up:\n{done.stderr[-2000:]}")


if __name__ == "__main__":
    print(cdk_python())
