"""The containers of a task: the product's own, which writes to no disk, and the one that watches it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_ecs as ecs

from deploy.aws.measures import NAMESPACE, measures
from deploy.definition import Alert, CellPlace, Command, Definition, Environment, Service
from deploy.definition.services import LIVE_PATH, METRICS_PATH
from deploy.definition.services import Objects as Kind

# The image's own user.
USER: Final = "10001"
# RDS's authorities; the image brings them.
CERTIFICATE_AUTHORITY: Final = "/srv/certificates/rds.pem"
SCRATCH: Final = "scratch"
MEASURED_EVERY_SECONDS: Final = 15
_ASK: Final = (
    "import urllib.request as r, sys; sys.exit(r.urlopen('http://127.0.0.1:{port}{path}', timeout=4).status != 200)"
)


@dataclass(frozen=True, kw_only=True)
class Stands:
    """What a container is told of the place that it stands in: addresses, as CloudFormation knows them."""

    environment: Environment
    cell: CellPlace
    definition: Definition
    alerts: Mapping[str, Alert]
    image: str
    region: str
    primary: str
    replica: str
    valkey: str
    objects: Mapping[Kind, str]

    @property
    def prefix(self) -> str:
        """Where the cell's secrets stand."""
        return f"{self.environment.name}/{self.cell.name}"


def product(command: Command, stands: Stands, log: ecs.CfnTaskDefinition.LogConfigurationProperty) -> object:
    """The container that runs the command: not root, without capabilities, its file system read-only."""
    port = command.port if isinstance(command, Service) else None
    places = {SCRATCH: "/tmp"}  # noqa: S108 - a volume of its own
    words = command.words(address="0.0.0.0", port=str(port), cell=stands.cell.name)  # noqa: S104 - reached by its group only
    return ecs.CfnTaskDefinition.ContainerDefinitionProperty(
        name=command.name,
        image=stands.image,
        # The image's own entry point is for people; the definition says the whole command.
        entry_point=words[:1],
        command=words[1:],
        environment=_pairs(_environment(command, stands)),
        user=USER,
        readonly_root_filesystem=True,
        privileged=False,
        essential=True,
        linux_parameters=_no_capabilities(),
        mount_points=[_mounted(volume, path) for volume, path in places.items()],
        port_mappings=[ecs.CfnTaskDefinition.PortMappingProperty(container_port=port, protocol="tcp")]
        if port
        else None,
        health_check=_alive(port) if port else None,
        stop_timeout=command.stop_seconds if isinstance(command, Service) else None,
        log_configuration=log,
    )


def watcher(service: Service, stands: Stands, log: ecs.CfnTaskDefinition.LogConfigurationProperty) -> object:
    """The container beside it that reads its metrics and writes what CloudWatch is to know; it may fail alone."""
    told = {
        "FINTECH_MEASURES": json.dumps(measures(stands.alerts, stands.definition), separators=(",", ":")),
        "FINTECH_MEASURES_NAMESPACE": NAMESPACE,
        "FINTECH_MEASURES_LABELS": json.dumps({"environment": stands.environment.name, "cell": stands.cell.name}),
        "FINTECH_REGION": stands.region,
    }
    return ecs.CfnTaskDefinition.ContainerDefinitionProperty(
        name="watcher",
        image=stands.image,
        entry_point=["python"],
        command=[
            "-m",
            "fintech.observability.cloudwatch",
            f"http://127.0.0.1:{service.port}{METRICS_PATH}",
            str(MEASURED_EVERY_SECONDS),
        ],
        environment=_pairs(told),
        user=USER,
        readonly_root_filesystem=True,
        privileged=False,
        essential=False,
        linux_parameters=_no_capabilities(),
        restart_policy=ecs.CfnTaskDefinition.RestartPolicyProperty(enabled=True, restart_attempt_period=60),
        log_configuration=log,
    )


def volumes() -> list[object]:
    """A place for what is forgotten; what is kept is kept elsewhere."""
    return [ecs.CfnTaskDefinition.VolumeProperty(name=SCRATCH)]


def _mounted(volume: str, path: str) -> object:
    return ecs.CfnTaskDefinition.MountPointProperty(source_volume=volume, container_path=path, read_only=False)


def _environment(command: Command, stands: Stands) -> dict[str, str]:
    aws = stands.cell.aws
    assert aws is not None
    told = {
        "DJANGO_SETTINGS_MODULE": "fintech.project.settings.production",
        "FINTECH_SERVICE": command.name,
        "FINTECH_CELLS": stands.cell.name,
        "FINTECH_REGION": stands.region,
        "FINTECH_NEEDED_DATABASES": " ".join(command.databases),
        "FINTECH_PRIMARY_HOST": stands.primary,
        "FINTECH_REPLICA_HOST": stands.replica,
        "FINTECH_CERTIFICATE_AUTHORITY": CERTIFICATE_AUTHORITY,
        "FINTECH_VALKEY_HOST": stands.valkey,
        "FINTECH_SECRETS_PREFIX": stands.prefix,
        "FINTECH_SECRETS_PROVIDER": "fintech.secrets.aws.SecretsManagerSecrets",
        "FINTECH_HOSTS": ",".join(stands.cell.hosts),
        "FINTECH_SMTP_HOST": aws.smtp_host,
        **{f"FINTECH_{kind.upper()}": f"s3://{stands.objects[kind]}" for kind in command.objects},
    }
    if isinstance(command, Service) and not command.public:
        told |= {"FINTECH_DOORS_PORT": str(command.port)}
    return told


def _alive(port: int) -> ecs.CfnTaskDefinition.HealthCheckProperty:
    return ecs.CfnTaskDefinition.HealthCheckProperty(
        command=["CMD", "python", "-c", _ASK.format(port=port, path=LIVE_PATH)],
        interval=15,
        timeout=5,
        retries=3,
        start_period=60,
    )


def _no_capabilities() -> ecs.CfnTaskDefinition.LinuxParametersProperty:
    return ecs.CfnTaskDefinition.LinuxParametersProperty(
        capabilities=ecs.CfnTaskDefinition.KernelCapabilitiesProperty(drop=["ALL"]), init_process_enabled=True
    )


def _pairs(values: Mapping[str, str]) -> list[object]:
    return [ecs.CfnTaskDefinition.KeyValuePairProperty(name=name, value=value) for name, value in values.items()]
