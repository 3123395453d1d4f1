"""Runs the product's services as child processes, and leaves nothing behind however it ends.

Whoever ends it, Ctrl-C, SIGTERM, the death of its parent or SIGKILL: a reaper (see reaper.py) stops the services and
those engines that this run has started, and nothing else. It restarts nothing unasked: it reports what has ended.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Literal

from fintech.stack import engine_home, processes
from fintech.stack.engine_user import EngineUser
from fintech.stack.engines import Stack
from fintech.stack.errors import StackError
from fintech.stack.layout import REPOSITORY, LocalLayout
from fintech.stack.log_files import last_lines, open_log
from fintech.stack.readiness import Question
from fintech.stack.reaper import ServiceProcess
from fintech.stack.reaping import Reaper
from fintech.stack.running_services import START_AGAIN_SIGNAL, RunningService, RunningServices

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOK_SECONDS = 0.1
PREVIOUS_RUN_SECONDS = 90.0


class StopRequested(BaseException):
    """Somebody wants the supervisor to end: Ctrl-C, SIGTERM, a closed terminal, or its parent is gone."""


class ServiceFailed(StackError):
    """A service ended or wasn't ready in time."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """A process to run. Without a question it counts as ready once it runs; its log is `<name>.log`."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Question | None = None
    ready_seconds: float = 40.0
    stop_seconds: float = 10.0


@dataclass
class _Child:
    service: Service
    process: subprocess.Popen[bytes]
    started: str | None
    state: Literal["starting", "ready", "ended"] = "starting"
    begun: float = field(default_factory=time.monotonic)


