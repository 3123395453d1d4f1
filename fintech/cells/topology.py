"""Which cells this deployment serves, where their stores stand, and Django's DATABASES made from that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fintech.cells.connecting import ConnectionBySecret
from fintech.cells.lost_servers import WHEN_THE_SERVER_IS_AWAY
from fintech.jurisdictions import Jurisdiction

PRIMARY_OPTIONS = {"sslmode": "verify-full", "connect_timeout": 5}


@dataclass(frozen=True)
class Endpoint:
    """A server's address and the region that it stands in."""

    host: str
    port: int
    region: str


@dataclass(frozen=True)
class ServedCell:
    """One cell of this deployment. `secrets` is the prefix of its secrets' names (`eu`, `production/eu`)."""

    name: str
    jurisdiction: Jurisdiction
    primary: Endpoint
    replica: Endpoint | None
    certificate_authority: str
    secrets: str


def served_cells() -> Mapping[str, ServedCell]:
    """The cells that this deployment serves, by name."""
    from django.conf import settings

    cells: Mapping[str, ServedCell] = settings.FINTECH_SERVED_CELLS
    return cells


def served_cell(name: str) -> ServedCell:
    """One served cell. Raises LookupError, naming those that are served."""
    cells = served_cells()
    if name not in cells:
        raise LookupError(f"this deployment doesn't serve cell {name!r}; it serves {', '.join(cells) or 'none'}")
    return cells[name]


def cell_of_host(host: str) -> ServedCell | None:
    """The cell that answers for a host name (without port), or None for a host that is nobody's."""
    for served in served_cells().values():
        if host.lower().rstrip(".") in served.jurisdiction.hosts:
            return served
    return None


def databases(
    cells: Iterable[ServedCell], *, pool: Mapping[str, Any] | None, suffix: str = ""
) -> dict[str, dict[str, Any]]:
    """Django's DATABASES: for each cell and concern a primary and, where there is one, its replica.

    `default` is no database but a proxy to the bound cell's crm. `pool` are psycopg pool options for threaded
    services, None for prefork workers and commands. `suffix` ends the databases' names: tests have several sets.
    """
    result: dict[str, dict[str, Any]] = {"default": {"ENGINE": "fintech.cells.default_proxy", "NAME": "none"}}
    for served in cells:
        for concern in ("crm", "trading", "payments", "audit"):
            alias = f"{served.name}_{concern}"
            result[alias] = _database(served, concern, served.primary, pool, suffix)
            if served.replica:
                replica = _database(served, concern, served.replica, pool, suffix)
                replica["REPLICA_OF"] = alias
                replica["OPTIONS"]["connect_timeout"] = 2
                result[f"{alias}_replica"] = replica
    return result


def _database(
    served: ServedCell, concern: str, endpoint: Endpoint, pool: Mapping[str, Any] | None, suffix: str
) -> dict[str, Any]:
    role = "audit_writer" if concern == "audit" else f"{concern}_app"
    options: dict[str, Any] = {**PRIMARY_OPTIONS, "sslrootcert": served.certificate_authority, "prepare_threshold": 5}
    if pool is not None:
        options["pool"] = {**pool, **WHEN_THE_SERVER_IS_AWAY, "connection_class": ConnectionBySecret}
    return {
        "ENGINE": "fintech.cells.guarded_backend",
        "NAME": f"{concern}{suffix}",
        "USER": role,
        "HOST": endpoint.host,
        "PORT": str(endpoint.port),
        "OPTIONS": options,
        "CONN_MAX_AGE": 0 if pool is not None else None,
        "CONN_HEALTH_CHECKS": True,
        "CELL": served.name,
        "CONCERN": concern,
        "SECRETS": served.secrets,
        "TEST": {"DEPENDENCIES": []},
    }
