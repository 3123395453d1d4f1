"""An operator at a terminal: every command is a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from fintech.journey.expectations import HOW_TO_START, NotServed, NotSo
from fintech.journey.places import Place
from fintech.stack.errors import StackError
from fintech.stack.layout import REPOSITORY
from fintech.stack.running_services import RunningService, RunningServices, restart

COMMAND_SECONDS = 60


@dataclass(frozen=True)
class Started:
    """A command that runs."""

    arguments: tuple[str, ...]
    process: subprocess.Popen[str]

    def output(self) -> str:
        """What it wrote, once it has ended well. Raises NotSo when it ends otherwise or not at all."""
        try:
            out, errors = self.process.communicate(timeout=COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise NotSo(expected=f"{self} ended", found=f"nothing within {COMMAND_SECONDS} s") from None
        if self.process.returncode:
            raise NotSo(expected=f"status 0 of {self}", found=f"{self.process.returncode}: {(errors or out)[-1_000:]}")
        return out.strip()

    def __str__(self) -> str:
        return f"manage.py {' '.join(self.arguments)}"


class Operator:
    """Runs `manage.py` for one cell, and stops and starts its services."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def start(self, *arguments: str) -> Started:
        """Start a command with `--cell`; read its output later."""
        complete = (*arguments, "--cell", self._place.cell_name)
        process = subprocess.Popen(
            [sys.executable, "manage.py", *complete],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Its output is read, not looked at.
            env={**os.environ, "NO_COLOR": "1"},
        )
        return Started(complete, process)

    def run(self, *arguments: str) -> str:
        """Run a command to its end; gives what it wrote."""
        return self.start(*arguments).output()

    @contextmanager
    def frozen_worker(self) -> Iterator[RunningService]:
        """The worker stopped where it stands (SIGSTOP) for the block: what it takes from its queue now, it holds."""
        service = self._worker()
        os.kill(service.pid, signal.SIGSTOP)
        try:
            yield service
        finally:
            with suppress(ProcessLookupError):
                os.kill(service.pid, signal.SIGCONT)

    def kill(self, service: RunningService) -> RunningService:
        """End a service by SIGKILL and have the supervisor start it again; gives the new one."""
        try:
            return restart(self._place.layout.services_file, service.name, kill=True)
        except StackError as error:
            raise NotSo(expected=f"{service.name} started again", found=error) from error

    def _worker(self) -> RunningService:
        running = RunningServices.read(self._place.layout.services_file)
        if running is None:
            raise NotServed(f"no services run here; {HOW_TO_START}")
        try:
            service = running.service(f"worker-{self._place.cell_name}")
        except StackError as error:
            raise NotServed(f"{error}; {HOW_TO_START}") from error
        return service