class Supervisor:
    """The services of one local stack; a context manager, whose end stops everything.

    `with Supervisor(layout) as supervisor: supervisor.start_engines(stack); supervisor.start(…); supervisor.wait()`.
    Raises StackError on entering when another one runs. In the main thread, signals that ask for an end raise
    StopRequested wherever the program is.
    """

    def __init__(self, layout: LocalLayout, *, report: Callable[[str], None] = print) -> None:
        self.layout = layout
        self._report = report
        self._children: dict[str, _Child] = {}
        self._guard = threading.RLock()
        self._start_again = threading.Event()
        self._ending = threading.Event()
        self._parent = os.getppid()
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Supervisor:
        engine_home.prepare_root(self.layout, EngineUser.choose())
        self._lock = self.layout.supervisor_lock.open("w")
        self._acquire_lock()
        self._reaper = Reaper(lock=self.layout.stack_lock, held_open=[self._lock.fileno()], report=self._report)
        self._write_list()
        if threading.current_thread() is threading.main_thread():
            for number in STOP_SIGNALS:
                self._handlers[number] = signal.signal(number, self._on_stop_signal)
            self._handlers[START_AGAIN_SIGNAL] = signal.signal(START_AGAIN_SIGNAL, self._on_start_again_signal)
        self._looker = threading.Thread(target=self._look_after, name="supervisor", daemon=True)
        self._looker.start()
        return self

    def __exit__(self, *_: object) -> None:
        for number in STOP_SIGNALS:
            if number in self._handlers:
                # What follows has deadlines of its own; a second Ctrl-C must not leave anything behind.
                signal.signal(number, signal.SIG_IGN)
        self._ending.set()
        self._looker.join()
        self._reaper.stop_everything()
        for child in self._children.values():
            child.process.wait()
        self.layout.services_file.unlink(missing_ok=True)
        self._lock.close()
        for handled, handler in self._handlers.items():
            signal.signal(handled, handler)

    def start_engines(self, stack: Stack) -> None:
        """Bring the stack up. What runs already stays when this supervisor ends; the rest is stopped then."""
        stack.up(progress=self._report, starting=self._reaper.watch_engine)

    def start(self, *services: Service) -> None:
        """Start services side by side and wait until all are ready.

        Raises ServiceFailed, with the end of its log, for one that ends or isn't ready in time.
        """
        children = [self._launch(service) for service in services]
        self._await_ready(children)

    def run(self, service: Service) -> int:
        """Run a command that talks to the terminal to its end, and return its exit status."""
        return self._launch(service, talks=True).process.wait()

    def restart(self, name: str, *, kill: bool = False) -> None:
        """Stop a service (by SIGKILL if `kill`) and start it again; one that has ended is just started."""
        with self._guard:
            child = self._children[name]
            if kill:
                processes.kill_group(child.process.pid)
            else:
                self._watched(child).stop()
            child.process.wait()
            self._await_ready([self._launch(child.service)])

    def pid(self, name: str) -> int:
        """The process id of a service."""
        return self._children[name].process.pid

    def wait(self) -> None:
        """Stay until somebody asks for an end."""
        try:
            while True:
                # Not one endless wait: signals are handled between two waits on every platform.
                time.sleep(1)
        except StopRequested:
            return

    def _launch(self, service: Service, *, talks: bool = False) -> _Child:
        environment = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            **service.environment,
            **self._reaper.environment,
        }
        with self._guard, open_log(self.layout.log(service.name)) as log:
            process = subprocess.Popen(
                list(service.command),
                stdin=subprocess.DEVNULL,
                stdout=None if talks else log,
                stderr=None if talks else subprocess.STDOUT,
                cwd=REPOSITORY,
                env=environment,
                start_new_session=True,
            )
            child = _Child(service=service, process=process, started=processes.started_at(process.pid))
            self._reaper.watch_service(self._watched(child))
            if not talks:
                self._children[service.name] = child
                self._write_list()
        return child

    def _await_ready(self, children: Sequence[_Child]) -> None:
        waiting = list(children)
        while waiting:
            if self._ending.is_set():
                raise ServiceFailed("interrupted")
            for child in list(waiting):
                service, took = child.service, time.monotonic() - child.begun
                if child.process.poll() is not None:
                    raise ServiceFailed(f"{self._ended_text(child)}")
                if service.ready is None or service.ready():
                    self._set_state(child, "ready")
                    self._report(f"{service.name} is ready ({took:.1f} s)")
                    waiting.remove(child)
                elif took > service.ready_seconds:
                    tail = last_lines(self.layout.log(service.name))
                    raise ServiceFailed(f"{service.name} isn't ready after {took:.0f} s; its log ends:\n{tail}")
            time.sleep(0.02)

    def _look_after(self) -> None:
        """In a thread of its own: who has ended, is the parent still there, does somebody want something?"""
        while not self._ending.wait(LOOK_SECONDS):
            if os.getppid() != self._parent:
                # Its death must end us as Ctrl-C does, also while the main thread is busy.
                os.kill(os.getpid(), signal.SIGTERM)
                return
            self._reaper.revive()
            with self._guard:
                self._report_ended()
                if self._start_again.is_set():
                    self._start_again.clear()
                    self._start_ended()

    def _report_ended(self) -> None:
        for child in self._children.values():
            if child.state == "ready" and child.process.poll() is not None:
                # What a killed service leaves behind would work on beside its successor.
                processes.kill_group(child.process.pid)
                self._set_state(child, "ended")
                self._report(self._ended_text(child))

    def _start_ended(self) -> None:
        ended = [child.service for child in self._children.values() if child.process.poll() is not None]
        try:
            self.start(*ended)
        except ServiceFailed as failure:
            self._report(str(failure))

    def _set_state(self, child: _Child, state: Literal["ready", "ended"]) -> None:
        with self._guard:
            child.state = state
            self._write_list()

    def _ended_text(self, child: _Child) -> str:
        code = child.process.returncode
        how = f"with status {code}" if code >= 0 else f"by {signal.Signals(-code).name}"
        tail = last_lines(self.layout.log(child.service.name))
        return f"{child.service.name} (process {child.process.pid}) ended {how}; its log ends:\n{tail}"

    @staticmethod
    def _watched(child: _Child) -> ServiceProcess:
        return ServiceProcess(
            name=child.service.name,
            pid=child.process.pid,
            started=child.started,
            stop_seconds=child.service.stop_seconds,
        )

    def _write_list(self) -> None:
        services = tuple(
            RunningService(
                name=name,
                pid=child.process.pid,
                started=child.started,
                state=child.state,
                log=str(self.layout.log(name)),
            )
            for name, child in self._children.items()
        )
        mine = os.getpid()
        listed = RunningServices(supervisor=mine, supervisor_started=processes.started_at(mine), services=services)
        listed.write(self.layout.services_file)

    def _acquire_lock(self) -> None:
        deadline = time.monotonic() + PREVIOUS_RUN_SECONDS
        told = False
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                other = RunningServices.read(self.layout.services_file)
                if other is not None or time.monotonic() > deadline:
                    who = f"process {other.supervisor}" if other else "the reaper of an earlier run"
                    raise StackError(
                        f"the services of {self.layout.root} run already ({who}); stop that run first, "
                        "or use another FINTECH_LOCAL_ROOT and FINTECH_BASE_PORT"
                    ) from None
            if not told:
                told = True
                self._report("an earlier run is still being stopped")
            time.sleep(0.1)

    def _on_stop_signal(self, number: int, frame: FrameType | None) -> None:
        raise StopRequested(signal.Signals(number).name)

    def _on_start_again_signal(self, number: int, frame: FrameType | None) -> None:
        self._start_again.set()
