"""What is promised, asked of what is rendered for Azure; each finding begins with the promise's number.

The policies read the templates and manifests as they are handed over, and know nothing of how they came about.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from deploy.azure.subject import Policy, Subject
from deploy.definition import read_alerts

KEPT_DAYS: Final = 35
LEAST_ZONES: Final = 2
DATABASE: Final = "Microsoft.DBforPostgreSQL/flexibleServers"
CLUSTER: Final = "Microsoft.ContainerService/managedClusters"
STORAGE: Final = "Microsoft.Storage/storageAccounts"
READS_BLOBS: Final = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
READS_SECRETS: Final = "4633458b-17de-408a-b874-0445c86b69e6"
# What a store may be asked by from outside its network.
STORES: Final = (
    STORAGE,
    "Microsoft.Cache/redisEnterprise",
    "Microsoft.KeyVault/vaults",
    "Microsoft.ContainerRegistry/registries",
)
JOINING: Final = ("virtualNetworkPeerings", "virtualNetworkGateways", "virtualHubs", "connections")


def region_is_lawful(subject: Subject) -> Iterator[str]:
    """P30: everything stands in the cell's region; what Azure calls global keeps no client's data."""
    for resource in subject.rendered.template["resources"]:
        location = resource.get("location", subject.cell.region)
        if location not in (subject.cell.region, "global"):
            yield f"P30 {resource['name']}: stands in {location}, not in {subject.cell.region}"
    for name, properties in _primaries(subject):
        copied = properties.get("backup", {}).get("geoRedundantBackup") == "Enabled"
        if copied != (subject.cell.backup_region != subject.cell.region):
            yield f"P30 {name}: its backups aren't where the law wants them"


def cells_are_apart(subject: Subject) -> Iterator[str]:
    """P31: one primary for each cell, and nothing leads to another."""
    if len(list(_primaries(subject))) != 1:
        yield "P31 the cell has not one primary"
    text = json.dumps([subject.rendered.template, subject.rendered.shared])
    for other in subject.environment.cells:
        if other != subject.cell.name and f"{subject.environment.name}-{other}" in text:
            yield f"P31 it names the cell {other}"
    for resource in subject.rendered.template["resources"]:
        if resource["type"].rpartition("/")[2] in JOINING:
            yield f"P31 {resource['name']}: joins this cell's network with another"


def only_the_firewall_reaches_it(subject: Subject) -> Iterator[str]:
    """P1: Front Door alone reaches the cluster, by a private link."""
    for name, properties in subject.of("Microsoft.Cdn/profiles/originGroups/origins"):
        if not properties.get("sharedPrivateLinkResource"):
            yield f"P1 {name}: is reached over the internet"
    for name, manifest in subject.manifests("NginxIngressController"):
        told = manifest["spec"].get("loadBalancerAnnotations", {})
        if told.get("service.beta.kubernetes.io/azure-load-balancer-internal") != "true":
            yield f"P1 {name}: has a public address"
    doors = [door for listed in subject.rendered.doors.values() for door in listed]
    for manifest in [*subject.rendered.shared, *doors]:
        if manifest["kind"] == "Service" and manifest["spec"].get("type", "ClusterIP") != "ClusterIP":
            yield f"P1 {manifest['metadata']['name']}: is reached from outside the cluster"


def the_firewall_refuses(subject: Subject) -> Iterator[str]:
    """P1: every host of the cell is behind a firewall that refuses, and has no way around it."""
    settings = [p["policySettings"] for _, p in subject.of("Microsoft.Network/FrontDoorWebApplicationFirewallPolicies")]
    if [(each.get("enabledState"), each.get("mode")) for each in settings] != [("Enabled", "Prevention")]:
        yield "P1 the firewall doesn't refuse"
    guarded = {
        domain["id"]
        for _, properties in subject.of("Microsoft.Cdn/profiles/securityPolicies")
        for association in properties["parameters"]["associations"]
        for domain in association["domains"]
    }
    for name, properties in subject.of("Microsoft.Cdn/profiles/afdEndpoints/routes"):
        if not {domain["id"] for domain in properties["customDomains"]} <= guarded:
            yield f"P1 {name}: isn't behind the firewall"
        if properties["linkToDefaultDomain"] != "Disabled" or properties["httpsRedirect"] != "Enabled":
            yield f"P1 {name}: has a way around its host, or answers without TLS"


def stores_are_private(subject: Subject) -> Iterator[str]:
    """P1: nobody outside reaches a store."""
    for name, properties in subject.of(*STORES):
        if properties.get("publicNetworkAccess") != "Disabled":
            yield f"P1 {name}: has a public address"
    for name, properties in subject.of(DATABASE):
        network = properties.get("network", {})
        if network.get("publicNetworkAccess") != "Disabled" or "delegatedSubnetResourceId" not in network:
            yield f"P1 {name}: has a public address"


def cluster_is_private(subject: Subject) -> Iterator[str]:
    """P1: nobody outside reaches the cluster's API, its nodes or its networks."""
    for name, properties in subject.of(CLUSTER):
        if not properties.get("apiServerAccessProfile", {}).get("enablePrivateCluster"):
            yield f"P1 {name}: its API has a public address"
        if any(pool.get("enableNodePublicIP") is not False for pool in properties["agentPoolProfiles"]):
            yield f"P1 {name}: its nodes may have public addresses"
    for name, properties in subject.of("Microsoft.Network/networkSecurityGroups"):
        rules = [rule["properties"] for rule in properties["securityRules"]]
        if not any(rule["access"] == "Deny" and rule["direction"] == "Inbound" for rule in rules):
            yield f"P1 {name}: lets everybody in"


