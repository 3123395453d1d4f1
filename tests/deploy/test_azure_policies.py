"""What is rendered for Azure keeps what is promised, and each policy catches what is planted against it."""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from deploy.azure.pod_policies import POD_POLICIES
from deploy.azure.policies import POLICIES
from deploy.azure.subject import Subject
from deploy.azure.synthesis import REQUIREMENTS, Rendered, synthesise
from deploy.definition import read_environments, read_services
from deploy.definition.environments import FOLDER
from deploy.locked_environment import REPOSITORY, locked_python
from fintech.secrets.vault_names import vault_name

pytestmark = pytest.mark.synth

Change = Callable[[Rendered], object]


@pytest.fixture(scope="module")
def subjects() -> Mapping[str, Subject]:
    """Every cell of every environment on Azure."""
    rendered, definition = synthesise(), read_services()
    return {
        name: Subject(rendered[name], environment, cell, definition)
        for environment in read_environments(FOLDER / "azure").values()
        for cell in environment.cells.values()
        for name in [f"{environment.name}-{cell.name}"]
    }


def findings(subject: Subject) -> list[str]:
    return [finding for policy in (*POLICIES, *POD_POLICIES) for finding in policy(subject)]


def test_every_cell_is_as_promised(subjects: Mapping[str, Subject]) -> None:
    assert set(subjects) == {"production-eu", "production-au"}
    assert [finding for subject in subjects.values() for finding in findings(subject)] == []


def test_the_vault_calls_a_secret_what_the_product_asks_for(subjects: Mapping[str, Subject]) -> None:
    text = str(subjects["production-eu"].rendered.shared)
    for secret in read_services().secrets:
        assert f"objectName: {vault_name(f'production/eu/{secret}')}\\n" in text or not _is_used(secret)


def _is_used(secret: str) -> bool:
    definition = read_services()
    return any(secret in command.secrets for command in (*definition.services.values(), *definition.tasks.values()))


@pytest.mark.parametrize(
    ("program", "refusal"),
    [
        (
            "from azure.mgmt.keyvault import models; made(models.VaultProperties, enable_purge_protectoin=True)",
            "unexpected keyword argument 'enable_purge_protectoin'",
        ),
        (
            "from azure.mgmt.redisenterprise import models; made(models.Cluster, high_availabilty='x')",
            "has no high_avail",
        ),
        ("from deploy.azure.app import _checked; _checked(POD | {'spec': {'contaners': []}})", "contaners"),
        ("from deploy.azure.app import _checked; _checked(POD | {'spec': {'containers': 3}})", "is not of type"),
    ],
)
def test_a_wrong_property_fails_at_synthesis(program: str, refusal: str) -> None:
    given = "from deploy.azure.template import made; POD = {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {}}; "
    python = locked_python(".venv-azure", REQUIREMENTS)
    done = subprocess.run(
        [str(python), "-c", given + program], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert refusal in done.stderr


def resources(rendered: Rendered, type_: str, which: str = "") -> Iterator[dict[str, Any]]:
    for resource in rendered.template["resources"]:
        if resource["type"] == type_ and which in resource["name"]:
            yield resource


def manifests(rendered: Rendered, kind: str, which: str = "") -> Iterator[dict[str, Any]]:
    for manifest in rendered.shared:
        if manifest["kind"] == kind and which in manifest["metadata"]["name"]:
            yield manifest


def at(found: Any, path: str) -> Any:
    for key in path.split(".") if path else []:
        found = found[int(key)] if key.isdecimal() and isinstance(found, list) else found[key]
    return found


def of(type_: str, path: str, value: object, which: str = "") -> Change:
    """Sets a property of the first resource of a type; None takes it away."""

    def change(rendered: Rendered) -> None:
        properties = next(resources(rendered, type_, which))
        _set(properties.get("properties", properties), path, value)

    return change


def in_manifest(kind: str, path: str, value: object, which: str = "") -> Change:
    """Sets a member of the first manifest of a kind; None takes it away."""
    return lambda rendered: _set(next(manifests(rendered, kind, which)), path, value)


def _set(found: Any, path: str, value: object) -> None:
    parent, _, key = path.rpartition(".")
    holder = at(found, parent)
    if value is None:
        holder.pop(key)
    elif isinstance(holder, list):
        holder[int(key)] = value
    else:
        holder[key] = value


def without(type_: str, which: str) -> Change:
    def change(rendered: Rendered) -> None:
        rendered.template["resources"].remove(next(resources(rendered, type_, which)))

    return change


def without_manifest(kind: str, which: str) -> Change:
    return lambda rendered: rendered.shared.remove(next(manifests(rendered, kind, which)))


def open_door(rendered: Rendered) -> None:
    rendered.doors["blue"][0]["spec"]["type"] = "LoadBalancer"


def joined(rendered: Rendered) -> None:
    kind = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings"
    rendered.template["resources"].append({"type": kind, "name": "peer"})


def elsewhere(rendered: Rendered) -> None:
    next(resources(rendered, DATABASE))["location"] = "eastus"


def told_secret(rendered: Rendered) -> None:
    rendered.template["parameters"]["databaseSuperuser"]["defaultValue"] = "value"


def secret_of_the_cluster(rendered: Rendered) -> None:
    rendered.shared.append({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "planted"}})


