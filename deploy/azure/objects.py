"""A cell's blobs: reached from the nodes alone, opened by identity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, get_args

from azure.mgmt.storage import models as storage

from deploy.azure.names import VERSIONS, Names
from deploy.azure.network import Network, add_endpoint
from deploy.azure.template import Reference, Template, made
from deploy.definition.services import Objects as Kind

VERSION: Final = VERSIONS["Microsoft.Storage"]
DELETED_KEPT_DAYS: Final = 35
ANCHORS_KEPT_DAYS: Final = 3650
PLACES: Final[tuple[Kind, ...]] = get_args(Kind)
CLOSED: Final = {
    "minimum_tls_version": "TLS1_2",
    "allow_blob_public_access": False,
    "allow_shared_key_access": False,
    "allow_cross_tenant_replication": False,
    "public_network_access": "Disabled",
}


def add_objects(template: Template, names: Names, network: Network) -> Mapping[Kind, Reference]:
    """The containers: documents, and anchors that nobody can change or delete before their time."""
    one_region = names.cell.backup_region == names.cell.region
    redundancy = "Standard_ZRS" if one_region else "Standard_GZRS"
    account = _account(template, names, redundancy)
    service = template.add(account.part("blobServices", "default"), VERSION, _coming_back(), after=[account])
    containers: dict[Kind, Reference] = {}
    for name in PLACES:
        closed = made(storage.ContainerProperties, public_access="None")
        model = made(storage.BlobContainer, container_properties=closed)
        containers[name] = template.add(service.part("containers", name), VERSION, model, after=[service])
    _lock(template, containers["anchors"])
    add_endpoint(template, names, network, account, "blob")
    return containers


def _coming_back() -> storage.BlobServiceProperties:
    """What is deleted or written over comes back for a while."""
    kept = made(storage.DeleteRetentionPolicy, enabled=True, days=DELETED_KEPT_DAYS)
    properties = made(
        storage.BlobServicePropertiesProperties,
        is_versioning_enabled=True,
        delete_retention_policy=kept,
        container_delete_retention_policy=kept,
    )
    return made(storage.BlobServiceProperties, blob_service_properties=properties)


def _lock(template: Template, container: Reference) -> None:
    policy = made(
        storage.ImmutabilityPolicyProperty,
        immutability_period_since_creation_in_days=ANCHORS_KEPT_DAYS,
        allow_protected_append_writes=False,
    )
    model = made(storage.ImmutabilityPolicy, properties=policy)
    template.add(container.part("immutabilityPolicies", "default"), VERSION, model, after=[container])


def _account(template: Template, names: Names, redundancy: str) -> Reference:
    properties = made(
        storage.StorageAccountPropertiesCreateParameters,
        enable_https_traffic_only=True,
        network_rule_set=made(storage.NetworkRuleSet, default_action="Deny", bypass="None"),
        encryption=_twice(),
        **CLOSED,
    )
    sku = made(storage.Sku, name=storage.SkuName(redundancy))
    model = made(
        storage.StorageAccountCreateParameters,
        location=names.cell.region, kind="StorageV2", sku=sku, properties=properties,
    )  # fmt: skip
    return template.add(Reference("Microsoft.Storage/storageAccounts", names.objects), VERSION, model)


def _twice() -> storage.Encryption:
    return made(storage.Encryption, key_source="Microsoft.Storage", require_infrastructure_encryption=True)
