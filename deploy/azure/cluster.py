"""A cell's Kubernetes, with nodes that Azure manages: three pools over all zones, each growing by itself.

Nobody outside reaches its API or its nodes. Each service has an identity of its own, which reads its own secrets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from azure.mgmt.authorization import models as authorization
from azure.mgmt.containerregistry import models as registry
from azure.mgmt.containerservice import models as aks
from azure.mgmt.msi import models as identities

from deploy.azure.names import VERSIONS, Names
from deploy.azure.network import Network, add_endpoint
from deploy.azure.pods import ISSUED_FOR
from deploy.azure.template import Reference, Template, made
from deploy.definition import Command, Definition

KUBERNETES: Final = "1.34"
# Pool: its mode, and from how many nodes to how many it grows. One node at least in each of three zones.
POOLS: Final = {"system": ("System", 3, 6), "web": ("User", 3, 12), "worker": ("User", 3, 9)}
NODES: Final = {
    "type": "VirtualMachineScaleSets",
    "os_type": "Linux",
    "os_sku": "AzureLinux3",
    "os_disk_type": "Ephemeral",
    "enable_encryption_at_host": True,
    "enable_node_public_ip": False,
    "max_pods": 60,
}
NETWORK: Final = {
    "network_plugin": "azure",
    "network_plugin_mode": "overlay",
    "network_dataplane": "cilium",
    "network_policy": "cilium",
    "outbound_type": "userAssignedNATGateway",
    "load_balancer_sku": "standard",
    "pod_cidr": "10.244.0.0/16",
    "service_cidr": "10.41.0.0/16",
    "dns_service_ip": "10.41.0.10",
}
# How often the driver looks whether a secret has changed.
ROTATION: Final = {"enableSecretRotation": "true", "rotationPollInterval": "2m"}
PATCHED: Final = {"upgrade_channel": "patch", "node_os_upgrade_channel": "NodeImage"}
IMAGES: Final = {
    "admin_user_enabled": False,
    "anonymous_pull_enabled": False,
    "public_network_access": "Disabled",
    "network_rule_bypass_options": "None",
    "zone_redundancy": "Enabled",
}
# Azure's own roles, by their ids.
PULLS_IMAGES: Final = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
READS_SECRETS: Final = "4633458b-17de-408a-b874-0445c86b69e6"
JOINS_NETWORKS: Final = "4d97b98b-1d4f-4787-a291-c67834d212e7"
MANAGED_IDENTITY: Final = "Microsoft.ManagedIdentity/userAssignedIdentities"


def add_cluster(template: Template, names: Names, network: Network) -> Reference:
    """The cluster and its registry of images."""
    own = _identity(template, names, f"{names.stack}-cluster")
    joins = allow(template, own, JOINS_NETWORKS, network.whole)
    model = made(
        aks.ManagedCluster,
        location=names.cell.region,
        sku=made(aks.ManagedClusterSKU, name="Base", tier="Standard"),
        identity=made(aks.ManagedClusterIdentity, type="UserAssigned", user_assigned_identities={own.id: {}}),
        properties=_properties(names, network),
    )
    cluster = Reference("Microsoft.ContainerService/managedClusters", names.stack)
    template.add(cluster, VERSIONS["Microsoft.ContainerService"], model, after=[network.whole, own, joins])
    _add_registry(template, names, network, cluster)
    return cluster


def add_identities(
    template: Template, names: Names, definition: Definition, cluster: Reference, vault: Reference
) -> Mapping[str, Reference]:
    """An identity for each service and task, which its own service account takes, to read the secrets it declares."""
    commands: Mapping[str, Command] = {**definition.services, **definition.tasks}
    made_of = {}
    for command in commands.values():
        made_of[command.name] = identity = _identity(template, names, f"{names.stack}-{command.name}")
        _trust(template, names, command, identity, cluster)
        for secret in command.secrets:
            allow(template, identity, READS_SECRETS, vault.part("secrets", names.secret(secret)), after=[vault])
        told = f"[reference({identity.expression}).clientId]"
        template.outputs[f"identity-{command.name}"] = {"type": "string", "value": told}
    return made_of


def _trust(template: Template, names: Names, command: Command, identity: Reference, cluster: Reference) -> None:
    """Who has the command's account in the cluster has its identity, and nobody else."""
    model = made(
        identities.FederatedIdentityCredential,
        issuer=f"[reference({cluster.expression}).oidcIssuerProfile.issuerURL]",
        subject=f"system:serviceaccount:{names.stack}:{command.name}",
        audiences=[ISSUED_FOR],
    )
    part = identity.part("federatedIdentityCredentials", "kubernetes")
    template.add(part, VERSIONS["Microsoft.ManagedIdentity"], model, after=[identity, cluster])


def _properties(names: Names, network: Network) -> aks.ManagedClusterProperties:
    return made(
        aks.ManagedClusterProperties,
        kubernetes_version=KUBERNETES,
        dns_prefix=names.stack,
        enable_rbac=True,
        disable_local_accounts=True,
        agent_pool_profiles=[_pool(name, names, network) for name in POOLS],
        network_profile=made(aks.ContainerServiceNetworkProfile, **NETWORK),
        **_who_gets_in(names),
        **_what_comes_along(),
    )


