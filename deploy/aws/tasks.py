"""What runs to its end: by a schedule, or by the pipeline's own role, which may start these tasks and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from deploy.aws.pipeline import by_token
from deploy.aws.task_definitions import TaskDefinitions
from deploy.aws.told import Told
from deploy.definition import Task
from deploy.definition.pipeline import role_name

# Early on the first Sunday of a quarter, by UTC.
QUARTERLY: Final = "cron(0 3 ? 1,4,7,10 SUN#1 *)"


class Tasks(Construct):
    """The tasks' definitions, the schedule of those that have one, and who may start the others."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        told: Told,
        cluster: ecs.CfnCluster,
        tasks: Mapping[str, Task],
        definitions: TaskDefinitions,
        groups: Sequence[ec2.ISecurityGroup],
        subnets: Sequence[str],
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, name)
        self._cluster, self._definitions, self._key = cluster, definitions, key
        self.not_started: dict[str, sqs.Queue] = {}
        self._network = scheduler.CfnSchedule.NetworkConfigurationProperty(
            awsvpc_configuration=scheduler.CfnSchedule.AwsVpcConfigurationProperty(
                subnets=list(subnets),
                security_groups=[group.security_group_id for group in groups],
                assign_public_ip="DISABLED",
            )
        )
        for task in tasks.values():
            definition = definitions.of(task)
            if task.schedule == "quarterly":
                self._schedule(task, definition, told.prefix)
            else:
                self._on_demand(task, definition, told)

    def _schedule(self, task: Task, definition: ecs.CfnTaskDefinition, prefix: str) -> None:
        self.not_started[task.name] = unstarted = sqs.Queue(
            self,
            f"{task.name.capitalize()}NotStarted",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=self._key,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
        )
        role = self._starter(task, definition, iam.ServicePrincipal("scheduler.amazonaws.com"), prefix)
        unstarted.grant_send_messages(role)
        scheduler.CfnSchedule(
            self,
            f"{task.name.capitalize()}Schedule",
            name=f"{prefix.replace('/', '-')}-{task.name}",
            description=task.what,
            schedule_expression=QUARTERLY,
            schedule_expression_timezone="UTC",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            kms_key_arn=self._key.key_arn,
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self._cluster.attr_arn,
                role_arn=role.role_arn,
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=unstarted.queue_arn),
                ecs_parameters=scheduler.CfnSchedule.EcsParametersProperty(
                    task_definition_arn=definition.ref, launch_type="FARGATE", network_configuration=self._network
                ),
            ),
        )

    def _on_demand(self, task: Task, definition: ecs.CfnTaskDefinition, told: Told) -> None:
        """Only the pipeline starts it, by its token."""
        who = by_token(self, told.pipeline)
        name = role_name(told.environment.name, told.cell.name, "migrate", cdk.Stack.of(self).region)
        role = self._starter(task, definition, who, told.prefix, name)
        for statement in self._with_another_image(f"{told.dashed}-{task.name}"):
            role.add_to_policy(statement)

    def _with_another_image(self, family: str) -> Iterator[iam.PolicyStatement]:
        """The new image migrates before any stack has it, as a version of the task (deploy/release/ecs.py)."""
        stack = cdk.Stack.of(self)
        versions = [stack.format_arn(service="ecs", resource="task-definition", resource_name=f"{family}:*")]
        of_cluster = {"ArnEquals": {"ecs:cluster": self._cluster.attr_arn}}
        of_region = {"StringEquals": {"aws:RequestedRegion": stack.region}}
        for actions, resources, conditions in (
            (["ecs:RegisterTaskDefinition"], versions, None),
            (["ecs:RunTask"], versions, of_cluster),
            (["ecs:DescribeServices", "ecs:DescribeTasks"], ["*"], of_cluster),
            (["ecs:DescribeTaskDefinition"], ["*"], of_region),
        ):
            yield iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions)

    def _starter(
        self,
        task: Task,
        definition: ecs.CfnTaskDefinition,
        who: iam.IPrincipal,
        prefix: str,
        name: str | None = None,
    ) -> iam.Role:
        role = iam.Role(
            self,
            f"{task.name.capitalize()}Starter",
            assumed_by=who,
            role_name=name,
            description=f"{prefix}: starts {task.name}",
        )
        here = {"ArnEquals": {"ecs:cluster": self._cluster.attr_arn}}
        role.add_to_policy(iam.PolicyStatement(actions=["ecs:RunTask"], resources=[definition.ref], conditions=here))
        handed = [self._definitions.starting.role_arn, self._definitions.running[task.name].role_arn]
        to_tasks = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
        role.add_to_policy(iam.PolicyStatement(actions=["iam:PassRole"], resources=handed, conditions=to_tasks))
        return role
