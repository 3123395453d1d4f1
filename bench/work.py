"""The worker's side of a run: a process that does an operation over and over when it is told to.

Standard library only, as peers run it in an environment of their own. On the standard input comes a line with a
number of seconds for each run; on the standard output goes the rate of that run. The end of the input ends the worker.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

Operation = Callable[[], int]
"""Does something and gives how many operations that counts for."""


def serve(run: Callable[[float], float]) -> None:
    """Answer each line of the standard input, `seconds`, with what `run(seconds)` gives: operations a second."""
    _say({"ready": True})
    for line in sys.stdin:
        _say({"rate": run(float(line))})


def serve_threads(threads: int, operation_of_thread: Callable[[], AbstractContextManager[Operation]]) -> None:
    """Serve runs in which each of `threads` threads does its own operation over and over.

    The threads stay the same from run to run, and with them their connections; each enters `operation_of_thread`
    anew for every run.
    """
    executor = ThreadPoolExecutor(threads)

    def work(deadline: float) -> int:
        done = 0
        with operation_of_thread() as operation:
            while time.perf_counter() < deadline:
                done += operation()
        return done

    def run(seconds: float) -> float:
        begun = time.perf_counter()
        done = sum(executor.map(work, [begun + seconds] * threads))
        return done / (time.perf_counter() - begun)

    serve(run)


def _say(message: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
