"""The peers' own Python environment, `.venv-bench`, from the locked and hashed bench/requirements.txt."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from bench.measuring import NotMeasured
from fintech.stack.layout import REPOSITORY

ENVIRONMENT = REPOSITORY / ".venv-bench"
REQUIREMENTS = Path(__file__).parent / "requirements.txt"


def peers_python() -> Path:
    """The environment's Python; set up first when it isn't there or isn't as locked. Raises NotMeasured."""
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
    except (NotMeasured, OSError):
        # The same where uv doesn't run.
        _run(str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", hashed[0], "-r", hashed[1])
    mark.write_text(wanted, encoding="ascii")
    return python


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotMeasured(f"the peers' environment couldn't be set up:\n{done.stderr[-2000:]}")
