"""The product as `manage.py demo` runs it, on a folder and ports of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

from fintech.journey.expectations import await_that
from fintech.stack.engines import Stack
from fintech.stack.layout import REPOSITORY, LocalLayout

# The machine may be busy with much else; what works takes a fraction of it.
START_SECONDS = 400.0
STARTED = "Ctrl-C stops everything."


class DemoProcess:
    """Engines and services of some cells. They end with the process that has started them, however it ends."""

    def __init__(self, name: str, *, base_port: int, cells: tuple[str, ...] = ("eu", "au")) -> None:
        self.root = REPOSITORY / ".local" / f"{name}-{os.getpid()}"
        self.cells = cells
        self.environment = {
            **os.environ,
            "FINTECH_LOCAL_ROOT": str(self.root),
            "FINTECH_BASE_PORT": str(base_port),
            "FINTECH_CELLS": ",".join(cells),
            "FINTECH_DATABASE_SUFFIX": "",
            "DJANGO_SETTINGS_MODULE": "fintech.project.settings.local",
            "NO_COLOR": "1",
        }
        self.layout = LocalLayout.from_environment(self.environment)
        self.stack = Stack(self.layout, cells=cells)
        self._output = self.root.with_suffix(".out")
        self._demo: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> str:
        """Start everything, and wait until it serves and the journey has ended; gives what it has printed."""
        self._output.parent.mkdir(exist_ok=True)
        with self._output.open("wb") as output:
            self._demo = subprocess.Popen(
                [sys.executable, "manage.py", "demo", *arguments],
                cwd=REPOSITORY,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        demo = self._demo

        def told() -> str:
            text = self._output.read_text(encoding="utf-8", errors="replace")
            assert demo.poll() is None, f"the demo ended with status {demo.returncode}:\n{text[-4000:]}"
            return text

        return await_that("everything started", told, lambda text: STARTED in text, seconds=START_SECONDS)

    def stop(self) -> None:
        """Stop everything and remove what it has left."""
        if self._demo is not None:
            self._demo.send_signal(signal.SIGTERM)
            self._demo.wait(120)
        self.stack.reset()
        shutil.rmtree(self.root, ignore_errors=True)
        self._output.unlink(missing_ok=True)
