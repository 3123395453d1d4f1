"""What is promised of what runs in the cluster; each finding begins with the promise's number."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Final

from deploy.azure.subject import Policy, Subject
from deploy.definition import Service
from deploy.definition.services import LIVE_PATH, READY_PATH

STRICTEST: Final = "restricted"
EVERYWHERE: Final = "0.0.0.0/0"
DATABASE_PORT: Final = 5432
FOR_THE_DIRECTORY: Final = "api://AzureADTokenExchange"

Pod = Mapping[str, Any]


def pods(subject: Subject) -> Iterator[tuple[str, Pod]]:
    """The pods of everything that runs: name of what runs them, and their specification."""
    for name, manifest in subject.manifests("Deployment", "Job"):
        yield name, manifest["spec"]["template"]["spec"]
    for name, manifest in subject.manifests("CronJob"):
        yield name, manifest["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def pods_have_no_rights(subject: Subject) -> Iterator[str]:
    """P4: by the strictest of Kubernetes' standards, and without a token of the cluster's."""
    for name, pod in pods(subject):
        shared = pod.get("securityContext", {})
        if shared.get("runAsNonRoot") is not True or not shared.get("runAsUser"):
            yield f"P4 {name}: may run as root"
        if shared.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"P4 {name}: may ask the kernel for anything"
        if pod.get("automountServiceAccountToken") is not False:
            yield f"P4 {name}: holds a token of the cluster's"
        if any("hostPath" in volume for volume in pod.get("volumes", [])) or pod.get("hostNetwork"):
            yield f"P4 {name}: reaches its node"
    for name, manifest in subject.manifests("Namespace"):
        if manifest["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") != STRICTEST:
            yield f"P4 {name}: lets pods have rights"


def containers_have_no_rights(subject: Subject) -> Iterator[str]:
    """P4: on a read-only root, without capabilities, and with no more memory than they are given."""
    for name, pod in pods(subject):
        for container in pod["containers"]:
            own = container.get("securityContext", {})
            if own.get("capabilities", {}).get("drop") != ["ALL"] or own.get("allowPrivilegeEscalation") is not False:
                yield f"P4 {name}: may gain rights"
            if own.get("readOnlyRootFilesystem") is not True:
                yield f"P4 {name}: may write to its root"
            if "memory" not in container.get("resources", {}).get("limits", {}):
                yield f"P4 {name}: may take all of its node's memory"


def secrets_come_from_the_vault(subject: Subject) -> Iterator[str]:
    """P19: no pod is told a secret by its environment, and each mounts its own class of secrets."""
    for name, pod in pods(subject):
        for container in pod["containers"]:
            if "envFrom" in container or any("valueFrom" in variable for variable in container.get("env", [])):
                yield f"P19 {name}: is told something by its environment that isn't written here"
        classes = [
            volume["csi"]["volumeAttributes"]["secretProviderClass"]
            for volume in pod.get("volumes", [])
            if volume.get("csi", {}).get("driver") == "secrets-store.csi.k8s.io"
        ]
        if classes != [pod["serviceAccountName"]]:
            yield f"P19 {name}: doesn't mount the secrets of its own account"


def objects_are_where_they_are_declared(subject: Subject) -> Iterator[str]:
    """P31 and P13: each pod is told the cell's own containers, those that it declares, and keeps no files."""
    account = next((name for name, _ in subject.of("Microsoft.Storage/storageAccounts")), "")
    for name, pod in pods(subject):
        command = subject.commands[pod["serviceAccountName"]]
        told = {variable["name"]: variable.get("value") for variable in pod["containers"][0]["env"]}
        wanted = {f"FINTECH_{kind.upper()}": f"azblob://{account}/{kind}" for kind in command.objects}
        if {key: told[key] for key in ("FINTECH_DOCUMENTS", "FINTECH_ANCHORS") if key in told} != wanted:
            yield f"P31 {name}: is told other containers than it declares"
        if any("persistentVolumeClaim" in volume for volume in pod.get("volumes", [])):
            yield f"P13 {name}: keeps files"


def tokens_are_for_the_directory(subject: Subject) -> Iterator[str]:
    """P19: a token of a pod's account is for Azure's directory alone, and only who has objects is given one."""
    for name, pod in pods(subject):
        tokens = [
            source["serviceAccountToken"]["audience"]
            for volume in pod.get("volumes", [])
            for source in volume.get("projected", {}).get("sources", [])
            if "serviceAccountToken" in source
        ]
        if tokens != ([FOR_THE_DIRECTORY] if subject.commands[pod["serviceAccountName"]].objects else []):
            yield f"P19 {name}: holds tokens for {tokens}"


def services_answer_for_themselves(subject: Subject) -> Iterator[str]:
    """P2 and P9: each service is asked whether it lives and whether it is ready, and is left with one pod at least."""
    budgets = [manifest["spec"] for _, manifest in subject.manifests("PodDisruptionBudget")]
    guarded = {budget["selector"]["matchLabels"]["app"] for budget in budgets}
    for name, manifest in subject.manifests("Deployment"):
        container = manifest["spec"]["template"]["spec"]["containers"][0]
        for probe, path in (("startupProbe", LIVE_PATH), ("livenessProbe", LIVE_PATH), ("readinessProbe", READY_PATH)):
            if container.get(probe, {}).get("httpGet", {}).get("path") != path:
                yield f"P9 {name}: has no {probe}"
        if manifest["spec"]["strategy"].get("rollingUpdate", {}).get("maxUnavailable") != 0:
            yield f"P9 {name}: is away while it is replaced"
        if manifest["metadata"]["labels"]["app"] not in guarded:
            yield f"P9 {name}: may be put out altogether"
    found = {manifest["metadata"]["labels"]["app"] for _, manifest in subject.manifests("Deployment")}
    for name in sorted(set(subject.definition.services) ^ found):
        yield f"P2 {name}: isn't both defined and deployed"


