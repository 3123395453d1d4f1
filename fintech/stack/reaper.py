"""The reaper: a small process that outlives its master and then stops all that the master has started.

It reads one JSON object a line from its standard input, a pipe whose other end only the master holds:
`{"service": …}` for a process (the leader of its own group) and `{"engine": …}` for an engine. When the pipe closes,
because the master wants to end or because it was killed, the reaper stops the services, then the engines, prints a
line for each, and ends. It never touches what it wasn't told of. Standard library only.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from fintech.stack import processes
from fintech.stack.processes import EngineProcess

# An engine announced this recently may be just starting when the master dies: let its process appear, and then its
# pid file.
RECENTLY_SECONDS = 15.0
START_SECONDS = 0.3
ARRIVAL_SECONDS = 10.0
LOCK_SECONDS = 10.0
# An engine's parent is init, which clears dead children away in its own time; where it never does, we don't wait on.
CLEARED_SECONDS = 5.0
MARK_VARIABLE = "FINTECH_SUPERVISED_BY"


@dataclass(frozen=True, kw_only=True)
class ServiceProcess:
    """A started service: the leader of its process group, its mark against reused ids, the time it gets to end."""

    name: str
    pid: int
    started: str | None
    stop_seconds: float

    def stop(self) -> None:
        """SIGTERM, then SIGKILL to what is left of its group."""
        processes.stop_group(self.pid, started=self.started, seconds=self.stop_seconds)


@dataclass
class Charges:
    """What the reaper was told of."""

    services: dict[str, ServiceProcess] = field(default_factory=dict)
    engines: dict[str, EngineProcess] = field(default_factory=dict)
    announced: dict[str, float] = field(default_factory=dict)
    stopped: list[int] = field(default_factory=list)

    def add(self, message: Mapping[str, Any]) -> None:
        """Take one message."""
        if "service" in message:
            service = ServiceProcess(**message["service"])
            self.services[service.name] = service
        elif "engine" in message:
            engine = EngineProcess(**{**message["engine"], "pid_file": Path(message["engine"]["pid_file"])})
            self.engines[engine.name] = engine
            self.announced[engine.name] = time.monotonic()

    def stop_services(self, say: Callable[[str], None]) -> None:
        """Stop all services side by side."""

        def stop(service: ServiceProcess) -> None:
            service.stop()
            say(f"{service.name} stopped")

        _side_by_side(stop, self.services.values())

    def stop_engines(self, say: Callable[[str], None]) -> None:
        """Stop all engines side by side, those still starting too. One that doesn't stop in time is killed."""

        def stop(engine: EngineProcess) -> None:
            if engine.pid() is None and time.monotonic() - self.announced[engine.name] < RECENTLY_SECONDS:
                time.sleep(START_SECONDS)
                processes.wait_until(
                    lambda: engine.pid() is not None or not engine.is_under_way(), seconds=ARRIVAL_SECONDS
                )
            try:
                pid = engine.stop()
                if pid is not None:
                    say(f"{engine.name} stopped")
            except TimeoutError:
                pid = engine.stop(signal.SIGKILL)
                say(f"{engine.name} killed, it didn't stop in {engine.stop_seconds:.0f} s")
            if pid is not None:
                self.stopped.append(pid)

        _side_by_side(stop, self.engines.values())

    def wait_until_cleared(self) -> None:
        """Wait until the stopped engines aren't even dead children of init, so that nobody counts them any more."""
        processes.wait_until(lambda: not any(processes.is_listed(pid) for pid in self.stopped), seconds=CLEARED_SECONDS)


def main(stream: TextIO, *, mark: str, lock: Path) -> None:
    """Serve until the stream ends, then stop everything."""
    charges = Charges()
    for line in stream:
        # Half a line is what a killed master leaves; the mark finds that service.
        with suppress(ValueError, TypeError, KeyError):
            charges.add(json.loads(line))
    charges.stop_services(_say)
    for pid in processes.with_environment(f"{MARK_VARIABLE}={mark}"):
        processes.signal_process(pid, signal.SIGKILL)
    with lock.open("w") as file:
        # So that a stack that is being started meanwhile doesn't take engines for running that are about to stop.
        processes.wait_until(lambda: _try_lock(file), seconds=LOCK_SECONDS)
        charges.stop_engines(_say)
    charges.wait_until_cleared()


def _try_lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _side_by_side(task: Callable[[Any], None], items: Any) -> None:
    with ThreadPoolExecutor(max_workers=32) as executor:
        list(executor.map(task, list(items)))


def _say(text: str) -> None:
    with suppress(OSError):
        # Nobody may be listening any more.
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    main(sys.stdin, mark=sys.argv[1], lock=Path(sys.argv[2]))
    # The standard output may be a broken pipe, which the interpreter would complain about on its way out.
    os._exit(0)
