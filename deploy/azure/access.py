"""Who reaches what in a cell's cluster: nothing, but for what is named here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from deploy.azure.front import PRIVATE_LINK
from deploy.azure.names import CACHE_PORT, Names
from deploy.azure.network import DATABASES, ENDPOINTS
from deploy.azure.pods import Manifest
from deploy.azure.workloads import manifest
from deploy.definition import Command, Definition, Service

INGRESS_NAMESPACE: Final = "app-routing-system"
METRICS_NAMESPACE: Final = "kube-system"
INGRESS_CLASS: Final = "internal"
# Where Azure's directory gives tokens (login.microsoftonline.com), as Microsoft publishes it.
DIRECTORY: Final = ("20.20.32.0/19", "20.190.128.0/18", "20.231.128.0/19", "40.126.0.0/18")
INSIDE: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")


def namespace(names: Names) -> Manifest:
    """The cell's namespace, where no pod may have more rights than the strictest of Kubernetes' standards gives."""
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": names.stack, "labels": levels}}


def accounts(names: Names, definition: Definition) -> Iterator[Manifest]:
    """For each command an account with its own identity, and the secrets that it declares."""
    for command in _commands(definition):
        identity = names.place.identities[command.name]
        annotations = {"azure.workload.identity/client-id": identity}
        yield manifest(
            "v1",
            "ServiceAccount",
            command.name,
            names,
            metadata={"annotations": annotations},
            automountServiceAccountToken=False,
        )
        listed = "".join(_object(names.secret(secret)) for secret in command.secrets)
        parameters = {
            "clientID": identity,
            "keyvaultName": names.vault,
            "tenantId": names.place.tenant,
            "objects": f"array:\n{listed}",
        }
        spec = {"provider": "azure", "parameters": parameters}
        yield manifest("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass", command.name, names, spec=spec)
    identity_of = {"podIdentity": {"provider": "azure-workload"}}
    yield manifest("keda.sh/v1alpha1", "TriggerAuthentication", "metrics", names, spec=identity_of)


def policies(names: Names, definition: Definition) -> Iterator[Manifest]:
    """Nobody is reached and nobody reaches out, unless a policy says so."""
    yield _policy(names, "nothing", {}, policyTypes=["Ingress", "Egress"])
    dns = {"namespaceSelector": _named("kube-system"), "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
    yield _policy(names, "names", {}, egress=[{"to": [dns], "ports": [_port(53, "UDP"), _port(53)]}])
    for command in _commands(definition):
        yield from _of_command(names, command)


def _of_command(names: Names, command: Command) -> Iterator[Manifest]:
    reaches = [{"to": [_network(ENDPOINTS)], "ports": [_port(CACHE_PORT)]}]
    if command.databases:
        reaches.append({"to": [_network(DATABASES)], "ports": [_port(5432)]})
    if command.objects:
        # By their private address, with a token that the directory gives for the account's own.
        directory = [_network(cidr) for cidr in DIRECTORY]
        reaches.append({"to": [_network(ENDPOINTS), *directory], "ports": [_port(443)]})
    if command.outside:
        everybody = {"ipBlock": {"cidr": "0.0.0.0/0", "except": list(INSIDE)}}
        reaches.append({"to": [everybody], "ports": [_port(443), _port(587)]})
    more: dict[str, Any] = {"egress": reaches}
    if isinstance(command, Service):
        askers = [METRICS_NAMESPACE, *([INGRESS_NAMESPACE] if command.public else [])]
        reached = [{"namespaceSelector": _named(asker)} for asker in askers]
        more["ingress"] = [{"from": reached, "ports": [_port(command.port)]}]
    yield _policy(names, command.name, {"matchLabels": {"app": command.name}}, **more)


def ingress(names: Names, definition: Definition) -> Iterator[Manifest]:
    """The one way in: an ingress without a public address, which Front Door reaches by a private link."""
    annotations = {
        "service.beta.kubernetes.io/azure-load-balancer-internal": "true",
        "service.beta.kubernetes.io/azure-pls-create": "true",
        "service.beta.kubernetes.io/azure-pls-name": PRIVATE_LINK,
        "service.beta.kubernetes.io/azure-pls-resource-group": names.stack,
    }
    controller = {
        "ingressClassName": INGRESS_CLASS,
        "controllerNamePrefix": "nginx",
        "loadBalancerAnnotations": annotations,
    }
    yield {
        "apiVersion": "approuting.kubernetes.azure.com/v1alpha1",
        "kind": "NginxIngressController",
        "metadata": {"name": INGRESS_CLASS},
        "spec": controller,
    }
    paths = [
        {
            "path": path.removesuffix("*"),
            "pathType": "Prefix",
            "backend": {"service": {"name": service.name, "port": {"name": "doors"}}},
        }
        for service in definition.services.values()
        for path in service.paths
    ]
    certificate = f"https://{names.vault}.vault.azure.net/certificates/front"
    yield manifest(
        "networking.k8s.io/v1",
        "Ingress",
        "front",
        names,
        metadata={"annotations": {"kubernetes.azure.com/tls-cert-keyvault-uri": certificate}},
        spec={
            "ingressClassName": INGRESS_CLASS,
            "tls": [{"hosts": list(names.cell.hosts), "secretName": "keyvault-front"}],
            "rules": [{"host": host, "http": {"paths": paths}} for host in names.cell.hosts],
        },
    )


def _commands(definition: Definition) -> list[Command]:
    return [*definition.services.values(), *definition.tasks.values()]


def _object(name: str) -> str:
    return f"  - |\n    objectName: {name}\n    objectType: secret\n"


def _policy(names: Names, name: str, pods: Manifest, **more: Any) -> Manifest:
    types = more.pop("policyTypes", None) or [kind.capitalize() for kind in ("ingress", "egress") if kind in more]
    spec = {"podSelector": pods, "policyTypes": types, **more}
    return manifest("networking.k8s.io/v1", "NetworkPolicy", name, names, spec=spec)


def _named(space: str) -> Manifest:
    return {"matchLabels": {"kubernetes.io/metadata.name": space}}


def _network(cidr: str) -> Manifest:
    return {"ipBlock": {"cidr": cidr}}


def _port(number: int, protocol: str = "TCP") -> Manifest:
    return {"port": number, "protocol": protocol}
