"""What the stack's small engines have in common: one program, one configuration file, a folder of their own."""

from __future__ import annotations

import signal
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fintech.stack import ports, processes
from fintech.stack.engine import Engine
from fintech.stack.engine_home import EngineHome
from fintech.stack.errors import StackError
from fintech.stack.layout import LocalLayout
from fintech.stack.log_files import last_lines, open_log
from fintech.stack.processes import EngineProcess

START_SECONDS = 20.0
STOP_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class PlainEngine(Engine):
    """An engine that leaves a pid file in its folder. `home` is asked for only when it is started."""

    layout: LocalLayout
    home: Callable[[], EngineHome]

    @abstractmethod
    def command(self, home: EngineHome) -> Sequence[str | Path]:
        """What is started, in its folder. Names the configuration file by its whole path."""

    @abstractmethod
    def configuration_text(self) -> str:
        """Its configuration. May hold a password."""

    def equip(self, home: EngineHome) -> None:
        """Write what it needs in its folder besides the configuration."""

    @property
    def configuration(self) -> Path:
        """Its configuration file."""
        return self.folder / f"{self.name}.conf"

    @property
    def process(self) -> EngineProcess:
        """How its process is found and stopped."""
        return EngineProcess(
            name=self.name,
            pid_file=self.folder / f"{self.name}.pid",
            proof=str(self.configuration),
            stop_signal=signal.SIGTERM,
            stop_seconds=STOP_SECONDS,
        )

    def start(self) -> bool:
        """Start it and wait until it is ready; False when it was running already.

        Raises PortTaken when somebody else listens at its port, StackError (with the end of its log) when it fails.
        """
        if self.is_running():
            self._wait_until_ready()
            return False
        home = self.home()
        if self.port is not None:
            ports.require_free(self.port, what=self.name)
        self._write_files(home)
        with open_log(self.log) as log:
            home.user.start_detached(self.command(home), folder=self.folder, log=log)
        self._wait_until_ready()
        return True

    def _write_files(self, home: EngineHome) -> None:
        self.folder.mkdir(exist_ok=True)
        home.user.own(self.folder, 0o700)
        self.process.pid_file.unlink(missing_ok=True)
        self.configuration.touch(mode=0o600)
        self.configuration.write_text(self.configuration_text(), encoding="utf-8")
        home.user.own(self.configuration, 0o600)
        self.equip(home)

    def _wait_until_ready(self) -> None:
        def settled() -> bool:
            return self.is_ready() or not self.process.is_under_way()

        if not processes.wait_until(settled, seconds=START_SECONDS, poll=0.02) or not self.is_ready():
            raise StackError(f"{self.name} didn't start; its log ends:\n{last_lines(self.log)}")
