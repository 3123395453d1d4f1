"""A cell's blobs, and the folders that the product keeps files in: reached from the nodes alone, opened by identity."""

from __future__ import annotations

from typing import Final

from azure.mgmt.storage import models as storage

from deploy.azure.names import VERSIONS, Names
from deploy.azure.network import Network, add_endpoint
from deploy.azure.template import Reference, Template, made

VERSION: Final = VERSIONS["Microsoft.Storage"]
DELETED_KEPT_DAYS: Final = 35
ANCHORS_KEPT_DAYS: Final = 3650
PLACES: Final = ("documents", "anchors")
CLOSED: Final = {
    "minimum_tls_version": "TLS1_2",
    "allow_blob_public_access": False,
    "allow_shared_key_access": False,
    "allow_cross_tenant_replication": False,
    "public_network_access": "Disabled",
}


def add_objects(template: Template, names: Names, network: Network) -> None:
    """Blobs: documents, and anchors that nobody can change or delete before their time."""
    one_region = names.cell.backup_region == names.cell.region
    redundancy = "Standard_ZRS" if one_region else "Standard_GZRS"
    account = _account(template, names, names.objects, "StorageV2", redundancy)
    service = template.add(account.part("blobServices", "default"), VERSION, _coming_back(), after=[account])
    for name in PLACES:
        closed = made(storage.ContainerProperties, public_access="None")
        container = service.part("containers", name)
        template.add(container, VERSION, made(storage.BlobContainer, container_properties=closed), after=[service])
    _lock(template, service.part("containers", "anchors"))
    add_endpoint(template, names, network, account, "blob")


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


def add_folders(template: Template, names: Names, network: Network) -> None:
    """The folders, spread over zones, by NFS: which knows no HTTPS, so its way is encrypted by the driver."""
    account = _account(template, names, names.files, "FileStorage", "Premium_ZRS", only_https=False)
    share = made(storage.FileShareProperties, enabled_protocols="NFS", root_squash="RootSquash", share_quota=100)
    for name in PLACES:
        reference = account.part("fileServices", "default").part("shares", name)
        template.add(reference, VERSION, made(storage.FileShare, file_share_properties=share), after=[account])
    add_endpoint(template, names, network, account, "file")


def _account(
    template: Template, names: Names, name: str, kind: str, redundancy: str, *, only_https: bool = True
) -> Reference:
    properties = made(
        storage.StorageAccountPropertiesCreateParameters,
        enable_https_traffic_only=only_https,
        network_rule_set=made(storage.NetworkRuleSet, default_action="Deny", bypass="None"),
        encryption=_twice(),
        **CLOSED,
    )
    sku = made(storage.Sku, name=storage.SkuName(redundancy))
    model = made(
        storage.StorageAccountCreateParameters,
        location=names.cell.region, kind=kind, sku=sku, properties=properties,
    )  # fmt: skip
    return template.add(Reference("Microsoft.Storage/storageAccounts", name), VERSION, model)


def _twice() -> storage.Encryption:
    return made(storage.Encryption, key_source="Microsoft.Storage", require_infrastructure_encryption=True)
