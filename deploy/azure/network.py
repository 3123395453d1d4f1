"""A cell's network: nodes reach out by one gateway, stores are reached from nodes only and reach nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from azure.mgmt.network import models as network
from azure.mgmt.privatedns import models as privatedns

from deploy.azure.names import VERSIONS, Names
from deploy.azure.template import Reference, Template, made

VERSION: Final = "2026-03-01"
SPACE: Final = "10.40.0.0/16"
NODES: Final = "10.40.0.0/20"
DATABASES: Final = "10.40.16.0/24"
ENDPOINTS: Final = "10.40.17.0/24"
DATABASE_PORTS: Final = "5432"
# Where Azure's stores answer inside a network of one's own.
ZONES: Final = {
    "vault": "privatelink.vaultcore.azure.net",
    "blob": "privatelink.blob.core.windows.net",
    "redisEnterprise": "privatelink.redis.azure.net",
    "registry": "privatelink.azurecr.io",
    "postgres": "private.postgres.database.azure.com",
}


@dataclass(frozen=True)
class Network:
    """The network with its subnets."""

    whole: Reference
    nodes: Reference
    databases: Reference
    endpoints: Reference


def add_network(template: Template, names: Names) -> Network:
    """The network of one cell; nothing connects it with another's."""
    gateway = _way_out(template, names)
    closed = _groups(template, names)
    whole = Reference("Microsoft.Network/virtualNetworks", names.stack)
    subnets = [
        _subnet("nodes", NODES, closed["nodes"], nat_gateway=made(network.SubResource, id=gateway.id)),
        _subnet("databases", DATABASES, closed["databases"], delegations=[_delegated()]),
        _subnet("endpoints", ENDPOINTS, closed["endpoints"], private_endpoint_network_policies="Enabled"),
    ]
    space = made(network.AddressSpace, address_prefixes=[SPACE])
    encryption = made(network.VirtualNetworkEncryption, enabled=True, enforcement="AllowUnencrypted")
    model = made(
        network.VirtualNetwork,
        location=names.cell.region,
        properties=made(
            network.VirtualNetworkPropertiesFormat, address_space=space, subnets=subnets, encryption=encryption
        ),
    )
    template.add(whole, VERSION, model, after=[gateway, *closed.values()])
    found = Network(whole, *(whole.part("subnets", name) for name in ("nodes", "databases", "endpoints")))
    for zone in ZONES.values():
        _add_zone(template, names, zone, found)
    return found


def add_endpoint(template: Template, names: Names, network_of: Network, store: Reference, group: str) -> None:
    """A store's address in the cell's network, which is its only one."""
    kind = store.type.rpartition("/")[2]
    endpoint = Reference("Microsoft.Network/privateEndpoints", f"{names.stack}-{kind}-{group}")
    link = made(
        network.PrivateLinkServiceConnection,
        name=group,
        properties=made(
            network.PrivateLinkServiceConnectionProperties, private_link_service_id=store.id, group_ids=[group]
        ),
    )
    model = made(
        network.PrivateEndpoint,
        location=names.cell.region,
        properties=made(
            network.PrivateEndpointProperties,
            subnet=made(network.Subnet, id=network_of.endpoints.id),
            private_link_service_connections=[link],
        ),
    )
    template.add(endpoint, VERSION, model, after=[network_of.whole, store])
    zone = Reference("Microsoft.Network/privateDnsZones", ZONES[group])
    config = made(
        network.PrivateDnsZoneConfig,
        name=group,
        properties=made(network.PrivateDnsZonePropertiesFormat, private_dns_zone_id=zone.id),
    )
    named = made(
        network.PrivateDnsZoneGroup,
        properties=made(network.PrivateDnsZoneGroupPropertiesFormat, private_dns_zone_configs=[config]),
    )
    template.add(endpoint.part("privateDnsZoneGroups", "default"), VERSION, named, after=[endpoint, zone])