def services_scale(subject: Subject) -> Iterator[str]:
    """P4: by the signal, and between the numbers, that the definition says."""
    bounds: dict[str, tuple[int, int]] = {}
    for name, manifest in subject.manifests("HorizontalPodAutoscaler"):
        bounds[name] = (manifest["spec"]["minReplicas"], manifest["spec"]["maxReplicas"])
    for name, manifest in subject.manifests("ScaledObject"):
        bounds[name] = (manifest["spec"]["minReplicaCount"], manifest["spec"]["maxReplicaCount"])
    for name, manifest in subject.manifests("Deployment"):
        scaling = subject.definition.services[manifest["metadata"]["labels"]["app"]].scaling
        fixed = manifest["spec"].get("replicas")
        wanted = (scaling.minimum, scaling.maximum)
        if bounds.get(name, (fixed, fixed)) != wanted:
            yield f"P4 {name}: doesn't run {wanted[0]} to {wanted[1]} times"


def everything_is_closed(subject: Subject) -> Iterator[str]:
    """P1: pods reach nothing and nobody but what other policies name."""
    policies = {name: manifest["spec"] for name, manifest in subject.manifests("NetworkPolicy")}
    closed = policies.get("nothing", {})
    if closed.get("podSelector") != {} or set(closed.get("policyTypes", [])) != {"Ingress", "Egress"}:
        yield "P1 pods reach each other and everybody unless told otherwise"
    if {"ingress", "egress"} & set(closed):
        yield "P1 the policy that closes everything opens something"


def nobody_is_reached_unasked(subject: Subject) -> Iterator[str]:
    """P1: only who has databases reaches them, only some reach outside, and who is reached says by whom."""
    policies = {name: manifest["spec"] for name, manifest in subject.manifests("NetworkPolicy")}
    for name, policy in policies.items():
        command = subject.commands.get(name)
        ways = [(way, target) for way in policy.get("egress", []) for target in way.get("to", [{}])]
        ports = {port["port"] for way, _ in ways for port in way.get("ports", [{"port": DATABASE_PORT}])}
        if DATABASE_PORT in ports and not (command and command.databases):
            yield f"P1 {name}: reaches databases that it has no business with"
        if any(_is_everywhere(target) for _, target in ways) and not (command and command.outside):
            yield f"P1 {name}: reaches the whole world"
        if isinstance(command, Service) and not all(way.get("from") for way in policy.get("ingress", [{}])):
            yield f"P1 {name}: is reached by everybody"


def colours_differ_in_nothing_else(subject: Subject) -> Iterator[str]:
    """P9: clients are brought to the other version, and back, by a change of selectors and of nothing else."""
    neutral = {}
    for colour, doors in subject.rendered.doors.items():
        for door in doors:
            if door["spec"]["selector"].get("colour") != colour:
                yield f"P9 {door['metadata']['name']}: isn't switched to {colour}"
        neutral[colour] = copy.deepcopy(doors)
        for door in neutral[colour]:
            door["spec"]["selector"].pop("colour", None)
    if neutral["blue"] != neutral["green"]:
        yield "P9 blue and green differ in more than where they lead"
    public = {service.name for service in subject.definition.services.values() if service.public}
    if {door["metadata"]["name"] for door in neutral["blue"]} != public:
        yield "P2 not every service that clients reach has a door"
    deployed = {name for name, _ in subject.manifests("Deployment")}
    for name in sorted(f"{service}-{colour}" for service in public for colour in neutral):
        if name not in deployed:
            yield f"P9 {name}: isn't there, so there is no other version"


def paths_lead_to_their_services(subject: Subject) -> Iterator[str]:
    """P2: each path that the definition names leads to its service, and no other path leads anywhere."""
    wanted = {
        (path.removesuffix("*"), service.name)
        for service in subject.definition.services.values()
        for path in service.paths
    }
    for name, manifest in subject.manifests("Ingress"):
        for rule in manifest["spec"]["rules"]:
            found = {(path["path"], path["backend"]["service"]["name"]) for path in rule["http"]["paths"]}
            if found != wanted:
                yield f"P2 {name}: the paths of {rule['host']} don't lead where they are defined to"
        if {rule["host"] for rule in manifest["spec"]["rules"]} != set(subject.cell.hosts):
            yield f"P2 {name}: doesn't answer for the cell's hosts"


def migrations_run_apart(subject: Subject) -> Iterator[str]:
    """P10: a migration is started by itself, is never part of what is applied, and isn't tried again unseen."""
    for manifest in subject.rendered.shared:
        if "migrate_cells" in str(manifest):
            yield f"P10 {manifest['metadata']['name']}: migrates with a deploy"
    job = subject.rendered.tasks.get("migrate")
    if job is None:
        yield "P10 there is no migration to start"
    elif job["spec"].get("backoffLimit") != 0 or job["spec"]["template"]["spec"].get("restartPolicy") != "Never":
        yield "P10 a migration that failed is tried again"


def _is_everywhere(target: Mapping[str, Any]) -> bool:
    return not target or target.get("ipBlock", {}).get("cidr") == EVERYWHERE


POD_POLICIES: Final[tuple[Policy, ...]] = (
    pods_have_no_rights,
    containers_have_no_rights,
    secrets_come_from_the_vault,
    objects_are_where_they_are_declared,
    tokens_are_for_the_directory,
    services_answer_for_themselves,
    services_scale,
    everything_is_closed,
    nobody_is_reached_unasked,
    colours_differ_in_nothing_else,
    paths_lead_to_their_services,
    migrations_run_apart,
)
