"""Where the local stack keeps its things: folders, ports and the names of its secrets.

Pure: reads the environment and the secrets file, and creates nothing. Imports no Django, so that settings
can use it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fintech.stack import local_secrets

REPOSITORY = Path(__file__).resolve().parents[2]
JURISDICTION_FILES = REPOSITORY / "fintech" / "jurisdictions"
DEFAULT_BASE_PORT = 8000
DEFAULT_CELLS = "eu,au"

# Offsets from the one knob FINTECH_BASE_PORT.
SERVICE_PORTS: Mapping[str, int] = {
    "web": 0,
    "api": 1,
    "ws": 2,
    "psp": 3,
    "smtp": 4,
    "mail": 5,
    "doors": 20,
    "valkey": 100,
}
PRIMARY_OFFSET = 110
REPLICA_OFFSET = 111
PORTS_PER_CELL = 10
# Those below are reserved for root.
LOWEST_PORT = 1024
HIGHEST_PORT = 65535


@dataclass(frozen=True, kw_only=True)
class LocalLayout:
    """The local stack's places. `cell_names` are all cells that could be started, which fixes their ports."""

    root: Path
    base_port: int
    cell_names: tuple[str, ...]

    def __post_init__(self) -> None:
        last = self.base_port + REPLICA_OFFSET + PORTS_PER_CELL * max(len(self.cell_names) - 1, 0)
        if self.base_port < LOWEST_PORT or last > HIGHEST_PORT:
            raise ValueError(
                f"FINTECH_BASE_PORT={self.base_port}: the stack takes the ports from there to {last}; "
                f"choose one from {LOWEST_PORT} to {HIGHEST_PORT - (last - self.base_port)}"
            )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> LocalLayout:
        """The layout that FINTECH_LOCAL_ROOT (default `.local/stack` in the repository) and FINTECH_BASE_PORT name."""
        text = environment.get("FINTECH_BASE_PORT") or str(DEFAULT_BASE_PORT)
        if not text.isdecimal():
            raise ValueError(f"FINTECH_BASE_PORT={text!r} is no port number")
        root = Path(environment.get("FINTECH_LOCAL_ROOT") or REPOSITORY / ".local" / "stack")
        return cls(
            root=root.expanduser().absolute(),
            base_port=int(text),
            cell_names=tuple(sorted(file.stem for file in JURISDICTION_FILES.glob("*.toml"))),
        )

    # Ports

    def port(self, service: str) -> int:
        """The port of one service. Raises KeyError, naming the known services."""
        if service not in SERVICE_PORTS:
            raise KeyError(f"no port is planned for {service!r}; known: {', '.join(SERVICE_PORTS)}")
        return self.base_port + SERVICE_PORTS[service]

    def doors_port(self, position: int) -> int:
        """The port at which the process of this position (0 to 79) shows its health and its metrics."""
        if not 0 <= position < SERVICE_PORTS["valkey"] - SERVICE_PORTS["doors"]:
            raise ValueError(f"no port of doors is planned for position {position}; positions are 0 to 79")
        return self.port("doors") + position

    def primary_port(self, cell: str) -> int:
        """The port of a cell's PostgreSQL primary. Raises KeyError for a cell without a jurisdiction file."""
        return self.base_port + PRIMARY_OFFSET + PORTS_PER_CELL * self._position(cell)

    def replica_port(self, cell: str) -> int:
        """The port of a cell's PostgreSQL replica. Raises KeyError for a cell without a jurisdiction file."""
        return self.base_port + REPLICA_OFFSET + PORTS_PER_CELL * self._position(cell)

    def _position(self, cell: str) -> int:
        if cell not in self.cell_names:
            known = ", ".join(self.cell_names) or "none"
            raise KeyError(f"cell {cell!r} has no file in {JURISDICTION_FILES}; known: {known}")
        return self.cell_names.index(cell)

    # Folders and files

    @property
    def secrets_file(self) -> Path:
        """The JSON file of secrets, mode 600."""
        return self.root / "secrets.json"

    @property
    def certificates(self) -> Path:
        """The folder of the local certificate authority."""
        return self.root / "certificates"

    @property
    def certificate_authority(self) -> Path:
        """The certificate (PEM) that clients verify every server of the stack against."""
        return self.certificates / "authority.pem"

    @property
    def engines(self) -> Path:
        """The engines' data; a symbolic link where the database user can't come in here (see engine_home)."""
        return self.root / "engines"

    @property
    def logs(self) -> Path:
        """The folder of all logs."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Locks and the list of what is running."""
        return self.root / "run"

    @property
    def services_file(self) -> Path:
        """What the supervisor runs at the moment (JSON)."""
        return self.run / "services.json"

    @property
    def stack_lock(self) -> Path:
        """Locked while engines are being started or stopped."""
        return self.run / "stack.lock"

    @property
    def supervisor_lock(self) -> Path:
        """Locked as long as a supervisor or its reaper lives."""
        return self.run / "supervisor.lock"

    def log(self, what: str) -> Path:
        """The log of one service (`api`) or engine (`postgresql-eu-primary`)."""
        return self.logs / f"{what}.log"

    # Secrets

    def secret(self, name: str) -> str:
        """One secret by name, such as `eu/database/payments_app`.

        Raises KeyError, saying what to run, when it hasn't been made yet.
        """
        return local_secrets.read(self.secrets_file, name)


def cells_of(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The cells that FINTECH_CELLS names (default `eu,au`), in its order."""
    names = (name.strip() for name in (environment.get("FINTECH_CELLS") or DEFAULT_CELLS).split(","))
    return tuple(dict.fromkeys(name for name in names if name))
