"""What ECS needs to switch from blue to green: a role for the load balancer's rules, a function that asks first."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_logs as logs
from constructs import Construct

from deploy.aws.door import Door
from deploy.aws.front import TEST_PORT
from deploy.aws.network import SERVICES, Network

ASKER: Final = Path(__file__).parent / "functions" / "new_version.py"
RUNTIME: Final = functions.Runtime.PYTHON_3_14


class Switching(Construct):
    """The function asks through the load balancer's test listener, which nobody else reaches."""

    def __init__(
        self, scope: Construct, name: str, *, prefix: str, network: Network, door: Door, log_key: kms.IKey
    ) -> None:
        super().__init__(scope, name)
        group = ec2.SecurityGroup(
            self, "Access", vpc=network.vpc, description="Asks new versions", allow_all_outbound=False
        )
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(TEST_PORT), "the load balancer's test listener")
        for number, address in enumerate(network.leaving_addresses):
            door.group.add_ingress_rule(
                ec2.Peer.ipv4(f"{address}/32"), ec2.Port.tcp(TEST_PORT), f"who asks new versions, by way out {number}"
            )
        self.asker = functions.Function(
            self,
            "Asker",
            description=f"{prefix}: asks a new version whether it is ready",
            runtime=RUNTIME,
            handler="index.handler",
            code=functions.Code.from_inline(ASKER.read_text(encoding="utf-8")),
            timeout=cdk.Duration.seconds(60),
            memory_size=128,
            reserved_concurrent_executions=3,
            vpc=network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name=SERVICES),
            security_groups=[group],
            log_group=logs.LogGroup(
                self,
                "Log",
                retention=logs.RetentionDays.ONE_YEAR,
                encryption_key=log_key,
                removal_policy=cdk.RemovalPolicy.RETAIN,
            ),
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("ecs.amazonaws.com"),
            description=f"{prefix}: how ECS switches between versions",
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name("AmazonECSInfrastructureRolePolicyForLoadBalancers")
            ],
        )
        self.role.add_to_policy(
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[self.asker.function_arn])
        )
