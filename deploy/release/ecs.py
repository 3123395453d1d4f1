"""A cell on ECS: the names are those of its stacks in deploy/aws.

ECS itself brings clients to a new version when it is ready, and keeps the old one for the way back.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any, Final

import boto3

from deploy.definition import CellPlace, Environment, read_services
from deploy.locked_environment import REPOSITORY
from deploy.locked_node import CDK
from deploy.release.errors import NotReleased

TEMPLATES: Final = REPOSITORY / ".local" / "aws"
# What a description of a task says that a new one may not.
DESCRIBED_ONLY: Final = (
    "taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy",
    "deregisteredAt",
)  # fmt: skip
# A service that touches every database, so stands where they are reached.
REACHES_EVERY_DATABASE: Final = "relay"


def migrate(environment: Environment, cell: CellPlace, image: str, *, client: Any = None) -> None:
    """Run the new image's migration to its end, before any service has that image. Raises NotReleased."""
    ecs = client or boto3.client("ecs", region_name=cell.region)
    cluster = f"{environment.name}-{cell.name}"
    beside = ecs.describe_services(cluster=cluster, services=[REACHES_EVERY_DATABASE])["services"][0]
    started = ecs.run_task(
        cluster=cluster,
        taskDefinition=_with_image(ecs, f"{cluster}-migrate", image),
        launchType="FARGATE",
        networkConfiguration=beside["networkConfiguration"],
    )
    if started["failures"] or not started["tasks"]:
        raise NotReleased(f"{cluster}: the migration wasn't started: {started['failures']}")
    _await_end(ecs, cluster, started["tasks"][0]["taskArn"])


def _with_image(ecs: Any, family: str, image: str) -> str:
    """A new version of a task's definition, which differs from the last in its image."""
    task = ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
    renewed = {key: value for key, value in task.items() if key not in DESCRIBED_ONLY}
    renewed["containerDefinitions"] = [{**each, "image": image} for each in task["containerDefinitions"]]
    return str(ecs.register_task_definition(**renewed)["taskDefinition"]["taskDefinitionArn"])


def _await_end(ecs: Any, cluster: str, task: str) -> None:
    ecs.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[task])
    ended = ecs.describe_tasks(cluster=cluster, tasks=[task])["tasks"][0]
    if any(container.get("exitCode") != 0 for container in ended["containers"]):
        raise NotReleased(f"{cluster}: the migration failed: {ended.get('stoppedReason')}; its log says more")


def deploy(environment: Environment, cell: CellPlace, image: str) -> None:
    """Bring the stacks to what the templates say, with the new image. Raises NotReleased."""
    stack = f"{environment.name}-{cell.name}"
    done = subprocess.run(
        [
            str(CDK), "deploy", f"{stack}-*", "--app", str(TEMPLATES), "--require-approval", "never", "--parameters",
            f"{stack}-services:Image={image}",
        ],
        cwd=REPOSITORY,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise NotReleased(f"{stack}: cdk deploy ended with {done.returncode}")


def roll_back(environment: Environment, cell: CellPlace, *, client: Any = None) -> None:
    """Bring clients back: end a deploy that is under way, else start the version before. Raises NotReleased."""
    ecs = client or boto3.client("ecs", region_name=cell.region)
    cluster = f"{environment.name}-{cell.name}"
    for service in read_services().services:
        under_way = ecs.list_service_deployments(
            cluster=cluster, service=service, status=["PENDING", "IN_PROGRESS"]
        )["serviceDeployments"]  # fmt: skip
        for deployment in under_way:
            ecs.stop_service_deployment(serviceDeploymentArn=deployment["serviceDeploymentArn"], stopType="ROLLBACK")
        if not under_way:
            _start_the_version_before(ecs, cluster, service)


def _start_the_version_before(ecs: Any, cluster: str, service: str) -> None:
    current = ecs.describe_services(cluster=cluster, services=[service])["services"][0]["taskDefinition"]
    earlier = [arn for arn in _versions(ecs, f"{cluster}-{service}") if _revision(arn) < _revision(current)]
    if not earlier:
        raise NotReleased(f"{cluster}: {service} has no version before {current}")
    ecs.update_service(cluster=cluster, service=service, taskDefinition=max(earlier, key=_revision))


def _versions(ecs: Any, family: str) -> Iterator[str]:
    pages = ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family, status="ACTIVE")
    for page in pages:
        yield from (arn for arn in page["taskDefinitionArns"] if f"task-definition/{family}:" in arn)


def _revision(arn: str) -> int:
    return int(arn.rpartition(":")[2])
