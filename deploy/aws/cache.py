"""A cell's Valkey: two nodes at least, in different zones, by TLS and password only.

Not in cluster mode: Celery's transport takes from several queues in one command, whose keys stand in different slots.
"""

from __future__ import annotations

from typing import Final

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from deploy.aws.network import STORES, Network
from deploy.definition import CellPlace

PORT: Final = 6379


class Cache(Construct):
    """One group of nodes: a primary and its replicas."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        cell: CellPlace,
        network: Network,
        key: kms.IKey,
        password: secretsmanager.ISecret,
    ) -> None:
        super().__init__(scope, name)
        access = ec2.SecurityGroup(
            self, "Access", vpc=network.vpc, description="Valkey of the cell", allow_all_outbound=False
        )
        access.add_ingress_rule(network.services, ec2.Port.tcp(PORT), "services of the cell")
        network.services.add_egress_rule(access, ec2.Port.tcp(PORT), "Valkey of the cell")
        stores = network.vpc.select_subnets(subnet_group_name=STORES)
        subnets = elasticache.CfnSubnetGroup(
            self, "Subnets", description="Stores of the cell", subnet_ids=stores.subnet_ids
        )
        self.nodes = elasticache.CfnReplicationGroup(
            self,
            "Nodes",
            replication_group_description=f"Valkey of the cell {cell.name}",
            engine="valkey",
            engine_version="8.0",
            cache_node_type=f"cache.{cell.size.cache_class}",
            num_node_groups=1,
            replicas_per_node_group=cell.size.cache_replicas,
            automatic_failover_enabled=True,
            multi_az_enabled=True,
            port=PORT,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            auth_token=password.secret_value.unsafe_unwrap(),
            at_rest_encryption_enabled=True,
            kms_key_id=key.key_arn,
            snapshot_retention_limit=7,
            auto_minor_version_upgrade=True,
            security_group_ids=[access.security_group_id],
            cache_subnet_group_name=subnets.ref,
        )
