"""One PostgreSQL server of the local stack: start, stop, kill, and whether it is ready."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import psycopg
from psycopg.conninfo import make_conninfo

from fintech.stack import ports, processes
from fintech.stack.certificates import Authority
from fintech.stack.engine import Engine
from fintech.stack.engine_home import EngineHome, short_mark
from fintech.stack.errors import StackError
from fintech.stack.find_postgresql import SETTING, PostgresqlInstallation
from fintech.stack.layout import LocalLayout
from fintech.stack.log_files import last_lines, open_log
from fintech.stack.postgresql_configuration import ServerFiles, write_configuration
from fintech.stack.processes import EngineProcess

Role = Literal["primary", "replica"]
SLOT = "replica"
# Crash recovery after a kill replays up to max_wal_size of WAL.
START_SECONDS = 60.0
STOP_SECONDS = 60.0
# The line of postmaster.pid in which the server says how far it is.
STATE_LINE = 7


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """What servers are made and started with."""

    home: EngineHome
    authority: Authority
    installation: PostgresqlInstallation
    durable: bool


@dataclass(frozen=True)
class Cluster(Engine):
    """A PostgreSQL server: a cell's primary or its replica. `workshop` is asked for only when one is started."""

    layout: LocalLayout
    cell: str
    role: Role
    workshop: Callable[[], Workshop]

    @property
    def name(self) -> str:
        """Such as `postgresql-eu-primary`; also the name of its log."""
        return f"postgresql-{self.cell}-{self.role}"

    @property
    def port(self) -> int:
        """Where it listens (127.0.0.1)."""
        return self._port_of(self.role)

    @property
    def files(self) -> ServerFiles:
        """Where its files stand."""
        return ServerFiles(folder=self.folder, archive=self.folder.parent / f"postgresql-{self.cell}-archive")

    @property
    def process(self) -> EngineProcess:
        """How its postmaster is found and stopped (SIGINT: PostgreSQL's fast shutdown)."""
        return EngineProcess(
            name=self.name,
            pid_file=self.files.data / "postmaster.pid",
            proof=f"-D {self.files.data} ",
            stop_signal=signal.SIGINT,
            stop_seconds=STOP_SECONDS,
        )

    def superuser_dsn(self, dbname: str = "postgres") -> str:
        """Connection string of the superuser for one database, with verified TLS. Holds a password: never log it."""
        return make_conninfo(
            host=ports.LOOPBACK,
            port=self.port,
            dbname=dbname,
            user="postgres",
            password=self.layout.secret(f"{self.cell}/database/postgres"),
            sslmode="verify-full",
            sslrootcert=str(self.layout.certificate_authority),
            connect_timeout=5,
        )

    def connect(self, dbname: str = "postgres") -> psycopg.Connection:
        """An autocommitting connection of the superuser."""
        return psycopg.connect(self.superuser_dsn(dbname), autocommit=True)

    def exists(self) -> bool:
        """Whether its data folder has been made."""
        return (self.files.data / "PG_VERSION").exists()

    def is_ready(self) -> bool:
        """Whether it accepts connections (a replica: read-only ones)."""
        return self.is_running() and self._state() == "ready"

    def start(self) -> bool:
        """Start it and wait until it is ready, recovering from a crash; False when it was running already.

        Raises PortTaken when somebody else listens at its port, StackError (with the end of its log) when it fails.
        """
        if self._state() == "stopping":
            processes.wait_until(lambda: not self.is_running(), seconds=STOP_SECONDS)
        if self.is_running():
            self._wait_until_ready()
            return False
        workshop = self.workshop()
        self._require_version(workshop.installation)
        self.clear_remains()
        ports.require_free(self.port, what=self.name)
        self._equip(workshop)
        with open_log(self.log) as log:
            pid = workshop.home.user.start_detached(
                [
                    workshop.installation.program("postgres"),
                    "-D",
                    self.files.data,
                    "-c",
                    f"config_file={self.files.configuration}",
                ],
                folder=self.folder,
                log=log,
            )
        self._wait_until_ready(pid)
        return True

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> bool:
        """Stop it and wait until it is gone; False when it wasn't running. `immediate` leaves a recovery to do."""
        return self.process.stop(signal.SIGINT if mode == "fast" else signal.SIGQUIT) is not None

    @property
    def title(self) -> str:
        """The cluster's name in the titles of its processes, unlike that of any other on the machine."""
        return f"{self.cell}-{self.role}-{short_mark(self.layout)}"

    def _port_of(self, role: Role) -> int:
        return self.layout.primary_port(self.cell) if role == "primary" else self.layout.replica_port(self.cell)

    def _require_version(self, installation: PostgresqlInstallation) -> None:
        made_by = (self.files.data / "PG_VERSION").read_text(encoding="ascii").strip()
        if made_by != installation.version.split(".")[0]:
            raise StackError(
                f"the data of {self.name} was made by PostgreSQL {made_by}, and this is {installation}; "
                f"name the old one by {SETTING}, or start afresh with `manage.py stack reset`"
            )

    def _equip(self, workshop: Workshop) -> None:
        """Certificate, key, password file and configuration, all readable by the engines' user only."""
        user = workshop.home.user
        files = self.files
        workshop.authority.issue(name=self.name, certificate_file=files.certificate, key_file=files.key)
        files.authority.write_bytes(self.layout.certificate_authority.read_bytes())
        password = self.layout.secret(f"{self.cell}/database/replicator")
        files.password_file.touch(mode=0o600)
        files.password_file.write_text(f"127.0.0.1:*:*:replicator:{password}\n", encoding="utf-8")
        write_configuration(
            files,
            port=self.port,
            name=self.title,
            source_port=self._port_of("replica" if self.role == "primary" else "primary"),
            slot=SLOT,
            durable=workshop.durable,
        )
        for file in (files.certificate, files.key, files.authority, files.password_file):
            user.own(file, 0o600)
        for file in (files.configuration, files.host_rules):
            user.own(file, 0o600)

    def _state(self) -> str | None:
        """What the server itself says of its state: starting, ready, standby (not yet readable), stopping."""
        try:
            return self.process.pid_file.read_text(encoding="utf-8").splitlines()[STATE_LINE].strip()
        except (OSError, IndexError):
            return None

    def _wait_until_ready(self, pid: int | None = None) -> None:
        watched = pid if pid is not None else self.process.pid()

        def settled() -> bool:
            return self.is_ready() or watched is None or not processes.is_alive(watched)

        if not processes.wait_until(settled, seconds=START_SECONDS):
            raise StackError(
                f"{self.name} isn't ready after {START_SECONDS:.0f} s; its log ends:\n{last_lines(self.log)}"
            )
        if not self.is_ready():
            raise StackError(f"{self.name} didn't start; its log ends:\n{last_lines(self.log)}")

    def clear_remains(self) -> None:
        """Make way after a server that died: wait for its last processes, then drop its pid file if it misleads.

        PostgreSQL sees by itself that the process of the file is gone, but not when the id belongs to another
        process by now, or to a zombie. The file may only go once no process of the old server touches the data.
        """
        title = f"postgres: {self.title}: "

        def remains() -> list[int]:
            return [pid for pid, line in processes.living() if line.startswith(title)]

        if not self.process.pid_file.exists():
            return
        if not processes.wait_until(lambda: not remains(), seconds=5):
            for pid in remains():
                processes.signal_process(pid, signal.SIGKILL)
            processes.wait_until(lambda: not remains(), seconds=5)
        if self.process.pid() is None and not remains():
            self.process.pid_file.unlink(missing_ok=True)
