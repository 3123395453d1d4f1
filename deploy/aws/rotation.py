"""Rotates a cell's secrets on their schedules: those of PostgreSQL by AWS's own function, the others by ours (P19)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from deploy.aws.network import SERVICES, Network
from deploy.definition import Definition

ROTATES: Final = Path(__file__).parent / "functions" / "rotation.py"
DATABASE: Final = "database/"
TRANSFORM: Final = "AWS::SecretsManager-2024-09-16"
SUPERUSER_DAYS: Final = 30
_READS: Final = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")
_WRITES: Final = ("secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage")


class Rotation(Construct):
    """Schedules for every secret that is rotated, and the functions that do it."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        prefix: str,
        definition: Definition,
        network: Network,
        secrets: Mapping[str, secretsmanager.ISecret],
        superuser: secretsmanager.ISecret,
        nodes: elasticache.CfnReplicationGroup,
        log_key: kms.IKey,
        secrets_key: kms.IKey,
    ) -> None:
        super().__init__(scope, name)
        self._prefix, self._network = prefix, network
        # What makes AWS's own function of what a schedule asks for.
        cdk.Stack.of(self).add_transform(TRANSFORM)
        ours = self._function(definition, nodes.ref, log_key)
        self._may_do(ours, nodes.ref, secrets_key)
        for secret, stored in secrets.items():
            days = definition.secrets[secret].rotate_days or SUPERUSER_DAYS
            if secret.startswith(DATABASE):
                self._by_aws(secret.removeprefix(DATABASE), stored, days)
            else:
                self._by_us(secret, stored, days, ours)
        self._by_aws("postgres", superuser, SUPERUSER_DAYS)

    def _by_aws(self, role: str, secret: secretsmanager.ISecret, days: int) -> None:
        """By the function that AWS keeps for PostgreSQL: it signs in as the role and changes its password."""
        subnets = self._network.vpc.select_subnets(subnet_group_name=SERVICES).subnet_ids
        hosted = secretsmanager.CfnRotationSchedule.HostedRotationLambdaProperty(
            rotation_type="PostgreSQLSingleUser",
            rotation_lambda_name=f"{self._prefix.replace('/', '-')}-rotate-{role.replace('_', '-')}",
            vpc_security_group_ids=self._network.services.security_group_id,
            vpc_subnet_ids=cdk.Fn.join(",", subnets),
            exclude_characters="/@\"'\\",
        )
        self._schedule(role, secret, days, hosted_rotation_lambda=hosted)

    def _by_us(self, name: str, secret: secretsmanager.ISecret, days: int, function: functions.Function) -> None:
        of_one = iam.PolicyStatement(actions=[*_READS, *_WRITES], resources=[secret.secret_arn])
        function.add_to_role_policy(of_one)
        may = functions.CfnPermission(
            self,
            f"{_word(name)}MayCall",
            action="lambda:InvokeFunction",
            function_name=function.function_name,
            principal="secretsmanager.amazonaws.com",
            source_account=cdk.Stack.of(self).account,
            source_arn=secret.secret_arn,
        )
        schedule = self._schedule(name, secret, days, rotation_lambda_arn=function.function_arn)
        schedule.add_dependency(may)

    def _schedule(
        self, name: str, secret: secretsmanager.ISecret, days: int, **by: object
    ) -> secretsmanager.CfnRotationSchedule:
        return secretsmanager.CfnRotationSchedule(
            self,
            f"{_word(name)}Schedule",
            secret_id=secret.secret_arn,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(automatically_after_days=days),
            rotate_immediately_on_update=False,
            **by,
        )

    def _function(self, definition: Definition, nodes: str, log_key: kms.IKey) -> functions.Function:
        log = logs.LogGroup(
            self,
            "Log",
            retention=logs.RetentionDays.ONE_YEAR,
            encryption_key=log_key,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        return functions.Function(
            self,
            "Function",
            description=f"{self._prefix}: rotates what isn't PostgreSQL's",
            runtime=functions.Runtime.PYTHON_3_14,
            handler="index.handler",
            code=functions.Code.from_inline(ROTATES.read_text(encoding="utf-8")),
            timeout=cdk.Duration.seconds(60),
            memory_size=256,
            reserved_concurrent_executions=1,
            environment={
                "REPLICATION_GROUP": nodes,
                "CLUSTER": self._prefix.replace("/", "-"),
                "SERVICES": " ".join(definition.services),
            },
            environment_encryption=log_key,
            log_group=log,
        )

    def _may_do(self, function: functions.Function, nodes: str, secrets_key: kms.IKey) -> None:
        """Change Valkey's password, start services anew, and use the key of secrets; secrets come one by one."""
        here = f"{cdk.Stack.of(self).region}:{cdk.Stack.of(self).account}"
        group = f"arn:aws:elasticache:{here}:replicationgroup:{nodes}"
        services = f"arn:aws:ecs:{here}:service/{self._prefix.replace('/', '-')}/*"
        for actions, resource in (
            (["elasticache:ModifyReplicationGroup", "elasticache:DescribeReplicationGroups"], group),
            (["ecs:UpdateService"], services),
            (["kms:Decrypt", "kms:GenerateDataKey"], secrets_key.key_arn),
            (["secretsmanager:GetRandomPassword"], "*"),
        ):
            function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[resource]))


def _word(name: str) -> str:
    return "".join(part.capitalize() for part in name.replace("/", "-").replace("_", "-").split("-"))