def nodes_are_managed(subject: Subject) -> Iterator[str]:
    """P4: AKS with pools of nodes that Azure manages, over zones, each growing by itself."""
    for name, properties in subject.of(CLUSTER):
        pools = {pool["name"]: pool for pool in properties["agentPoolProfiles"]}
        if set(pools) != {"system", "web", "worker"}:
            yield f"P4 {name}: its pools are {', '.join(sorted(pools))}"
        for pool in pools.values():
            if len(pool.get("availabilityZones", [])) < LEAST_ZONES:
                yield f"P4 {name}: the pool {pool['name']} stands in one zone"
            if not pool.get("enableAutoScaling") or pool["maxCount"] <= pool["minCount"]:
                yield f"P4 {name}: the pool {pool['name']} doesn't grow"


def stores_survive(subject: Subject) -> Iterator[str]:
    """P5 and P12: a primary with a standby in another zone, to which Azure fails over; a cache of two nodes."""
    for name, properties in _primaries(subject):
        available = properties.get("highAvailability", {})
        if available.get("mode") != "ZoneRedundant":
            yield f"P12 {name}: nobody takes over in another zone"
        if available.get("standbyAvailabilityZone") == properties.get("availabilityZone"):
            yield f"P12 {name}: its standby stands in its own zone"
    for name, properties in subject.of("Microsoft.Cache/redisEnterprise"):
        if properties.get("highAvailability") != "Enabled":
            yield f"P5 {name}: nobody takes over"


def replicas_serve(subject: Subject) -> Iterator[str]:
    """P11: as many replicas as the cell's size says."""
    found = [name for name, properties in subject.of(DATABASE) if properties.get("createMode") == "Replica"]
    if len(found) != subject.cell.size.database_replicas:
        yield f"P11 there are {len(found)} replicas, not {subject.cell.size.database_replicas}"


def restorable(subject: Subject) -> Iterator[str]:
    """P13: to any second of 35 days; what is deleted comes back, and what can't be is never purged."""
    for name, properties in _primaries(subject):
        if properties.get("backup", {}).get("backupRetentionDays") != KEPT_DAYS:
            yield f"P13 {name}: can't be restored to 35 days ago"
    for name, properties in subject.of("Microsoft.KeyVault/vaults"):
        if not properties.get("enablePurgeProtection"):
            yield f"P13 {name}: can be purged"


def encrypted_on_the_way(subject: Subject) -> Iterator[str]:
    """P14: TLS on every connection."""
    required = dict(subject.of(f"{DATABASE}/configurations"))
    for name, _ in _primaries(subject):
        if required.get(f"{name}/require_secure_transport", {}).get("value") != "ON":
            yield f"P14 {name}: takes connections without TLS"
    for name, properties in subject.of("Microsoft.Cache/redisEnterprise/databases"):
        if properties.get("clientProtocol") != "Encrypted":
            yield f"P14 {name}: takes connections without TLS"
    for name, properties in subject.of(STORAGE):
        if not properties.get("supportsHttpsTrafficOnly"):
            yield f"P14 {name}: answers without TLS"


def encrypted_at_rest(subject: Subject) -> Iterator[str]:
    """P14: AES-256, which Azure's stores can't be without; twice where one may ask for it."""
    for name, properties in subject.of(STORAGE):
        if not properties.get("encryption", {}).get("requireInfrastructureEncryption"):
            yield f"P14 {name}: is encrypted once"
    for name, properties in subject.of(CLUSTER):
        if not all(pool.get("enableEncryptionAtHost") for pool in properties["agentPoolProfiles"]):
            yield f"P14 {name}: its nodes' disks aren't encrypted at the host"


def identities_open_stores(subject: Subject) -> Iterator[str]:
    """P19: an account of storage opens to an identity, and to no key or address that could be handed on."""
    for name, properties in subject.of(STORAGE):
        if properties.get("allowBlobPublicAccess") is not False or properties.get("allowSharedKeyAccess") is not False:
            yield f"P19 {name}: opens without an identity"


def anchors_are_locked(subject: Subject) -> Iterator[str]:
    """P18: what is in the anchors' container can't be changed or deleted before its time."""
    periods = {
        name.split("/")[2]: properties.get("immutabilityPeriodSinceCreationInDays", 0)
        for name, properties in subject.of(f"{STORAGE}/blobServices/containers/immutabilityPolicies")
    }
    if periods.get("anchors", 0) < KEPT_DAYS:
        yield "P18 the anchors' container isn't immutable"


