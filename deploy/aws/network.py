"""A cell's network: only the load balancer faces the world, services reach out, stores neither."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from deploy.definition import CellPlace

SERVICES: Final = "services"
STORES: Final = "stores"
DOOR: Final = "door"

# What services ask of AWS goes through these, and never over the internet.
ENDPOINTS: Final = {
    "Secrets": ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
    "Keys": ec2.InterfaceVpcEndpointAwsService.KMS,
    "Logs": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
    "Images": ec2.InterfaceVpcEndpointAwsService.ECR,
    "Layers": ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
    "Measures": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_MONITORING,
}


class Network(Construct):
    """The network of one cell; nothing connects it with another's."""

    def __init__(self, scope: Construct, name: str, *, cell: CellPlace, key: kms.IKey) -> None:
        super().__init__(scope, name)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            availability_zones=list(cell.zones),
            nat_gateways=len(cell.zones),
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name=DOOR, subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24, map_public_ip_on_launch=False
                ),
                ec2.SubnetConfiguration(name=SERVICES, subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=20),
                ec2.SubnetConfiguration(name=STORES, subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24),
            ],
        )
        self.vpc.add_flow_log(
            "Flows",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(
                logs.LogGroup(self, "FlowLog", retention=logs.RetentionDays.ONE_YEAR, encryption_key=key)
            ),
        )
        self.services = self._group("Services", "Services of the cell")
        self._reach_objects()
        endpoints = self._group("Endpoints", "Doors to what services ask of AWS")
        endpoints.add_ingress_rule(self.services, ec2.Port.tcp(443), "services of the cell")
        self.services.add_egress_rule(endpoints, ec2.Port.tcp(443), "what services ask of AWS")
        for part, service in ENDPOINTS.items():
            self.vpc.add_interface_endpoint(
                part,
                service=service,
                subnets=ec2.SubnetSelection(subnet_group_name=SERVICES),
                security_groups=[endpoints],
                open=False,
            )

    @property
    def leaving_addresses(self) -> list[str]:
        """The addresses by which whoever may leave the network is seen outside, one for each zone."""
        found = []
        for subnet in self.vpc.public_subnets:
            address = subnet.node.find_child("EIP")
            assert isinstance(address, ec2.CfnEIP)
            found.append(address.ref)
        return found

    def _reach_objects(self) -> None:
        """S3 has addresses of its own, which AWS keeps a list of; through them go the cell's objects and images, and
        nobody takes anything to a bucket of another account.
        """
        stack = cdk.Stack.of(self)
        door = self.vpc.add_gateway_endpoint("Objects", service=ec2.GatewayVpcEndpointAwsService.S3)
        ours = {"StringEquals": {"aws:ResourceAccount": stack.account}}
        door.add_to_policy(
            iam.PolicyStatement(principals=[iam.AnyPrincipal()], actions=["s3:*"], resources=["*"], conditions=ours)
        )
        # Where ECR keeps the layers of images.
        layers = f"arn:aws:s3:::prod-{stack.region}-starport-layer-bucket/*"
        door.add_to_policy(
            iam.PolicyStatement(principals=[iam.AnyPrincipal()], actions=["s3:GetObject"], resources=[layers])
        )
        addresses = cdk.CfnParameter(
            stack,
            "ObjectsPrefixList",
            description="Id of the list that AWS keeps of S3's addresses in this region",
            allowed_pattern="pl-[0-9a-f]{8,17}",
        )
        self.services.add_egress_rule(
            ec2.Peer.prefix_list(addresses.value_as_string), ec2.Port.tcp(443), "objects and layers of images"
        )

    def _group(self, name: str, what: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(self, name, vpc=self.vpc, description=what, allow_all_outbound=False)
