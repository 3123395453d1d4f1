"""The roles of a task: one that starts it, and one by which it does what its definition says, and no more."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from deploy.aws.containers import Stands
from deploy.aws.measures import NAMESPACE
from deploy.aws.objects import Objects
from deploy.aws.reaching_objects import objects_for
from deploy.definition import Command

TASKS: Final = "ecs-tasks.amazonaws.com"


def running_role(
    scope: Construct, name: str, command: Command, *, stands: Stands, secrets_key: kms.IKey, objects: Objects
) -> iam.Role:
    """Reads the secrets that the command declares, of this cell alone, tells its metrics and reaches its objects."""
    prefix = stands.prefix
    role = iam.Role(scope, name, assumed_by=_tasks(scope), description=f"{prefix}: what {command.name} may do")
    _may_read(role, command, prefix, secrets_key)
    # Metrics have no ARN; the namespace is what can be said.
    of_ours = {"StringEquals": {"cloudwatch:namespace": NAMESPACE}}
    tells = iam.PolicyStatement(actions=["cloudwatch:PutMetricData"], resources=["*"], conditions=of_ours)
    role.add_to_policy(tells)
    for statement in objects_for(command, stands.cell.name, objects, stands.region):
        role.add_to_policy(statement)
    return role


def starting_role(
    scope: Construct, name: str, *, prefix: str, repository: ecr.IRepository, log: logs.ILogGroup
) -> iam.Role:
    """Pulls the cell's images and writes to its log; knows no secret."""
    role = iam.Role(scope, name, assumed_by=_tasks(scope), description=f"{prefix}: how its tasks are started")
    repository.grant_pull(role)
    log.grant_write(role)
    return role


def _tasks(scope: Construct) -> iam.IPrincipal:
    """ECS, for tasks of this account alone."""
    return iam.ServicePrincipal(TASKS, conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(scope).account}})


def _may_read(role: iam.Role, command: Command, prefix: str, key: kms.IKey) -> None:
    stack = cdk.Stack.of(role)
    start = f"arn:aws:secretsmanager:{stack.region}:{stack.account}:secret:{prefix}"
    # Secrets Manager ends a secret's name by six characters of its own.
    secrets = [f"{start}/{secret}-??????" for secret in command.secrets]
    role.add_to_policy(iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=secrets))
    by_it = {"StringEquals": {"kms:ViaService": f"secretsmanager.{stack.region}.amazonaws.com"}}
    role.add_to_policy(iam.PolicyStatement(actions=["kms:Decrypt"], resources=[key.key_arn], conditions=by_it))