def objects_are_reached_as_declared(subject: Subject) -> Iterator[str]:
    """P19: each command's identity gets from and puts into the containers that it declares, and deletes nothing."""
    roles = dict(subject.of("Microsoft.Authorization/roleDefinitions"))
    for name, properties in roles.items():
        actions = [action for each in properties["permissions"] for action in each["dataActions"] + each["actions"]]
        if any("delete" in action or "*" in action for action in actions):
            yield f"P19 {name}: may delete"
    for command in subject.commands.values():
        wanted = {(kind, "read") for kind in command.reads} | {(kind, "put") for kind in command.writes}
        if set(_reached(subject, command.name, roles)) != wanted:
            yield f"P19 {command.name}: reaches other containers than it declares, or none"


def _reached(subject: Subject, command: str, roles: Collection[str]) -> Iterator[tuple[str, str]]:
    mine = f"'{subject.environment.name}-{subject.cell.name}-{command}')).principalId]"
    for _, properties in subject.of("Microsoft.Authorization/roleAssignments"):
        if "/containers'" in properties["scope"] and properties["principalId"].endswith(mine):
            put = any(role in properties["roleDefinitionId"] for role in roles)
            read = READS_BLOBS in properties["roleDefinitionId"]
            yield properties["scope"].rpartition(", '")[2].removesuffix("')]"), "read" if read else "put" if put else ""


def secrets_are_each_ones_own(subject: Subject) -> Iterator[str]:
    """P19: no value in a template or manifest; each command reads the secrets that it declares, and no other."""
    for name, parameter in subject.rendered.template["parameters"].items():
        if parameter["type"] != "securestring" or "defaultValue" in parameter:
            yield f"P19 {name}: its value may be seen"
    for name, _ in subject.manifests("Secret"):
        yield f"P19 {name}: is a secret of the cluster's"
    mounted = {
        name: {line.split(": ")[1] for line in manifest["spec"]["parameters"]["objects"].splitlines() if "Name" in line}
        for name, manifest in subject.manifests("SecretProviderClass")
    }
    for command in subject.commands.values():
        declared = {_in_the_vault(subject, secret) for secret in command.secrets}
        if mounted.get(command.name) != declared:
            yield f"P19 {command.name}: isn't shown the secrets that it declares"
        if _readable(subject, command.name) != declared:
            yield f"P19 {command.name}: may not read the secrets that it declares, or others"
    for name, properties in subject.of(CLUSTER):
        addon = properties.get("addonProfiles", {}).get("azureKeyvaultSecretsProvider", {})
        if addon.get("config", {}).get("enableSecretRotation") != "true":
            yield f"P19 {name}: doesn't see that a secret was rotated"


def _in_the_vault(subject: Subject, secret: str) -> str:
    return f"{subject.environment.name}--{subject.cell.name}--{secret}".replace("/", "--").replace("_", "-")


def _readable(subject: Subject, command: str) -> set[str]:
    """The secrets that a command's identity may read, as the vault calls them."""
    mine = f"'{subject.environment.name}-{subject.cell.name}-{command}')).principalId]"
    return {
        properties["scope"].rpartition(", '")[2].removesuffix("')]")
        for _, properties in subject.of("Microsoft.Authorization/roleAssignments")
        if READS_SECRETS in properties["roleDefinitionId"] and properties["principalId"].endswith(mine)
    }


def alerts_page(subject: Subject) -> Iterator[str]:
    """P23 to P28: every alert of the definition is a rule, and whoever is on call is told of each."""
    rules = [
        rule
        for _, properties in subject.of("Microsoft.AlertsManagement/prometheusRuleGroups")
        for rule in properties["rules"]
    ]
    for name in sorted(set(read_alerts()) - {rule["alert"] for rule in rules}):
        yield f"P23 {name}: is no rule"
    for rule in rules:
        if not rule.get("actions"):
            yield f"P23 {rule['alert']}: tells nobody"
    for name, properties in subject.of("Microsoft.Insights/metricAlerts"):
        if not properties.get("actions"):
            yield f"P23 {name}: tells nobody"


def _primaries(subject: Subject) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, properties in subject.of(DATABASE):
        if properties.get("createMode") != "Replica":
            yield name, properties


POLICIES: Final[tuple[Policy, ...]] = (
    region_is_lawful,
    cells_are_apart,
    only_the_firewall_reaches_it,
    the_firewall_refuses,
    stores_are_private,
    cluster_is_private,
    nodes_are_managed,
    stores_survive,
    replicas_serve,
    restorable,
    encrypted_on_the_way,
    encrypted_at_rest,
    identities_open_stores,
    anchors_are_locked,
    objects_are_reached_as_declared,
    secrets_are_each_ones_own,
    alerts_page,
)
