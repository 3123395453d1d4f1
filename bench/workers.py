"""Contenders that are worker processes (see work.py), ours and the peers'."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from bench.measuring import NotMeasured
from fintech.stack.layout import REPOSITORY
from fintech.stack.log_files import last_lines


@dataclass
class WorkerProcesses:
    """One or several processes of one command that run at the same time; their rates are added."""

    name: str
    processes: list[subprocess.Popen[str]] = field(repr=False)
    log: Path

    def run(self, seconds: float) -> float:
        """Let all processes run at once; gives the sum of their rates. Raises NotMeasured when one has died."""
        for process in self.processes:
            _pipe(process.stdin).write(f"{seconds}\n")
            _pipe(process.stdin).flush()
        return sum(float(str(self.hear(process)["rate"])) for process in self.processes)

    def hear(self, process: subprocess.Popen[str]) -> Mapping[str, object]:
        """The next message of a process. Raises NotMeasured when it ended instead."""
        line = _pipe(process.stdout).readline()
        if not line:
            raise NotMeasured(f"{self.name}: the worker ended; its log ends:\n{last_lines(self.log)}")
        message: Mapping[str, object] = json.loads(line)
        return message


@contextmanager
def worker_processes(
    name: str, command: Sequence[str], *, environment: Mapping[str, str], log: Path, count: int = 1
) -> Iterator[WorkerProcesses]:
    """Start workers and wait until they are ready; at the end of the block they end."""
    with log.open("w", encoding="utf-8") as errors:
        processes = [
            subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=REPOSITORY,
                env=dict(environment),
                start_new_session=True,
            )
            for _ in range(count)
        ]
    contender = WorkerProcesses(name, processes, log)
    try:
        for process in processes:
            contender.hear(process)
        yield contender
    finally:
        for process in processes:
            _pipe(process.stdin).close()
        for process in processes:
            process.wait()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