def _who_gets_in(names: Names) -> dict[str, object]:
    """People of the directory, by the cell's network alone; pods by identities of their own."""
    closed = {"enable_private_cluster": True, "enable_private_cluster_public_fqdn": False, "disable_run_command": True}
    people = {"managed": True, "enable_azure_rbac": True, "tenant_id": names.place.tenant}
    return {
        "aad_profile": made(aks.ManagedClusterAADProfile, **people),
        "api_server_access_profile": made(aks.ManagedClusterAPIServerAccessProfile, **closed),
        "oidc_issuer_profile": made(aks.ManagedClusterOIDCIssuerProfile, enabled=True),
        "security_profile": made(
            aks.ManagedClusterSecurityProfile,
            workload_identity=made(aks.ManagedClusterSecurityProfileWorkloadIdentity, enabled=True),
            image_cleaner=made(aks.ManagedClusterSecurityProfileImageCleaner, enabled=True, interval_hours=48),
        ),
    }


def _what_comes_along() -> dict[str, object]:
    """The driver of the vault, KEDA, an ingress that the manifests ask for, metrics, and patches of themselves."""
    addon = aks.ManagedClusterAddonProfile
    keda = made(aks.ManagedClusterWorkloadAutoScalerProfileKeda, enabled=True)
    nginx = made(aks.ManagedClusterIngressProfileNginx, default_ingress_controller_type="None")
    routing = made(aks.ManagedClusterIngressProfileWebAppRouting, enabled=True, nginx=nginx)
    metrics = made(aks.ManagedClusterAzureMonitorProfileMetrics, enabled=True)
    return {
        "addon_profiles": {
            "azureKeyvaultSecretsProvider": made(addon, enabled=True, config=ROTATION),
            "azurepolicy": made(addon, enabled=True),
        },
        "workload_auto_scaler_profile": made(aks.ManagedClusterWorkloadAutoScalerProfile, keda=keda),
        "auto_upgrade_profile": made(aks.ManagedClusterAutoUpgradeProfile, **PATCHED),
        "ingress_profile": made(aks.ManagedClusterIngressProfile, web_app_routing=routing),
        "azure_monitor_profile": made(aks.ManagedClusterAzureMonitorProfile, metrics=metrics),
    }


def _pool(name: str, names: Names, network: Network) -> aks.ManagedClusterAgentPoolProfile:
    mode, least, most = POOLS[name]
    return made(
        aks.ManagedClusterAgentPoolProfile,
        name=name,
        mode=mode,
        vm_size=names.place.nodes,
        vnet_subnet_id=network.nodes.id,
        availability_zones=list(names.cell.zones),
        enable_auto_scaling=True,
        **{"count": least, "min_count": least, "max_count": most},
        node_labels={"fintech/pool": name},
        node_taints=["CriticalAddonsOnly=true:NoSchedule"] if mode == "System" else [],
        upgrade_settings=made(aks.AgentPoolUpgradeSettings, max_surge="33%"),
        **NODES,
    )


def _add_registry(template: Template, names: Names, network: Network, cluster: Reference) -> None:
    images = Reference("Microsoft.ContainerRegistry/registries", names.registry)
    model = made(
        registry.Registry,
        location=names.cell.region,
        sku=made(registry.Sku, name="Premium"),
        properties=made(registry.RegistryProperties, **IMAGES),
    )
    template.add(images, VERSIONS["Microsoft.ContainerRegistry"], model)
    add_endpoint(template, names, network, images, "registry")
    puller = f"[reference({cluster.expression}).identityProfile.kubeletidentity.objectId]"
    _assign(template, f"{cluster.name}-pulls", puller, PULLS_IMAGES, images, after=[images, cluster])


def _identity(template: Template, names: Names, name: str) -> Reference:
    return template.add(
        Reference(MANAGED_IDENTITY, name),
        VERSIONS["Microsoft.ManagedIdentity"],
        made(identities.Identity, location=names.cell.region),
    )


def allow(
    template: Template, identity: Reference, role: str, what: Reference, *, after: Sequence[Reference] = ()
) -> Reference:
    """A role for one thing, for an identity; both are made once the thing is there, or what is named as `after`."""
    principal = f"[reference({identity.expression}).principalId]"
    return _assign(template, identity.name, principal, role, what, after=[identity, *(after or [what])])


def _assign(
    template: Template, who: str, principal: str, role: str, what: Reference, *, after: list[Reference]
) -> Reference:
    """A role for one thing. Its name is a hash of who may do what where: told twice, it stays one."""
    name = f"[guid({what.expression}, '{who}', '{role}')]"
    reference = Reference("Microsoft.Authorization/roleAssignments", name)
    model = made(
        authorization.RoleAssignmentCreateParameters,
        role_definition_id=f"[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{role}')]",
        principal_id=principal,
        principal_type="ServicePrincipal",
    )
    template.add(reference, VERSIONS["Microsoft.Authorization"], model, after=after, scope=what)
    return reference