def _way_out(template: Template, names: Names) -> Reference:
    address = template.add(
        Reference("Microsoft.Network/publicIPAddresses", f"{names.stack}-out"),
        VERSION,
        made(
            network.PublicIPAddress,
            location=names.cell.region,
            sku=made(network.PublicIPAddressSku, name="StandardV2"),
            zones=list(names.cell.zones),
            properties=made(network.PublicIPAddressPropertiesFormat, public_ip_allocation_method="Static"),
        ),
    )
    return template.add(
        Reference("Microsoft.Network/natGateways", f"{names.stack}-out"),
        VERSION,
        made(
            network.NatGateway,
            location=names.cell.region,
            # The second version spans zones: one of them may fail.
            sku=made(network.NatGatewaySku, name="StandardV2"),
            zones=list(names.cell.zones),
            properties=made(
                network.NatGatewayPropertiesFormat,
                public_ip_addresses=[made(network.SubResource, id=address.id)],
                idle_timeout_in_minutes=4,
            ),
        ),
        after=[address],
    )


def _groups(template: Template, names: Names) -> dict[str, Reference]:
    """What may pass at each subnet's border. Azure lets everything of a network pass, unless it is told otherwise."""
    rules = {
        "nodes": [_rule(100, "nobody-outside", "Inbound", "Deny", "Internet", "*", "*")],
        "databases": [
            _rule(100, "nodes", "Inbound", "Allow", NODES, DATABASES, DATABASE_PORTS),
            _rule(110, "among-themselves", "Inbound", "Allow", DATABASES, DATABASES, DATABASE_PORTS),
            _rule(4000, "nobody-else", "Inbound", "Deny", "*", "*", "*"),
            # Flexible Server keeps its backups in Azure's storage, and its primary and standby talk to each other.
            _rule(100, "its-backups", "Outbound", "Allow", "*", "Storage", "443"),
            _rule(110, "its-replicas", "Outbound", "Allow", DATABASES, DATABASES, DATABASE_PORTS),
            _rule(120, "its-directory", "Outbound", "Allow", "*", "AzureActiveDirectory", "443"),
            _rule(4000, "no-way-out", "Outbound", "Deny", "*", "*", "*"),
        ],
        "endpoints": [
            _rule(100, "nodes", "Inbound", "Allow", NODES, ENDPOINTS, "*"),
            _rule(4000, "nobody-else", "Inbound", "Deny", "*", "*", "*"),
            _rule(4000, "no-way-out", "Outbound", "Deny", "*", "*", "*"),
        ],
    }
    return {
        name: template.add(
            Reference("Microsoft.Network/networkSecurityGroups", f"{names.stack}-{name}"),
            VERSION,
            made(
                network.NetworkSecurityGroup,
                location=names.cell.region,
                properties=made(network.NetworkSecurityGroupPropertiesFormat, security_rules=listed),
            ),
        )
        for name, listed in rules.items()
    }


def _rule(  # noqa: PLR0917  (a line of a table)
    priority: int, name: str, direction: str, access: str, source: str, target: str, port: str
) -> network.SecurityRule:
    properties = made(
        network.SecurityRulePropertiesFormat,
        priority=priority,
        direction=direction,
        access=access,
        protocol="Tcp" if access == "Allow" else "*",
        source_address_prefix=source,
        source_port_range="*",
        destination_address_prefix=target,
        destination_port_range=port,
    )
    return made(network.SecurityRule, name=name, properties=properties)


def _subnet(name: str, prefix: str, group: Reference, **more: object) -> network.Subnet:
    properties = made(
        network.SubnetPropertiesFormat,
        address_prefix=prefix,
        network_security_group=made(network.NetworkSecurityGroup, id=group.id),
        default_outbound_access=False,
        **more,
    )
    return made(network.Subnet, name=name, properties=properties)


def _delegated() -> network.Delegation:
    service = "Microsoft.DBforPostgreSQL/flexibleServers"
    return made(
        network.Delegation,
        name="postgresql",
        properties=made(network.ServiceDelegationPropertiesFormat, service_name=service),
    )


def _add_zone(template: Template, names: Names, zone: str, found: Network) -> None:
    version = VERSIONS["Microsoft.Network/privateDnsZones"]
    reference = template.add(
        Reference("Microsoft.Network/privateDnsZones", zone), version, made(privatedns.PrivateZone, location="global")
    )
    link = made(
        privatedns.VirtualNetworkLink,
        location="global",
        properties=made(
            privatedns.VirtualNetworkLinkProperties,
            virtual_network=made(privatedns.SubResource, id=found.whole.id),
            registration_enabled=False,
        ),
    )
    template.add(reference.part("virtualNetworkLinks", names.stack), version, link, after=[reference, found.whole])
