"""Task definitions: one for each service and task, with a role of its own and a log under the cell's key."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from deploy.aws.containers import Stands, product, volumes, watcher
from deploy.aws.roles import running_role, starting_role
from deploy.aws.standby import Standby
from deploy.aws.stores import Stores
from deploy.definition import Command, Service

LOGS_KEPT: Final = logs.RetentionDays.ONE_YEAR


class TaskDefinitions(Construct):
    """Makes them; all are started by one role and log to one group."""

    def __init__(self, scope: Construct, name: str, *, stands: Stands, stores: Stores | Standby) -> None:
        super().__init__(scope, name)
        self._stands, self._stores = stands, stores
        self._log = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/fintech/{stands.prefix}",
            retention=LOGS_KEPT,
            encryption_key=stores.logs_key,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self.starting = starting_role(
            self, "Starting", prefix=stands.prefix, repository=stores.images.repository, log=self._log
        )
        self.running: dict[str, iam.Role] = {}

    def of(self, command: Command) -> ecs.CfnTaskDefinition:
        """The definition of one service or task. A task is as large as a worker, for it does what workers do."""
        stands = self._stands
        name = command.name.capitalize()
        size = stands.cell.size.services[command.name if isinstance(command, Service) else "worker"]
        self.running[command.name] = running_role(
            self,
            f"{name}Role",
            command,
            stands=stands,
            secrets_key=self._stores.secrets_key,
            objects=self._stores.objects,
        )
        containers = [product(command, stands, self._logged(command.name))]
        if isinstance(command, Service):
            containers.append(watcher(command, stands, self._logged(f"{command.name}-watcher")))
        return ecs.CfnTaskDefinition(
            self,
            name,
            family=f"{stands.prefix.replace('/', '-')}-{command.name}",
            cpu=str(size.processor),
            memory=str(size.memory),
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            runtime_platform=ecs.CfnTaskDefinition.RuntimePlatformProperty(
                cpu_architecture="X86_64", operating_system_family="LINUX"
            ),
            execution_role_arn=self.starting.role_arn,
            task_role_arn=self.running[command.name].role_arn,
            container_definitions=containers,
            volumes=volumes(),
        )

    def _logged(self, stream: str) -> ecs.CfnTaskDefinition.LogConfigurationProperty:
        return ecs.CfnTaskDefinition.LogConfigurationProperty(
            log_driver="awslogs",
            options={
                "awslogs-group": self._log.log_group_name,
                "awslogs-region": cdk.Stack.of(self).region,
                "awslogs-stream-prefix": stream,
                # A log that doesn't get through holds up nobody.
                "mode": "non-blocking",
                "max-buffer-size": "25m",
            },
        )
