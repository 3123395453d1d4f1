"""Processes of this machine: is one alive, what is it, and how to end it surely. Standard library only.

A process id says little: ids are used again, and a dead child that nobody has waited for (a zombie) still
answers signals. So whoever ends a process by id first proves by its command line that it is the one meant.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
POLL_SECONDS = 0.01
EXIT_SECONDS = 2.0


def command_line(pid: int) -> str | None:
    """The command line of a living process, words joined by blanks; None when it is gone or a zombie."""
    if not (PROC / "self").exists():
        return _command_line_by_ps(pid)
    try:
        if _state(pid) in "ZX":
            return None
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (OSError, ValueError):
        return None


def is_alive(pid: int) -> bool:
    """Whether the process runs (a zombie doesn't)."""
    return command_line(pid) is not None


def is_listed(pid: int) -> bool:
    """Whether the system still knows the process, be it as a zombie (Linux only; elsewhere never)."""
    return (PROC / str(pid)).exists()


def started_at(pid: int) -> str | None:
    """A mark that differs between two processes that had the same id; None when the process is gone."""
    if not (PROC / "self").exists():
        done = subprocess.run(["ps", "-p", str(pid), "-o", "lstart="], capture_output=True, text=True, check=False)
        return done.stdout.strip() or None
    try:
        return _stat_fields(pid)[19]
    except (OSError, ValueError, IndexError):
        return None


def living() -> Iterator[tuple[int, str]]:
    """Every living process with its command line."""
    if (PROC / "self").exists():
        pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal()]
    else:
        listed = subprocess.run(["ps", "-axo", "pid="], capture_output=True, text=True, check=True)
        pids = [int(word) for word in listed.stdout.split()]
    for pid in pids:
        line = command_line(pid)
        if line is not None:
            yield pid, line


def with_environment(entry: str) -> list[int]:
    """Living processes whose environment at start held this `NAME=value` (Linux only; elsewhere none)."""
    found = []
    for file in PROC.glob("[0-9]*/environ"):
        try:
            held = entry.encode() in file.read_bytes().split(b"\0")
        except OSError:
            continue
        if held and is_alive(int(file.parent.name)):
            found.append(int(file.parent.name))
    return found


def wait_until(condition: Callable[[], bool], *, seconds: float, poll: float = POLL_SECONDS) -> bool:
    """Poll until the condition holds; False when the time is over first."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(poll)
    return True


def signal_process(pid: int, number: int) -> None:
    """Send a signal to one process; silent when it has just gone."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def group_members(group: int) -> list[int]:
    """The living processes of a process group."""
    if not (PROC / "self").exists():
        listed = subprocess.run(["ps", "-axo", "pid=,pgid="], capture_output=True, text=True, check=True)
        pairs = (line.split() for line in listed.stdout.splitlines())
        return [int(pid) for pid, pgid in pairs if int(pgid) == group and is_alive(int(pid))]
    members = []
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            try:
                fields = _stat_fields(int(entry.name))
            except (OSError, ValueError):
                continue
            if fields[0] not in "ZX" and int(fields[2]) == group:
                members.append(int(entry.name))
    return members


@dataclass(frozen=True, kw_only=True)
class EngineProcess:
    """How to find and stop one engine: its pid file, and a text that only its command line contains."""

    name: str
    pid_file: Path
    proof: str
    stop_signal: int
    stop_seconds: float

    def recorded_pid(self) -> int | None:
        """The process id in the pid file, whoever that is today."""
        try:
            return int(self.pid_file.read_text(encoding="ascii").split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def pid(self) -> int | None:
        """The process id of the running engine; None when it doesn't run."""
        pid = self.recorded_pid()
        if pid is None:
            return None
        # A process on its way out has no command line any more, but still its ports: let it go first.
        wait_until(lambda: command_line(pid) != "", seconds=EXIT_SECONDS)
        return pid if self.proof in (command_line(pid) or "") else None

    def is_under_way(self) -> bool:
        """Whether any process bears the proof, perhaps one so young that it has written no pid file yet."""
        return any(self.proof in line for _, line in living())

    def stop(self, number: int | None = None) -> int | None:
        """Signal the engine (default: its own way to stop in order) and wait until it has gone; gives its process id.

        None when it didn't run. Raises TimeoutError when it lives on after `stop_seconds`.
        """
        pid = self.pid()
        if pid is None:
            return None
        signal_process(pid, self.stop_signal if number is None else number)
        if not wait_until(lambda: self._has_gone(pid), seconds=self.stop_seconds):
            raise TimeoutError(f"{self.name} (process {pid}) didn't stop within {self.stop_seconds:.0f} s")
        return pid

    def _has_gone(self, pid: int) -> bool:
        line = command_line(pid)
        return line is None or (line != "" and self.proof not in line)


def stop_group(leader: int, *, started: str | None, seconds: float) -> None:
    """End a process group: SIGTERM to its leader and, when the time is over, SIGKILL to all of it.

    Only the leader gets SIGTERM, since it ends its own children in order (celery, granian); what it leaves
    behind is killed. `started` is the leader's mark from `started_at`, against an id that is used again.
    """
    if started_at(leader) not in (started, None):
        return
    if is_alive(leader):
        signal_process(leader, signal.SIGTERM)
        wait_until(lambda: not is_alive(leader), seconds=seconds, poll=0.02)
    kill_group(leader)


def kill_group(leader: int) -> None:
    """SIGKILL to what lives of a process group."""
    for pid in group_members(leader):
        signal_process(pid, signal.SIGKILL)


def _stat_fields(pid: int) -> list[str]:
    # The name in parentheses may hold blanks, so fields are counted after it: [0] state, [2] group, [19] start.
    return (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()


def _state(pid: int) -> str:
    return _stat_fields(pid)[0]


def _command_line_by_ps(pid: int) -> str | None:
    done = subprocess.run(["ps", "-p", str(pid), "-o", "stat=,command="], capture_output=True, text=True, check=False)
    state, _, command = done.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else command.strip()
