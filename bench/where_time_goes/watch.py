"""The watch: of every second request or task the plain times, of every other one the processor time by package.

A profiler makes code slower that calls much, so what it sees is used for shares only; the times come from the others.
Everything is added up in memory and written to FINTECH_WATCH_FOLDER, a file a process.
"""

from __future__ import annotations

import cProfile
import itertools
import json
import os
import pstats
import sysconfig
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse

WRITE_EVERY = 10
OURS = ("crm", "trading", "payments", "audit", "fintech")
REPOSITORY = str(Path(__file__).resolve().parents[2])
PACKAGES = sysconfig.get_paths()["purelib"]

_lock = threading.Lock()
_found: dict[str, dict[str, float]] = {}
_turn = itertools.count()


class Watch:
    """The outermost middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Watch one request, under the name of its route."""
        with watched() as name:
            response = self._get_response(request)
            match = request.resolver_match
            name.append(f"{request.method} /{match.route if match else '?'} {response.status_code}")
        return response


def watch_tasks() -> None:
    """Watch every Celery task of this process, by signals."""
    from celery.signals import task_postrun, task_prerun

    @task_prerun.connect(weak=False)
    def begin(task_id: str, task: Any, **_: object) -> None:
        stack = ExitStack()
        name = stack.enter_context(watched())
        name.append(f"task {task.name}")
        task.request.watch = stack

    @task_postrun.connect(weak=False)
    def end(task_id: str, task: Any, **_: object) -> None:
        task.request.watch.close()


@contextmanager
def watched() -> Iterator[list[str]]:
    """Watch the block, whose name the block says."""
    name: list[str] = []
    profile = cProfile.Profile(time.thread_time) if next(_turn) % 2 else None
    statements: list[float] = []
    with _noting_statements(statements):
        wall, processor = time.perf_counter(), time.thread_time()
        if profile:
            profile.enable()
        try:
            yield name
        finally:
            if profile:
                profile.disable()
            wall, processor = time.perf_counter() - wall, time.thread_time() - processor
    _add(name[0] if name else "?", profile, wall=wall, processor=processor, statements=statements)


@contextmanager
def _noting_statements(into: list[float]) -> Iterator[None]:
    from django.db import connections

    def note(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        begun = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            into.append(time.perf_counter() - begun)

    with ExitStack() as stack:
        for alias in connections:
            if alias != "default":
                stack.enter_context(connections[alias].execute_wrapper(note))
        yield


def _add(
    name: str, profile: cProfile.Profile | None, *, wall: float, processor: float, statements: list[float]
) -> None:
    with _lock:
        found = _found.setdefault(name, defaultdict(float))
        if profile is None:
            found["count"] += 1
            found["wall"] += wall
            found["processor"] += processor
            found["statements"] += len(statements)
            found["in statements"] += sum(statements)
        else:
            for package, seconds in _by_package(profile).items():
                found[f"package {package}"] += seconds
        if sum(each["count"] for each in _found.values()) % WRITE_EVERY == 0:
            file = Path(os.environ["FINTECH_WATCH_FOLDER"]) / f"{os.getpid()}.json"
            file.write_text(json.dumps(_found), encoding="utf-8")


def _by_package(profile: cProfile.Profile) -> dict[str, float]:
    """Processor time by package; what is built into Python goes to whoever calls it."""
    profile.create_stats()
    spent: dict[str, float] = defaultdict(float)
    for (file, _, _), (_, _, own, _, callers) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        if file == "~" and callers:
            for (caller, _, _), (_, _, part, _) in callers.items():
                spent[_package(caller)] += part
        else:
            spent[_package(file)] += own
    return spent


def _package(file: str) -> str:
    if file.startswith(PACKAGES):
        parts = Path(file).relative_to(PACKAGES).parts
        return "django.db" if parts[:2] == ("django", "db") else parts[0].partition(".")[0].removeprefix("_")
    if file.startswith(REPOSITORY):
        first = Path(file).relative_to(REPOSITORY).parts[0]
        return "our code" if first in OURS else first
    return "standard library"
