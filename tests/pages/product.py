"""The product as `manage.py demo` starts it, with the journey played, on a root and ports of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fintech.stack.layout import REPOSITORY, LocalLayout

CELLS = ("eu", "au")
BASE_PORT = 17600
ALREADY_RUNNING = "FINTECH_PAGES_BASE_PORT"
PATIENCE_SECONDS = 400


@dataclass(frozen=True)
class Product:
    """A product that is up."""

    base_port: int

    def address(self, cell: str, path: str = "/admin/") -> str:
        """Where a page of the back office is."""
        return f"http://{cell}.localhost:{self.base_port}{path}"

    def api_address(self, cell: str, path: str) -> str:
        """Where something of the API is."""
        return f"http://{cell}.localhost:{self.base_port + 1}{path}"


@contextmanager
def product() -> Iterator[Product]:
    """Start it, wait until the journey has ended well, and remove it at the end.

    With FINTECH_PAGES_BASE_PORT, the one that runs at that port is taken as it is, for looking at changes quickly.
    """
    running = os.environ.get(ALREADY_RUNNING)
    if running:
        yield Product(int(running))
        return
    root = REPOSITORY / ".local" / f"pages-{os.getpid()}"
    environment = _environment(root)
    output = REPOSITORY / ".local" / "pages-demo.log"
    output.parent.mkdir(exist_ok=True)
    with output.open("w") as log:
        demo = subprocess.Popen(
            [sys.executable, "manage.py", "demo"], cwd=REPOSITORY, env=environment, stdout=log, stderr=log
        )
    try:
        _await_journey(demo, output)
        yield Product(BASE_PORT)
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.wait(timeout=60)
        _reset(root, environment)


def _environment(root: Path) -> Mapping[str, str]:
    return {
        **os.environ,
        "FINTECH_LOCAL_ROOT": str(root),
        "FINTECH_BASE_PORT": str(BASE_PORT),
        "FINTECH_CELLS": ",".join(CELLS),
        "FINTECH_DATABASE_SUFFIX": "",
        "DJANGO_SETTINGS_MODULE": "fintech.project.settings.local",
        "PYTHONUNBUFFERED": "1",
    }


def _await_journey(demo: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "Ctrl-C stops everything" not in (told := output.read_text()):
        if demo.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the demo isn't up:\n{told[-3000:]}")
        time.sleep(0.2)
    if "The journey ended well" not in told:
        raise RuntimeError(f"the journey failed:\n{told[-3000:]}")


def _reset(root: Path, environment: Mapping[str, str]) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "stack", "reset", "--yes"],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    assert LocalLayout.from_environment(environment).root == root
    shutil.rmtree(root, ignore_errors=True)
