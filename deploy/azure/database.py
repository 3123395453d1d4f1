"""A cell's PostgreSQL: a primary with a standby in another zone, replicas, TLS everywhere, 35 days to go back to."""

from __future__ import annotations

from typing import Final

from azure.mgmt.postgresqlflexibleservers import models as postgresql

from deploy.azure.names import VERSIONS, Names
from deploy.azure.network import ZONES, Network
from deploy.azure.template import Reference, Template, made

SERVER: Final = "Microsoft.DBforPostgreSQL/flexibleServers"
KEPT_DAYS: Final = 35
# By the roles' own passwords, which are secrets like the others.
AUTHENTICATION: Final = {"password_auth": "Enabled", "active_directory_auth": "Disabled"}
# As the local servers have them (fintech/stack/postgresql_configuration.py), as far as Azure lets one say so.
PARAMETERS: Final = {
    "require_secure_transport": "ON",
    "ssl_min_protocol_version": "TLSv1.3",
    "password_encryption": "scram-sha-256",
    "max_prepared_transactions": "0",
    "hot_standby_feedback": "on",
    "log_connections": "on",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def add_database(template: Template, names: Names, network: Network) -> Reference:
    """The primary with its standby, and the replicas, of which the second is for reports."""
    primary = Reference(SERVER, names.server)
    link = Reference("Microsoft.Network/privateDnsZones", ZONES["postgres"]).part("virtualNetworkLinks", names.stack)
    password = template.secret_parameter("databaseSuperuser", "The superuser's password; only for emergencies")
    properties = made(
        postgresql.ServerProperties,
        version="17",
        create_mode="Create",
        administrator_login="postgres",
        administrator_login_password=password,
        auth_config=made(postgresql.AuthConfig, **AUTHENTICATION),
        network=_closed(network),
        **_lasting(names),
    )
    _add_server(template, names, primary, properties, after=[network.whole, link])
    latest = _add_parameters(template, primary)
    for number in range(1, names.cell.size.database_replicas + 1):
        latest = _add_replica(template, names, network, primary, number, latest)
    return primary


def _lasting(names: Names) -> dict[str, object]:
    """What lets the primary's data outlast a zone, a fault and a mistake."""
    zone, other = names.cell.zones[:2]
    storage_gb = names.cell.size.database_storage
    copied = "Disabled" if _one_region(names) else "Enabled"
    return {
        "availability_zone": zone,
        "high_availability": made(postgresql.HighAvailability, mode="ZoneRedundant", standby_availability_zone=other),
        "storage": made(postgresql.Storage, storage_size_gb=storage_gb, auto_grow="Enabled"),
        "backup": made(postgresql.Backup, backup_retention_days=KEPT_DAYS, geo_redundant_backup=copied),
    }


def _closed(network: Network) -> postgresql.Network:
    return made(
        postgresql.Network,
        public_network_access="Disabled",
        delegated_subnet_resource_id=network.databases.id,
        private_dns_zone_arm_resource_id=Reference("Microsoft.Network/privateDnsZones", ZONES["postgres"]).id,
    )


def _add_server(
    template: Template,
    names: Names,
    server: Reference,
    properties: postgresql.ServerProperties,
    *,
    after: list[Reference],
) -> Reference:
    machine = names.cell.size.database_class
    sku = made(postgresql.Sku, name=machine, tier=_tier(machine))
    model = made(postgresql.Server, location=names.cell.region, sku=sku, properties=properties)
    return template.add(server, VERSIONS["Microsoft.DBforPostgreSQL"], model, after=after)


def _add_parameters(template: Template, primary: Reference) -> Reference:
    """One after the other: Azure refuses a change while another is under way. Gives the last."""
    latest = primary
    for name, value in PARAMETERS.items():
        properties = made(postgresql.ConfigurationProperties, value=value, source="user-override")
        latest = template.add(
            primary.part("configurations", name),
            VERSIONS["Microsoft.DBforPostgreSQL"],
            made(postgresql.Configuration, properties=properties),
            after=[latest],
        )
    return latest


def _add_replica(  # noqa: PLR0917  (what a replica is of, and after what)
    template: Template, names: Names, network: Network, primary: Reference, number: int, latest: Reference
) -> Reference:
    properties = made(
        postgresql.ServerProperties,
        create_mode="Replica",
        source_server_resource_id=primary.id,
        availability_zone=names.cell.zones[number % len(names.cell.zones)],
        network=_closed(network),
    )
    replica = Reference(SERVER, f"{names.server}-replica-{number}")
    return _add_server(template, names, replica, properties, after=[latest])


def _one_region(names: Names) -> bool:
    return names.cell.backup_region == names.cell.region


def _tier(machine: str) -> str:
    return {"E": "MemoryOptimized", "D": "GeneralPurpose"}[machine.removeprefix("Standard_")[0]]
