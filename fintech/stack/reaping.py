"""The master's side of the reaper: start it, tell it what was started, let it stop everything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from fintech.stack import reaper
from fintech.stack.layout import REPOSITORY
from fintech.stack.processes import EngineProcess
from fintech.stack.reaper import MARK_VARIABLE, ServiceProcess


class Reaper:
    """A reaper process of this process. When this process ends, however it ends, the reaper stops its charges.

    Use as a context manager, or call `stop_everything` at the end. `lock` is the stack's lock file; `held_open` are
    file descriptors (of locks) that shall stay held until the reaper has done its work.
    """

    def __init__(self, *, lock: Path, held_open: Sequence[int] = (), report: Callable[[str], None] = print) -> None:
        self.mark = uuid.uuid4().hex
        self._report = report
        self._lock = lock
        self._held_open = tuple(held_open)
        self._told: dict[str, str] = {}
        self._guard = threading.Lock()
        self._process = self._launch()

    def __enter__(self) -> Reaper:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_everything()

    @property
    def environment(self) -> dict[str, str]:
        """To be added to a service's environment: finds it even if this process dies before telling its id."""
        return {MARK_VARIABLE: self.mark}

    @property
    def pid(self) -> int:
        """The process id of the reaper."""
        return self._process.pid

    def watch_engine(self, engine: EngineProcess) -> None:
        """Tell of an engine that is about to be started (as `Stack.up(starting=…)`)."""
        self._tell(engine.name, {"engine": asdict(engine) | {"pid_file": str(engine.pid_file)}})

    def watch_service(self, service: ServiceProcess) -> None:
        """Tell of a service that was started, or started again."""
        self._tell(service.name, {"service": asdict(service)})

    def revive(self) -> None:
        """Start a new reaper if somebody has killed it, and tell it everything."""
        with self._guard:
            if self._process.poll() is not None and self._told:
                self._relaunch()

    def stop_everything(self) -> None:
        """Let the reaper stop all that it was told of, services first, and wait until it has."""
        with self._guard:
            if self._process.poll() is not None and self._told:
                self._relaunch()
            self._told.clear()
            if self._process.stdin and not self._process.stdin.closed:
                self._process.stdin.close()
        if self._process.stdout and not self._process.stdout.closed:
            for line in self._process.stdout:
                self._report(line.rstrip())
            self._process.stdout.close()
        self._process.wait()

    def _tell(self, name: str, message: dict[str, object]) -> None:
        with self._guard:
            self._told[name] = json.dumps(message)
            try:
                self._write(self._told[name])
            except OSError:
                # Somebody killed the reaper. A new one is told everything.
                self._relaunch()

    def _relaunch(self) -> None:
        self._process = self._launch()
        for text in self._told.values():
            self._write(text)

    def _write(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()

    def _launch(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", reaper.__name__, self.mark, str(self._lock)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env={"PATH": os.environ.get("PATH", os.defpath)},
            pass_fds=self._held_open,
            start_new_session=True,
        )