def others_secret(rendered: Rendered) -> None:
    parameters = next(manifests(rendered, "SecretProviderClass", "web"))["spec"]["parameters"]
    parameters["objects"] += "  - |\n    objectName: production--eu--audit--signing-key\n"


def may_read_another(rendered: Rendered) -> None:
    roles = resources(rendered, "Microsoft.Authorization/roleAssignments")
    mine = next(role for role in roles if "production-eu-beat" in role["properties"]["principalId"])
    mine["scope"] = mine["scope"].replace("valkey--password", "kms--master-key").replace("django", "other")


def of_blobs(command: str, container: str, other: str) -> Change:
    """Lets an identity reach another container than its own."""

    def change(rendered: Rendered) -> None:
        roles = resources(rendered, "Microsoft.Authorization/roleAssignments")
        mine = next(
            role
            for role in roles
            if f"production-eu-{command}'" in role["properties"]["principalId"] and f"'{container}')" in role["scope"]
        )
        mine["scope"] = mine["scope"].replace(f"'{container}')", f"'{other}')")

    return change


def told_elsewhere(rendered: Rendered) -> None:
    for variable in at(next(manifests(rendered, "Deployment")), f"{CONTAINER}.env"):
        if variable["name"] == "FINTECH_DOCUMENTS":
            variable["value"] = "azblob://others/documents"


def keeps_files(rendered: Rendered) -> None:
    volumes = at(next(manifests(rendered, "Deployment")), f"{POD}.volumes")
    volumes.append({"name": "files", "persistentVolumeClaim": {"claimName": "files"}})


def alert_gone(rendered: Rendered) -> None:
    next(resources(rendered, "Microsoft.AlertsManagement/prometheusRuleGroups"))["properties"]["rules"].pop(0)


def alert_tells_nobody(rendered: Rendered) -> None:
    rules = next(resources(rendered, "Microsoft.AlertsManagement/prometheusRuleGroups"))["properties"]["rules"]
    rules[0]["actions"] = []


def other_switch(rendered: Rendered) -> None:
    rendered.doors["green"][0]["spec"]["ports"][0]["port"] = 1


def not_switched(rendered: Rendered) -> None:
    rendered.doors["green"][0]["spec"]["selector"]["colour"] = "blue"


def migrates_with_a_deploy(rendered: Rendered) -> None:
    rendered.shared.append(copy.deepcopy(rendered.tasks["migrate"]))


def tried_again(rendered: Rendered) -> None:
    rendered.tasks["migrate"]["spec"]["backoffLimit"] = 6


def cell_named(rendered: Rendered) -> None:
    rendered.template["resources"][0]["tags"]["other"] = "production-au"


DATABASE, CLUSTER = "Microsoft.DBforPostgreSQL/flexibleServers", "Microsoft.ContainerService/managedClusters"
STORAGE, CACHE = "Microsoft.Storage/storageAccounts", "Microsoft.Cache/redisEnterprise"
VAULT, ROLE = "Microsoft.KeyVault/vaults", "Microsoft.Authorization/roleDefinitions"
POD = "spec.template.spec"
CONTAINER = f"{POD}.containers.0"
DATABASE_WAY = [{"to": [{"ipBlock": {"cidr": "10.40.16.0/24"}}], "ports": [{"port": 5432}]}]
WORLD = [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 443}]}]


