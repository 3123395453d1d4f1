"""A cell's vault: a person puts the values in, the nodes' driver reads them, and nothing is purged before its time."""

from __future__ import annotations

from typing import Final

from azure.mgmt.keyvault import models as keyvault

from deploy.azure.names import VERSIONS, Names
from deploy.azure.network import Network, add_endpoint
from deploy.azure.template import Reference, Template, made

CLOSED: Final = {
    "enable_rbac_authorization": True,
    "enable_soft_delete": True,
    "soft_delete_retention_in_days": 90,
    "enable_purge_protection": True,
    "public_network_access": "Disabled",
}


def add_vault(template: Template, names: Names, network: Network) -> Reference:
    """The vault, with its address in the cell's network."""
    properties = made(
        keyvault.VaultProperties,
        tenant_id=names.place.tenant,
        sku=made(keyvault.Sku, family="A", name="premium"),
        network_acls=made(keyvault.NetworkRuleSet, default_action="Deny", bypass="None"),
        **CLOSED,
    )
    model = made(keyvault.Vault, location=names.cell.region, properties=properties)
    vault = template.add(Reference("Microsoft.KeyVault/vaults", names.vault), VERSIONS["Microsoft.KeyVault"], model)
    add_endpoint(template, names, network, vault, "vault")
    return vault
