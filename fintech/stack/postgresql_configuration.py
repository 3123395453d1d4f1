"""The configuration of the local PostgreSQL servers, written anew at each start.

It stands outside the data folder, so that a base backup or pg_rewind never copies one server's port, key or name
to another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ZONES = Path("/usr/share/zoneinfo")

# Only TLS, only passwords hashed by SCRAM; which role may enter which database is said by CONNECT privileges.
HOST_RULES = """\
hostssl  all          postgres    127.0.0.1/32  scram-sha-256
hostssl  replication  replicator  127.0.0.1/32  scram-sha-256
hostssl  all          all         127.0.0.1/32  scram-sha-256
"""

COMMON: Mapping[str, str | int] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": 300,
    "password_encryption": "scram-sha-256",
    "ssl": "on",
    "ssl_min_protocol_version": "TLSv1.3",
    # Replication. A slot of a replica that is gone may keep this much, then the replica is built anew.
    "wal_level": "replica",
    "max_wal_senders": 10,
    "max_replication_slots": 10,
    "max_slot_wal_keep_size": "2GB",
    "hot_standby": "on",
    # Long reports on the replica aren't cancelled by the primary's clean-up; transaction_timeout bounds them.
    "hot_standby_feedback": "on",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "500ms",
    "archive_mode": "on",
    # A prepared transaction that is forgotten would hold back the horizon of every fact log in the cluster.
    "max_prepared_transactions": 0,
    "max_wal_size": "2GB",
    "shared_buffers": "128MB",
    # The log tells who connected and how the server fares. Errors of statements and their details stay out:
    # they quote values, and values may be personal data.
    "log_connections": "on",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": 0,
    "log_line_prefix": "%m [%p] %q%u@%d %a ",
}

# A server that may lose its data with the machine, but not with its process: for tests.
NOT_DURABLE: Mapping[str, str | int] = {"fsync": "off", "full_page_writes": "off", "archive_mode": "off"}


@dataclass(frozen=True, kw_only=True)
class ServerFiles:
    """Where one server's files stand: all in one folder, but for the WAL archive, which its cell's servers share."""

    folder: Path
    archive: Path

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    @property
    def configuration(self) -> Path:
        """The configuration file that the server is started with."""
        return self.folder / "postgresql.conf"

    @property
    def host_rules(self) -> Path:
        """Who may connect from where (pg_hba.conf)."""
        return self.folder / "pg_hba.conf"

    @property
    def certificate(self) -> Path:
        """The server's certificate."""
        return self.folder / "server.crt"

    @property
    def key(self) -> Path:
        """The certificate's key, mode 600."""
        return self.folder / "server.key"

    @property
    def authority(self) -> Path:
        """A copy of the authority's certificate that the engines' user can read."""
        return self.folder / "authority.pem"

    @property
    def password_file(self) -> Path:
        """The replication password (.pgpass format), mode 600."""
        return self.folder / "replicator.pgpass"


def write_configuration(
    files: ServerFiles, *, port: int, name: str, source_port: int, slot: str, durable: bool
) -> None:
    """Write a server's configuration and host rules.

    `name` stands in the titles of its processes. `source_port` and `slot` are of the server that it streams from
    while it is a standby; a primary ignores them.
    """
    settings: dict[str, str | int] = {
        **COMMON,
        "port": port,
        "cluster_name": name,
        "hba_file": str(files.host_rules),
        "ssl_cert_file": str(files.certificate),
        "ssl_key_file": str(files.key),
        "archive_command": f"test -f {_shell(files.archive)}/%f || "
        f"(cp %p {_shell(files.archive)}/%f.part && mv {_shell(files.archive)}/%f.part {_shell(files.archive)}/%f)",
        "primary_conninfo": replication_source(files, port=source_port, name=name),
        "primary_slot_name": slot,
        "timezone": _zone(),
        "log_timezone": _zone(),
        **({} if durable else NOT_DURABLE),
    }
    text = "".join(f"{key} = {_quoted(value)}\n" for key, value in settings.items())
    files.configuration.write_text(text, encoding="utf-8")
    files.host_rules.write_text(HOST_RULES, encoding="utf-8")


def replication_source(files: ServerFiles, *, port: int, name: str) -> str:
    """How a replica (or a base backup) reaches its source: verified TLS, the password from a file."""
    parts = {
        "host": "127.0.0.1",
        "port": port,
        "user": "replicator",
        "passfile": files.password_file,
        "sslmode": "verify-full",
        "sslrootcert": files.authority,
        "application_name": name,
    }
    return " ".join(f"{key}={_connection_value(value)}" for key, value in parts.items())


def _zone() -> str:
    # The wheel brings no time zones of its own; without the system's, only GMT is known.
    return "UTC" if (ZONES / "UTC").exists() else "GMT"


def _quoted(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _connection_value(value: object) -> str:
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def _shell(path: Path) -> str:
    # %-signs are the archive command's own; the shell's quotes keep blanks together.
    return "'" + str(path).replace("%", "%%").replace("'", "'\\''") + "'"
