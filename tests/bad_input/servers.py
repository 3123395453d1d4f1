"""The services as they are shipped, on this run's databases."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from fintech.stack import ports, processes
from fintech.stack.layout import REPOSITORY, LocalLayout, cells_of
from fintech.stack.local_services import product_services


@dataclass(frozen=True)
class Server:
    """A service's process at its port."""

    port: int

    def client(self, cell_name: str) -> httpx.Client:
        """A caller at a cell's host, with as many connections as it likes."""
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Host": f"{cell_name}.localhost"},
            timeout=60,
            trust_env=False,
            limits=httpx.Limits(max_connections=100),
        )

    def connect(self) -> socket.socket:
        """A plain connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)


@contextmanager
def running(name: str, log: Path, **environment: str) -> Iterator[Server]:
    """The service of this name, by the very command that the local stack starts it with."""
    layout = LocalLayout.from_environment()
    (service,) = (service for service in product_services(layout, cells_of()) if service.name == name)
    port = layout.port(name)  # type: ignore[arg-type]
    with log.open("w") as output:
        process = subprocess.Popen(
            list(service.command),
            cwd=REPOSITORY,
            env={**os.environ, **service.environment, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        assert processes.wait_until(lambda: ports.accepts_connections(port), seconds=60), log.read_text()
        yield Server(port)
    finally:
        process.terminate()
        process.wait(30)
