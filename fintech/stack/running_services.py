"""The list of what a supervisor runs, kept in a file so that other commands can show it and act on it."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import asdict, dataclass
from pathlib import Path

from fintech.stack import processes
from fintech.stack.errors import StackError

# Asks a supervisor to start again what has ended.
START_AGAIN_SIGNAL = signal.SIGUSR1


@dataclass(frozen=True, kw_only=True)
class RunningService:
    """One service of a supervisor. `state` is starting, ready or ended."""

    name: str
    pid: int
    started: str | None
    state: str
    log: str


@dataclass(frozen=True, kw_only=True)
class RunningServices:
    """A supervisor (process id, and a mark against reused ids) and its services."""

    supervisor: int
    supervisor_started: str | None
    services: tuple[RunningService, ...]

    def write(self, file: Path) -> None:
        """Write the list, at once as a whole."""
        part = file.with_name(f"{file.name}.part")
        part.write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")
        part.replace(file)

    @classmethod
    def read(cls, file: Path) -> RunningServices | None:
        """The list of the supervisor that is alive now; None when there is none."""
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        content["services"] = tuple(RunningService(**service) for service in content["services"])
        found = cls(**content)
        alive = processes.is_alive(found.supervisor)
        return found if alive and processes.started_at(found.supervisor) == found.supervisor_started else None

    def service(self, name: str) -> RunningService:
        """One service by name. Raises StackError, naming those that there are."""
        for service in self.services:
            if service.name == name:
                return service
        raise StackError(f"no service {name!r} runs; there are: {', '.join(s.name for s in self.services) or 'none'}")


def restart(file: Path, name: str, *, kill: bool = False, seconds: float = 40.0) -> RunningService:
    """End a supervised service (by SIGKILL if `kill`) and have its supervisor start it again; returns the new one.

    A service that has ended already is just started. Raises StackError when no supervisor runs, when it doesn't
    know the service, or when the service isn't ready in time.
    """
    running = RunningServices.read(file)
    if running is None:
        raise StackError("no supervisor runs")
    old = running.service(name)
    if processes.is_alive(old.pid) and processes.started_at(old.pid) == old.started:
        processes.signal_process(old.pid, signal.SIGKILL if kill else signal.SIGTERM)
        if not processes.wait_until(lambda: not processes.is_alive(old.pid), seconds=seconds):
            raise StackError(f"{name} (process {old.pid}) doesn't end")

    def current() -> RunningService | None:
        now = RunningServices.read(file)
        return now.service(name) if now else None

    def noticed() -> bool:
        service = current()
        return service is None or service.pid != old.pid or service.state == "ended"

    # The supervisor starts what it has seen end, and a killed process is dead a moment before its last thread is.
    processes.wait_until(noticed, seconds=seconds, poll=0.05)
    os.kill(running.supervisor, START_AGAIN_SIGNAL)

    def renewed() -> bool:
        service = current()
        return service is not None and service.pid != old.pid and service.state != "starting"

    processes.wait_until(renewed, seconds=seconds, poll=0.05)
    service = current()
    if service is None or service.pid == old.pid or service.state != "ready":
        raise StackError(f"{name} didn't come back; see {old.log}")
    return service
