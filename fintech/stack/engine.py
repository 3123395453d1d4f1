"""What every engine of the stack is: a server with a name, a folder, a log and a process with a pid file."""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from pathlib import Path

from fintech.stack.layout import LocalLayout
from fintech.stack.processes import EngineProcess


class Engine(ABC):
    """One of the stack's servers. Making an object of it starts nothing."""

    layout: LocalLayout

    @property
    @abstractmethod
    def name(self) -> str:
        """Its name, which no other engine of the stack has."""

    @property
    @abstractmethod
    def port(self) -> int | None:
        """Where it listens (127.0.0.1); None when it has no port."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it does its work."""

    @property
    @abstractmethod
    def process(self) -> EngineProcess:
        """How its process is found and stopped."""

    @abstractmethod
    def start(self) -> bool:
        """Start it and wait until it is ready; False when it was running already. Raises PortTaken, StackError."""

    @property
    def log(self) -> Path:
        """Its log file."""
        return self.layout.log(self.name)

    @property
    def folder(self) -> Path:
        """The folder of all its files, by its real path."""
        return self.layout.engines.resolve() / self.name

    def is_running(self) -> bool:
        """Whether its process lives."""
        return self.process.pid() is not None

    def stop(self) -> bool:
        """Stop it and wait until it is gone; False when it wasn't running."""
        return self.process.stop() is not None

    def kill(self) -> bool:
        """SIGKILL, as a crash would; False when it wasn't running."""
        return self.process.stop(signal.SIGKILL) is not None
