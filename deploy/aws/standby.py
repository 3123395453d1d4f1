"""A cell's standby in its backup region: the stores follow, the services are defined and none runs (P32, P33).

It looks to the stack of services as the cell's own stores do, so that the same services stand here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from deploy.aws.backups import Backups
from deploy.aws.cache import Cache
from deploy.aws.cluster import ALIKE, ENGINE, KEPT_DAYS, PARAMETERS
from deploy.aws.cluster import PORT as DATABASE_PORT
from deploy.aws.images import Images
from deploy.aws.network import STORES, Network
from deploy.aws.paging import Paging, lead_to_pagerduty
from deploy.aws.told import Told
from deploy.definition import CellPlace


class Standby(cdk.Stack):
    """The stack of a standby's stores, in the same legal area as the cell (P30)."""

    def __init__(self, scope: Construct, name: str, *, told: Told, backups: Backups) -> None:
        cell, prefix = told.cell, told.prefix
        super().__init__(
            scope,
            name,
            env=cdk.Environment(account=cell.account, region=cell.backup_region),
            termination_protection=True,
        )
        place = replace(cell, region=cell.backup_region, zones=told.aws.standby_zones)
        self.prefix = prefix
        self.secrets_key: kms.IKey = backups.key
        self.logs_key = self._key("LogsKey", "logs")
        self.logs_key.grant_encrypt_decrypt(iam.ServicePrincipal(f"logs.{place.region}.amazonaws.com"))
        self.network = Network(self, "Network", cell=place, key=self.logs_key)
        self.cluster = Following(self, "Cluster", prefix=prefix, cell=cell, network=self.network, key=backups.key)
        password = secretsmanager.Secret.from_secret_name_v2(self, "ValkeyPassword", f"{prefix}/valkey/password")
        cache_key = self._key("CacheKey", "the cache")
        self.cache = Cache(self, "Cache", cell=place, network=self.network, key=cache_key, password=password)
        assert backups.objects is not None, f"{prefix} has no other region"
        self.objects = backups.objects
        images_key = self._key("ImagesKey", "images")
        self.images = Images(self, "Images", of=prefix.replace("/", "-"), key=images_key)
        self.paging = Paging(self, "Paging", prefix=prefix, key=self._key("PagingKey", "alarms on their way"))
        lead_to_pagerduty(self, prefix, self.paging.topics)

    def _key(self, name: str, of: str) -> kms.Key:
        return kms.Key(
            self,
            name,
            description=f"{self.prefix}, standby: {of}",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )


class Following(Construct):
    """A replica of the cell's primary in the other region; promoted it is a primary in two zones."""

    def __init__(
        self, scope: Construct, name: str, *, prefix: str, cell: CellPlace, network: Network, key: kms.IKey
    ) -> None:
        super().__init__(scope, name)
        access = ec2.SecurityGroup(
            self, "Access", vpc=network.vpc, description="Databases of the cell", allow_all_outbound=False
        )
        access.add_ingress_rule(network.services, ec2.Port.tcp(DATABASE_PORT), "services of the cell")
        network.services.add_egress_rule(access, ec2.Port.tcp(DATABASE_PORT), "databases of the cell")
        identifier = prefix.replace("/", "-")
        source = f"arn:aws:rds:{cell.region}:{cell.account}:db:{identifier}"
        self.primary = rds.DatabaseInstanceReadReplica(
            self,
            "Standby",
            source_database_instance=rds.DatabaseInstance.from_database_instance_attributes(
                self,
                "Source",
                instance_identifier=source,
                instance_endpoint_address="",
                port=DATABASE_PORT,
                security_groups=[],
                engine=ENGINE,
            ),
            instance_identifier=f"{identifier}-standby",
            **self._settings(cell, network, access, key),
        )
        self.replicas: list[rds.DatabaseInstanceReadReplica] = []
        replica = self.primary.node.default_child
        assert isinstance(replica, rds.CfnDBInstance)
        replica.source_db_instance_identifier = source
        replica.source_region = cell.region
        # What follows an encrypted primary is encrypted; it is told the key alone.
        replica.storage_encrypted = None
        # From its promotion on it is a primary, and its backups begin the day before.
        replica.backup_retention_period = KEPT_DAYS

    def _settings(self, cell: CellPlace, network: Network, access: ec2.ISecurityGroup, key: kms.IKey) -> dict[str, Any]:
        return {
            "instance_type": ec2.InstanceType(cell.size.database_class),
            "storage_encryption_key": key,
            "vpc": network.vpc,
            "vpc_subnets": ec2.SubnetSelection(subnet_group_name=STORES),
            "security_groups": [access],
            "parameter_group": rds.ParameterGroup(self, "Parameters", engine=ENGINE, parameters=dict(PARAMETERS)),
            "performance_insight_encryption_key": key,
            **ALIKE,
            "multi_az": True,
            "copy_tags_to_snapshot": True,
        }
