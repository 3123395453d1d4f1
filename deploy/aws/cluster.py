"""A cell's PostgreSQL: a primary in two zones, replicas, TLS on every connection, 35 days to go back to."""

from __future__ import annotations

from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from constructs import Construct

from deploy.aws.network import STORES, Network
from deploy.definition import CellPlace

PORT: Final = 5432
KEPT_DAYS: Final = 35
ENGINE: Final = rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.of("17.6", "17"))

# As the local servers have them (fintech/stack/postgresql_configuration.py): only TLS, passwords hashed by SCRAM, no
# prepared transaction that could hold back the fact logs, and no values of clients in the log.
PARAMETERS: Final = {
    "rds.force_ssl": "1",
    "ssl_min_protocol_version": "TLSv1.3",
    "password_encryption": "scram-sha-256",
    "max_prepared_transactions": "0",
    "hot_standby_feedback": "1",
    "log_connections": "1",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
}

# What every database of a cell has: primary, replicas, and what follows it in another region.
ALIKE: Final[dict[str, Any]] = {
    "storage_type": rds.StorageType.GP3,
    "deletion_protection": True,
    "removal_policy": cdk.RemovalPolicy.RETAIN,
    "publicly_accessible": False,
    "auto_minor_version_upgrade": True,
    "monitoring_interval": cdk.Duration.seconds(60),
    "enable_performance_insights": True,
    "cloudwatch_logs_exports": ["postgresql", "upgrade"],
    "ca_certificate": rds.CaCertificate.RDS_CA_RSA2048_G1,
}


class Cluster(Construct):
    """The primary and its replicas, of which the second is for reports where there are two."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        cell: CellPlace,
        network: Network,
        key: kms.IKey,
        secrets_key: kms.IKey,
        secret_name: str,
        identifier: str,
        backup_key: kms.IKey,
    ) -> None:
        super().__init__(scope, name)
        self._key = key
        self._instance_type = ec2.InstanceType(cell.size.database_class)
        self._group = ec2.SecurityGroup(
            self, "Access", vpc=network.vpc, description="Databases of the cell", allow_all_outbound=False
        )
        self._group.add_ingress_rule(network.services, ec2.Port.tcp(PORT), "services of the cell")
        network.services.add_egress_rule(self._group, ec2.Port.tcp(PORT), "databases of the cell")
        self._network = network
        self._parameters = rds.ParameterGroup(self, "Parameters", engine=ENGINE, parameters=dict(PARAMETERS))
        self.superuser = superuser = rds.DatabaseSecret(
            self, "Superuser", username="postgres", secret_name=secret_name, encryption_key=secrets_key
        )
        superuser.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        self.primary = self._primary(cell, identifier, rds.Credentials.from_secret(superuser))
        self._copy_backups(cell, backup_key)
        # Under the primary's key, as every replica in its region is.
        self.replicas = [
            rds.DatabaseInstanceReadReplica(
                self,
                f"Replica{number}",
                source_database_instance=self.primary,
                **self._shared(),
            )
            for number in range(1, cell.size.database_replicas + 1)
        ]

    def _primary(self, cell: CellPlace, identifier: str, credentials: rds.Credentials) -> rds.DatabaseInstance:
        return rds.DatabaseInstance(
            self,
            "Primary",
            engine=ENGINE,
            # Known by name, so that a standby in another region can follow it, and be told apart from it.
            instance_identifier=identifier,
            credentials=credentials,
            allocated_storage=cell.size.database_storage,
            storage_encrypted=True,
            storage_encryption_key=self._key,
            multi_az=True,
            backup_retention=cdk.Duration.days(KEPT_DAYS),
            copy_tags_to_snapshot=True,
            **self._shared(),
        )

    def _shared(self) -> dict[str, Any]:
        return {
            **ALIKE,
            "instance_type": self._instance_type,
            "vpc": self._network.vpc,
            "vpc_subnets": ec2.SubnetSelection(subnet_group_name=STORES),
            "security_groups": [self._group],
            "parameter_group": self._parameters,
            "performance_insight_encryption_key": self._key,
        }

    def _copy_backups(self, cell: CellPlace, key: kms.IKey) -> None:
        """Keep them in the backup region as well; where the law knows one region only, another account does that."""
        if cell.backup_region == cell.region:
            return
        instance = self.primary.node.default_child
        assert isinstance(instance, rds.CfnDBInstance)
        instance.automatic_backup_replication_region = cell.backup_region
        instance.automatic_backup_replication_kms_key_id = key.key_arn
        instance.automatic_backup_replication_retention_period = KEPT_DAYS
