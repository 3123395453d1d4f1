"""What a cell keeps in its backup region: its backups and secrets under a key there, and a copy of its folders."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_efs as efs
from aws_cdk import aws_kms as kms
from constructs import Construct

from deploy.definition import CellPlace


class Backups(cdk.Stack):
    """The stack of a cell's backup region, which lies in the same legal area (P30)."""

    def __init__(self, scope: Construct, name: str, *, cell: CellPlace) -> None:
        super().__init__(
            scope,
            name,
            env=cdk.Environment(account=cell.account, region=cell.backup_region),
            cross_region_references=True,
            termination_protection=True,
        )
        self.key = kms.Key(
            self,
            "Key",
            description=f"Backups of the cell {cell.name}",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self.folders = efs.CfnFileSystem(
            self,
            "Folders",
            encrypted=True,
            kms_key_id=self.key.key_arn,
            throughput_mode="elastic",
            backup_policy=efs.CfnFileSystem.BackupPolicyProperty(status="ENABLED"),
            # A copy is written from the other region, and by nobody else.
            file_system_protection=efs.CfnFileSystem.FileSystemProtectionProperty(
                replication_overwrite_protection="DISABLED"
            ),
        )
        self.folders.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        cdk.CfnOutput(
            self, "FoldersId", value=self.folders.attr_file_system_id, export_name=name.replace("-backups", "-folders")
        )
