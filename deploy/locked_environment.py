"""A Python environment beside the product's own, from a locked and hashed requirements file: for the CDK, for peers."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


class NotSetUp(RuntimeError):
    """The environment couldn't be set up; the message ends with the installer's own."""


def locked_python(environment: str, requirements: Path) -> Path:
    """The Python of the environment (its folder's name), set up first when it isn't as locked. Raises NotSetUp."""
    folder = REPOSITORY / environment
    python = folder / "bin" / "python"
    mark = folder / "installed"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if mark.exists() and mark.read_text(encoding="ascii") == wanted:
        return python
    _run(environment, sys.executable, "-m", "venv", "--clear", str(folder))
    hashed = ("--require-hashes", str(requirements))
    uv = Path(sys.executable).parent / "uv"
    try:
        _run(environment, str(uv), "pip", "sync", "-q", "--system-certs", "--python", str(python), *hashed)
    except (NotSetUp, OSError):
        # The same where uv doesn't run.
        pip = (str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check")
        _run(environment, *pip, hashed[0], "-r", hashed[1])
    mark.write_text(wanted, encoding="ascii")
    return python


def _run(environment: str, *command: str) -> None:
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotSetUp(f"{environment} couldn't be set up:\n{done.stderr[-2000:]}")
