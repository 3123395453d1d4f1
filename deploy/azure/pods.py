"""The pod of a command: not root, without rights, on a read-only root, with the secrets that it declares."""

from __future__ import annotations

from typing import Any, Final

from deploy.azure.names import CACHE_PORT, Names
from deploy.definition import Command, Service
from deploy.definition.environments import ServiceSize
from deploy.definition.services import LIVE_PATH, READY_PATH

Manifest = dict[str, Any]

USER: Final = 10001
SECRETS: Final = "/run/secrets/vault"
TEMPORARY: Final = "/tmp"  # noqa: S108  (a volume of its own)
PUBLIC_AUTHORITIES: Final = "/etc/ssl/certs/ca-certificates.crt"
# A token by which Azure's directory knows the pod's account; it is for nobody else.
IDENTITY: Final = "/run/secrets/identity"
ISSUED_FOR: Final = "api://AzureADTokenExchange"
READ_ONLY: Final = ("secrets", "identity")
# After it has been told to end, so long are requests still brought to a pod.
STILL_BROUGHT_SECONDS: Final = 5
TASK_SIZE: Final = ServiceSize(processor=1000, memory=1024)


def pod(names: Names, command: Command, image: str, labels: dict[str, str]) -> Manifest:
    """The template of a command's pods."""
    service = command if isinstance(command, Service) else None
    pool = "web" if service and service.public else "worker"
    ends = (service.stop_seconds if service else 30) + STILL_BROUGHT_SECONDS
    spread = {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels},
    }
    return {
        "metadata": {"labels": labels},
        "spec": {
            "serviceAccountName": command.name,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "nodeSelector": {"fintech/pool": pool},
            "topologySpreadConstraints": [spread],
            "terminationGracePeriodSeconds": ends,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "fsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [_container(names, command, service, image)],
            "volumes": _volumes(command),
        },
    }


def _container(names: Names, command: Command, service: Service | None, image: str) -> Manifest:
    words = command.words(
        address="0.0.0.0",  # noqa: S104  (reached as the network policies let it)
        port=str(service.port if service else ""),
        cell=names.cell.name,
    )
    size = names.cell.size.services.get(command.name, TASK_SIZE)
    mounts = {"temporary": TEMPORARY, "secrets": SECRETS}
    mounts |= {"identity": IDENTITY} if command.objects else {}
    container = {
        "name": command.name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": words,
        "env": [{"name": name, "value": value} for name, value in _environment(names, command).items()],
        "resources": {
            "requests": {"cpu": f"{size.processor}m", "memory": f"{size.memory}Mi"},
            "limits": {"memory": f"{size.memory}Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": name, "mountPath": path, **({"readOnly": True} if name in READ_ONLY else {})}
            for name, path in mounts.items()
        ],
    }
    return container | (_probed(service) if service else {})


def _probed(service: Service) -> Manifest:
    def asks(path: str, **times: int) -> Manifest:
        return {"httpGet": {"path": path, "port": "doors"}, "timeoutSeconds": 5, **times}

    probes: Manifest = {
        "ports": [{"name": "doors", "containerPort": service.port, "protocol": "TCP"}],
        "startupProbe": asks(LIVE_PATH, periodSeconds=3, failureThreshold=40),
        "livenessProbe": asks(LIVE_PATH, periodSeconds=15, failureThreshold=3),
        "readinessProbe": asks(READY_PATH, periodSeconds=5, failureThreshold=2),
    }
    if service.public:
        # Endpoints are told of its end at the same moment as it is; until they know, it goes on serving.
        probes["lifecycle"] = {"preStop": {"sleep": {"seconds": STILL_BROUGHT_SECONDS}}}
    return probes


def _environment(names: Names, command: Command) -> dict[str, str]:
    told = {
        "DJANGO_SETTINGS_MODULE": "fintech.project.settings.production",
        "FINTECH_SERVICE": command.name,
        "FINTECH_CELLS": names.cell.name,
        # By the law's own name for the place, which the product compares with its jurisdiction's file.
        "FINTECH_REGION": names.cell.jurisdiction.region,
        "FINTECH_NEEDED_DATABASES": " ".join(command.databases),
        "FINTECH_PRIMARY_HOST": names.primary,
        "FINTECH_REPLICA_HOST": names.replica,
        "FINTECH_CERTIFICATE_AUTHORITY": PUBLIC_AUTHORITIES,
        "FINTECH_VALKEY_HOST": names.cache_host,
        "FINTECH_VALKEY_PORT": str(CACHE_PORT),
        "FINTECH_SECRETS_PROVIDER": "fintech.secrets.mounted.MountedSecrets",
        "FINTECH_SECRETS_PATH": SECRETS,
        "FINTECH_SECRETS_PREFIX": names.prefix,
        "FINTECH_HOSTS": ",".join(names.cell.hosts),
        "FINTECH_SMTP_HOST": names.place.smtp_host,
        **{f"FINTECH_{kind.upper()}": f"azblob://{names.objects}/{kind}" for kind in command.objects},
    }
    if command.objects:
        told |= {
            "AZURE_CLIENT_ID": names.place.identities[command.name],
            "AZURE_TENANT_ID": names.place.tenant,
            "AZURE_FEDERATED_TOKEN_FILE": f"{IDENTITY}/token",
        }
    if isinstance(command, Service) and not command.public:
        told |= {"FINTECH_DOORS_PORT": str(command.port), "FINTECH_DOORS_ADDRESS": "0.0.0.0"}  # noqa: S104
    return told


def _volumes(command: Command) -> list[Manifest]:
    return [
        {"name": "temporary", "emptyDir": {"sizeLimit": "256Mi"}},
        {
            "name": "secrets",
            "csi": {
                "driver": "secrets-store.csi.k8s.io",
                "readOnly": True,
                "volumeAttributes": {"secretProviderClass": command.name},
            },
        },
        *([{"name": "identity", "projected": {"sources": [_token()]}}] if command.objects else []),
    ]


def _token() -> Manifest:
    return {"serviceAccountToken": {"audience": ISSUED_FOR, "expirationSeconds": 3600, "path": "token"}}