@pytest.mark.parametrize(
    ("plant", "finding"),
    [
        (elsewhere, "P30 exmpl-production-eu: stands in eastus"),
        (of(DATABASE, "backup.geoRedundantBackup", "Disabled"), "P30 exmpl-production-eu: its backups"),
        (of(DATABASE, "createMode", "Create", "replica"), "P31 the cell has not one primary"),
        (of(DATABASE, "createMode", "Create", "replica"), "P11 there are 1 replicas"),
        (cell_named, "P31 it names the cell au"),
        (joined, "P31 peer"),
        (of("Microsoft.Cdn/profiles/originGroups/origins", "sharedPrivateLinkResource", None), "P1 production-eu/clus"),
        (
            of("Microsoft.Network/FrontDoorWebApplicationFirewallPolicies", "policySettings.mode", "Detection"),
            "P1 the firewall doesn't refuse",
        ),
        (of("Microsoft.Cdn/profiles/securityPolicies", "parameters.associations", []), "P1 production-eu/exmpl"),
        (of("Microsoft.Cdn/profiles/afdEndpoints/routes", "linkToDefaultDomain", "Enabled"), "P1 production-eu/exmpl"),
        (in_manifest("NginxIngressController", "spec.loadBalancerAnnotations", {}), "P1 internal: has a public"),
        (open_door, "P1 web: is reached from outside"),
        (of(STORAGE, "publicNetworkAccess", "Enabled"), "P1 exmpleuproduction: has a public"),
        (of(VAULT, "publicNetworkAccess", None), "P1 exmpl-eu-production: has a public"),
        (of(CACHE, "publicNetworkAccess", "Enabled"), "P1 exmpl-production-eu: has a public"),
        (of(DATABASE, "network.publicNetworkAccess", "Enabled"), "P1 exmpl-production-eu: has a public"),
        (of(CLUSTER, "apiServerAccessProfile.enablePrivateCluster", False), "P1 production-eu: its API"),
        (of(CLUSTER, "agentPoolProfiles.1.enableNodePublicIP", True), "P1 production-eu: its nodes"),
        (of("Microsoft.Network/networkSecurityGroups", "securityRules", []), "P1 production-eu-nodes: lets every"),
        (of(CLUSTER, "agentPoolProfiles.2.name", "other"), "P4 production-eu: its pools are"),
        (of(CLUSTER, "agentPoolProfiles.1.availabilityZones", ["1"]), "P4 production-eu: the pool web stands in one"),
        (of(CLUSTER, "agentPoolProfiles.1.enableAutoScaling", False), "P4 production-eu: the pool web doesn't grow"),
        (of(DATABASE, "highAvailability.mode", "SameZone"), "P12 exmpl-production-eu: nobody"),
        (of(DATABASE, "highAvailability.standbyAvailabilityZone", "1"), "P12 exmpl-production-eu: its standby"),
        (of(CACHE, "highAvailability", "Disabled"), "P5 exmpl-production-eu"),
        (of(DATABASE, "backup.backupRetentionDays", 7), "P13 exmpl-production-eu"),
        (of(VAULT, "enablePurgeProtection", False), "P13 exmpl-eu-production"),
        (of(f"{DATABASE}/configurations", "value", "OFF", "require_secure"), "P14 exmpl-production-eu: takes"),
        (of(f"{CACHE}/databases", "clientProtocol", "Plaintext"), "P14 exmpl-production-eu/default: takes"),
        (of(STORAGE, "encryption.requireInfrastructureEncryption", False), "P14 exmpleuproduction: is encrypted once"),
        (of(STORAGE, "supportsHttpsTrafficOnly", False), "P14 exmpleuproduction: answers without TLS"),
        (of(STORAGE, "allowSharedKeyAccess", True), "P19 exmpleuproduction: opens without"),
        (of(ROLE, "permissions.0.dataActions.0", f"{STORAGE}/blobServices/containers/blobs/delete"), "P19 "),
        (of_blobs("worker", "anchors", "documents"), "P19 worker: reaches other containers"),
        (of_blobs("web", "documents", "anchors"), "P19 web: reaches other containers"),
        (told_elsewhere, "P31 web-blue: is told other containers"),
        (keeps_files, "P13 web-blue: keeps files"),
        (
            in_manifest("Deployment", f"{POD}.volumes.2.projected.sources.0.serviceAccountToken.audience", "x"),
            "P19 web",
        ),
        (of(CLUSTER, "agentPoolProfiles.0.enableEncryptionAtHost", False), "P14 production-eu: its nodes' disks"),
        (without(f"{STORAGE}/blobServices/containers/immutabilityPolicies", "anchors"), "P18 the anchors"),
        (told_secret, "P19 databaseSuperuser: its value may be seen"),
        (secret_of_the_cluster, "P19 planted: is a secret of the cluster's"),
        (others_secret, "P19 web: isn't shown the secrets"),
        (may_read_another, "P19 beat: may not read the secrets that it declares, or others"),
        (
            of(CLUSTER, "addonProfiles.azureKeyvaultSecretsProvider.config.enableSecretRotation", "false"),
            "P19 production-eu: doesn't see",
        ),
        (alert_gone, "P23 webhook-slow: is no rule"),
        (alert_tells_nobody, "P23 webhook-slow: tells nobody"),
        (of("Microsoft.Insights/metricAlerts", "actions", []), "P23 exmpl-production-eu-cpu_percent: tells nobody"),
        (
            in_manifest("Deployment", f"{POD}.securityContext.runAsNonRoot", False),
            "P4 web-blue: may run as",
        ),
        (in_manifest("Deployment", f"{POD}.securityContext.seccompProfile", None), "P4 web-blue: may ask"),
        (in_manifest("Deployment", f"{POD}.automountServiceAccountToken", True), "P4 web-blue: holds a"),
        (in_manifest("Deployment", f"{POD}.hostNetwork", True), "P4 web-blue: reaches its node"),
        (in_manifest("Deployment", f"{CONTAINER}.securityContext.capabilities", {}), "P4 web-blue: may gain rights"),
        (
            in_manifest("CronJob", "spec.jobTemplate.spec.template.spec.containers.0.securityContext", {}),
            "P4 drill: may write to its root",
        ),
        (in_manifest("Deployment", f"{CONTAINER}.resources.limits", {}), "P4 web-blue: may take all"),
        (in_manifest("Namespace", "metadata.labels", {}), "P4 production-eu: lets pods have rights"),
        (in_manifest("Deployment", f"{CONTAINER}.envFrom", [{}]), "P19 web-blue: is told something"),
        (
            in_manifest("Deployment", f"{POD}.volumes.1.csi.volumeAttributes.secretProviderClass", "worker"),
            "P19 web-blue: doesn't mount",
        ),
        (in_manifest("Deployment", f"{CONTAINER}.readinessProbe", None), "P9 web-blue: has no readinessProbe"),
        (in_manifest("Deployment", "spec.strategy.rollingUpdate.maxUnavailable", 1), "P9 web-blue: is away"),
        (without_manifest("PodDisruptionBudget", "relay"), "P9 relay: may be put out"),
        (without_manifest("Deployment", "engine"), "P2 engine: isn't both"),
        (without_manifest("Deployment", "api-green"), "P9 api-green: isn't there"),
        (in_manifest("HorizontalPodAutoscaler", "spec.maxReplicas", 99), "P4 web-blue: doesn't run 2 to 6 times"),
        (without_manifest("ScaledObject", "worker"), "P4 worker: doesn't run 2 to 12 times"),
        (without_manifest("NetworkPolicy", "nothing"), "P1 pods reach each other"),
        (in_manifest("NetworkPolicy", "spec.egress", WORLD, "nothing"), "P1 the policy that closes"),
        (in_manifest("NetworkPolicy", "spec.egress", DATABASE_WAY, "beat"), "P1 beat: reaches databases"),
        (in_manifest("NetworkPolicy", "spec.egress", WORLD, "engine"), "P1 engine: reaches the whole world"),
        (in_manifest("NetworkPolicy", "spec.ingress", [{}], "web"), "P1 web: is reached by everybody"),
        (other_switch, "P9 blue and green differ"),
        (not_switched, "P9 web: isn't switched to green"),
        (in_manifest("Ingress", "spec.rules.0.http.paths.0.backend.service.name", "api"), "P2 front: the paths"),
        (in_manifest("Ingress", "spec.rules.0.host", "x.example.com"), "P2 front: doesn't answer for"),
        (migrates_with_a_deploy, "P10 migrate: migrates with a deploy"),
        (tried_again, "P10 a migration that failed"),
    ],
)
def test_what_is_planted_is_found(subjects: Mapping[str, Subject], plant: Change, finding: str) -> None:
    subject = subjects["production-eu"]
    rendered = copy.deepcopy(subject.rendered)
    plant(rendered)
    assert rendered != subject.rendered
    found = findings(replace(subject, rendered=rendered))
    assert [each for each in found if each.startswith(finding)], found


def test_every_policy_names_its_promise() -> None:
    assert all(policy.__doc__ and policy.__doc__.startswith("P") for policy in (*POLICIES, *POD_POLICIES))
